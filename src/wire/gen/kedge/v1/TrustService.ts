// Original file: proto/kedge/v1/trust.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { WatchRequestInput as _kedge_v1_WatchRequestInput, WatchRequestOutput as _kedge_v1_WatchRequestOutput } from '../../kedge/v1/WatchRequest.ts';
import type { WatchResponseInput as _kedge_v1_WatchResponseInput, WatchResponseOutput as _kedge_v1_WatchResponseOutput } from '../../kedge/v1/WatchResponse.ts';

export interface TrustServiceClient extends grpc.Client {
  Watch(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_WatchRequestInput, _kedge_v1_WatchResponseOutput>;
  Watch(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_WatchRequestInput, _kedge_v1_WatchResponseOutput>;
  watch(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_WatchRequestInput, _kedge_v1_WatchResponseOutput>;
  watch(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_WatchRequestInput, _kedge_v1_WatchResponseOutput>;
  
}

export interface TrustServiceHandlers extends grpc.UntypedServiceImplementation {
  Watch: grpc.handleBidiStreamingCall<_kedge_v1_WatchRequestOutput, _kedge_v1_WatchResponseInput>;
  
}

export interface TrustServiceDefinition extends grpc.ServiceDefinition {
  Watch: MethodDefinition<_kedge_v1_WatchRequestInput, _kedge_v1_WatchResponseInput, _kedge_v1_WatchRequestOutput, _kedge_v1_WatchResponseOutput>
}
