// Original file: proto/kedge/v1/gossip.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { FetchRequestInput as _kedge_v1_FetchRequestInput, FetchRequestOutput as _kedge_v1_FetchRequestOutput } from '../../kedge/v1/FetchRequest.ts';
import type { FetchResponseInput as _kedge_v1_FetchResponseInput, FetchResponseOutput as _kedge_v1_FetchResponseOutput } from '../../kedge/v1/FetchResponse.ts';
import type { LinkRequestInput as _kedge_v1_LinkRequestInput, LinkRequestOutput as _kedge_v1_LinkRequestOutput } from '../../kedge/v1/LinkRequest.ts';
import type { LinkResponseInput as _kedge_v1_LinkResponseInput, LinkResponseOutput as _kedge_v1_LinkResponseOutput } from '../../kedge/v1/LinkResponse.ts';

export interface GossipServiceClient extends grpc.Client {
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
  Fetch: grpc.handleServerStreamingCall<_kedge_v1_FetchRequestOutput, _kedge_v1_FetchResponseInput>;
  
  Link: grpc.handleBidiStreamingCall<_kedge_v1_LinkRequestOutput, _kedge_v1_LinkResponseInput>;
  
}

export interface GossipServiceDefinition extends grpc.ServiceDefinition {
  Fetch: MethodDefinition<_kedge_v1_FetchRequestInput, _kedge_v1_FetchResponseInput, _kedge_v1_FetchRequestOutput, _kedge_v1_FetchResponseOutput>
  Link: MethodDefinition<_kedge_v1_LinkRequestInput, _kedge_v1_LinkResponseInput, _kedge_v1_LinkRequestOutput, _kedge_v1_LinkResponseOutput>
}
