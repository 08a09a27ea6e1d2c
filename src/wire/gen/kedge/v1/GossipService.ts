// Original file: proto/kedge/v1/gossip.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ClientsRequestInput as _kedge_v1_ClientsRequestInput, ClientsRequestOutput as _kedge_v1_ClientsRequestOutput } from '../../kedge/v1/ClientsRequest.ts';
import type { ClientsResponseInput as _kedge_v1_ClientsResponseInput, ClientsResponseOutput as _kedge_v1_ClientsResponseOutput } from '../../kedge/v1/ClientsResponse.ts';
import type { FetchRequestInput as _kedge_v1_FetchRequestInput, FetchRequestOutput as _kedge_v1_FetchRequestOutput } from '../../kedge/v1/FetchRequest.ts';
import type { FetchResponseInput as _kedge_v1_FetchResponseInput, FetchResponseOutput as _kedge_v1_FetchResponseOutput } from '../../kedge/v1/FetchResponse.ts';
import type { LinkRequestInput as _kedge_v1_LinkRequestInput, LinkRequestOutput as _kedge_v1_LinkRequestOutput } from '../../kedge/v1/LinkRequest.ts';
import type { LinkResponseInput as _kedge_v1_LinkResponseInput, LinkResponseOutput as _kedge_v1_LinkResponseOutput } from '../../kedge/v1/LinkResponse.ts';

export interface GossipServiceClient extends grpc.Client {
  Clients(argument: _kedge_v1_ClientsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ClientsResponseOutput>): grpc.ClientUnaryCall;
  Clients(argument: _kedge_v1_ClientsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ClientsResponseOutput>): grpc.ClientUnaryCall;
  Clients(argument: _kedge_v1_ClientsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ClientsResponseOutput>): grpc.ClientUnaryCall;
  Clients(argument: _kedge_v1_ClientsRequestInput, callback: grpc.requestCallback<_kedge_v1_ClientsResponseOutput>): grpc.ClientUnaryCall;
  clients(argument: _kedge_v1_ClientsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ClientsResponseOutput>): grpc.ClientUnaryCall;
  clients(argument: _kedge_v1_ClientsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ClientsResponseOutput>): grpc.ClientUnaryCall;
  clients(argument: _kedge_v1_ClientsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ClientsResponseOutput>): grpc.ClientUnaryCall;
  clients(argument: _kedge_v1_ClientsRequestInput, callback: grpc.requestCallback<_kedge_v1_ClientsResponseOutput>): grpc.ClientUnaryCall;
  
  Fetch(argument: _kedge_v1_FetchRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_kedge_v1_FetchResponseOutput>;
  Fetch(argument: _kedge_v1_FetchRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_kedge_v1_FetchResponseOutput>;
  fetch(argument: _kedge_v1_FetchRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_kedge_v1_FetchResponseOutput>;
  fetch(argument: _kedge_v1_FetchRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_kedge_v1_FetchResponseOutput>;
  
  Link(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_LinkRequestInput, _kedge_v1_LinkResponseOutput>;
  Link(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_LinkRequestInput, _kedge_v1_LinkResponseOutput>;
  link(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_LinkRequestInput, _kedge_v1_LinkResponseOutput>;
  link(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_LinkRequestInput, _kedge_v1_LinkResponseOutput>;
  
}

export interface GossipServiceHandlers extends grpc.UntypedServiceImplementation {
  Clients: grpc.handleUnaryCall<_kedge_v1_ClientsRequestOutput, _kedge_v1_ClientsResponseInput>;
  
  Fetch: grpc.handleServerStreamingCall<_kedge_v1_FetchRequestOutput, _kedge_v1_FetchResponseInput>;
  
  Link: grpc.handleBidiStreamingCall<_kedge_v1_LinkRequestOutput, _kedge_v1_LinkResponseInput>;
  
}

export interface GossipServiceDefinition extends grpc.ServiceDefinition {
  Clients: MethodDefinition<_kedge_v1_ClientsRequestInput, _kedge_v1_ClientsResponseInput, _kedge_v1_ClientsRequestOutput, _kedge_v1_ClientsResponseOutput>
  Fetch: MethodDefinition<_kedge_v1_FetchRequestInput, _kedge_v1_FetchResponseInput, _kedge_v1_FetchRequestOutput, _kedge_v1_FetchResponseOutput>
  Link: MethodDefinition<_kedge_v1_LinkRequestInput, _kedge_v1_LinkResponseInput, _kedge_v1_LinkRequestOutput, _kedge_v1_LinkResponseOutput>
}
