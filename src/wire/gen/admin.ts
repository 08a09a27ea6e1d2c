import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AcknowledgementInput as _kedge_v1_AcknowledgementInput, AcknowledgementOutput as _kedge_v1_AcknowledgementOutput } from './kedge/v1/Acknowledgement.ts';
import type { AdminServiceClient as _kedge_v1_AdminServiceClient, AdminServiceDefinition as _kedge_v1_AdminServiceDefinition } from './kedge/v1/AdminService.ts';
import type { AttestedRowInput as _kedge_v1_AttestedRowInput, AttestedRowOutput as _kedge_v1_AttestedRowOutput } from './kedge/v1/AttestedRow.ts';
import type { AttestedRowsInput as _kedge_v1_AttestedRowsInput, AttestedRowsOutput as _kedge_v1_AttestedRowsOutput } from './kedge/v1/AttestedRows.ts';
import type { BlobInput as _kedge_v1_BlobInput, BlobOutput as _kedge_v1_BlobOutput } from './kedge/v1/Blob.ts';
import type { BlobsInput as _kedge_v1_BlobsInput, BlobsOutput as _kedge_v1_BlobsOutput } from './kedge/v1/Blobs.ts';
import type { BodyDeltaInput as _kedge_v1_BodyDeltaInput, BodyDeltaOutput as _kedge_v1_BodyDeltaOutput } from './kedge/v1/BodyDelta.ts';
import type { BundleCursorInput as _kedge_v1_BundleCursorInput, BundleCursorOutput as _kedge_v1_BundleCursorOutput } from './kedge/v1/BundleCursor.ts';
import type { BundleUpdateInput as _kedge_v1_BundleUpdateInput, BundleUpdateOutput as _kedge_v1_BundleUpdateOutput } from './kedge/v1/BundleUpdate.ts';
import type { ChartersInput as _kedge_v1_ChartersInput, ChartersOutput as _kedge_v1_ChartersOutput } from './kedge/v1/Charters.ts';
import type { CosignedHeadInput as _kedge_v1_CosignedHeadInput, CosignedHeadOutput as _kedge_v1_CosignedHeadOutput } from './kedge/v1/CosignedHead.ts';
import type { ForkEvidenceInput as _kedge_v1_ForkEvidenceInput, ForkEvidenceOutput as _kedge_v1_ForkEvidenceOutput } from './kedge/v1/ForkEvidence.ts';
import type { GetBlobsRequestInput as _kedge_v1_GetBlobsRequestInput, GetBlobsRequestOutput as _kedge_v1_GetBlobsRequestOutput } from './kedge/v1/GetBlobsRequest.ts';
import type { GetBlobsResponseInput as _kedge_v1_GetBlobsResponseInput, GetBlobsResponseOutput as _kedge_v1_GetBlobsResponseOutput } from './kedge/v1/GetBlobsResponse.ts';
import type { GetCheckpointRequestInput as _kedge_v1_GetCheckpointRequestInput, GetCheckpointRequestOutput as _kedge_v1_GetCheckpointRequestOutput } from './kedge/v1/GetCheckpointRequest.ts';
import type { GetCheckpointResponseInput as _kedge_v1_GetCheckpointResponseInput, GetCheckpointResponseOutput as _kedge_v1_GetCheckpointResponseOutput } from './kedge/v1/GetCheckpointResponse.ts';
import type { GetDocumentRequestInput as _kedge_v1_GetDocumentRequestInput, GetDocumentRequestOutput as _kedge_v1_GetDocumentRequestOutput } from './kedge/v1/GetDocumentRequest.ts';
import type { GetDocumentResponseInput as _kedge_v1_GetDocumentResponseInput, GetDocumentResponseOutput as _kedge_v1_GetDocumentResponseOutput } from './kedge/v1/GetDocumentResponse.ts';
import type { GetStatusRequestInput as _kedge_v1_GetStatusRequestInput, GetStatusRequestOutput as _kedge_v1_GetStatusRequestOutput } from './kedge/v1/GetStatusRequest.ts';
import type { GetStatusResponseInput as _kedge_v1_GetStatusResponseInput, GetStatusResponseOutput as _kedge_v1_GetStatusResponseOutput } from './kedge/v1/GetStatusResponse.ts';
import type { HeartbeatInput as _kedge_v1_HeartbeatInput, HeartbeatOutput as _kedge_v1_HeartbeatOutput } from './kedge/v1/Heartbeat.ts';
import type { KeepAliveInput as _kedge_v1_KeepAliveInput, KeepAliveOutput as _kedge_v1_KeepAliveOutput } from './kedge/v1/KeepAlive.ts';
import type { ListHistoryRequestInput as _kedge_v1_ListHistoryRequestInput, ListHistoryRequestOutput as _kedge_v1_ListHistoryRequestOutput } from './kedge/v1/ListHistoryRequest.ts';
import type { ListHistoryResponseInput as _kedge_v1_ListHistoryResponseInput, ListHistoryResponseOutput as _kedge_v1_ListHistoryResponseOutput } from './kedge/v1/ListHistoryResponse.ts';
import type { ListStreamsRequestInput as _kedge_v1_ListStreamsRequestInput, ListStreamsRequestOutput as _kedge_v1_ListStreamsRequestOutput } from './kedge/v1/ListStreamsRequest.ts';
import type { ListStreamsResponseInput as _kedge_v1_ListStreamsResponseInput, ListStreamsResponseOutput as _kedge_v1_ListStreamsResponseOutput } from './kedge/v1/ListStreamsResponse.ts';
import type { PeerStatusInput as _kedge_v1_PeerStatusInput, PeerStatusOutput as _kedge_v1_PeerStatusOutput } from './kedge/v1/PeerStatus.ts';
import type { RefusalInput as _kedge_v1_RefusalInput, RefusalOutput as _kedge_v1_RefusalOutput } from './kedge/v1/Refusal.ts';
import type { RegionSplitInput as _kedge_v1_RegionSplitInput, RegionSplitOutput as _kedge_v1_RegionSplitOutput } from './kedge/v1/RegionSplit.ts';
import type { RegionStatusInput as _kedge_v1_RegionStatusInput, RegionStatusOutput as _kedge_v1_RegionStatusOutput } from './kedge/v1/RegionStatus.ts';
import type { SeedStatusInput as _kedge_v1_SeedStatusInput, SeedStatusOutput as _kedge_v1_SeedStatusOutput } from './kedge/v1/SeedStatus.ts';
import type { SignatureInput as _kedge_v1_SignatureInput, SignatureOutput as _kedge_v1_SignatureOutput } from './kedge/v1/Signature.ts';
import type { SignedDocumentInput as _kedge_v1_SignedDocumentInput, SignedDocumentOutput as _kedge_v1_SignedDocumentOutput } from './kedge/v1/SignedDocument.ts';
import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from './kedge/v1/SignedStatement.ts';
import type { StreamStatusInput as _kedge_v1_StreamStatusInput, StreamStatusOutput as _kedge_v1_StreamStatusOutput } from './kedge/v1/StreamStatus.ts';
import type { SubmitRequestInput as _kedge_v1_SubmitRequestInput, SubmitRequestOutput as _kedge_v1_SubmitRequestOutput } from './kedge/v1/SubmitRequest.ts';
import type { SubmitResponseInput as _kedge_v1_SubmitResponseInput, SubmitResponseOutput as _kedge_v1_SubmitResponseOutput } from './kedge/v1/SubmitResponse.ts';
import type { SubscriberStatusInput as _kedge_v1_SubscriberStatusInput, SubscriberStatusOutput as _kedge_v1_SubscriberStatusOutput } from './kedge/v1/SubscriberStatus.ts';
import type { TrustServiceClient as _kedge_v1_TrustServiceClient, TrustServiceDefinition as _kedge_v1_TrustServiceDefinition } from './kedge/v1/TrustService.ts';
import type { WatchRequestInput as _kedge_v1_WatchRequestInput, WatchRequestOutput as _kedge_v1_WatchRequestOutput } from './kedge/v1/WatchRequest.ts';
import type { WatchResponseInput as _kedge_v1_WatchResponseInput, WatchResponseOutput as _kedge_v1_WatchResponseOutput } from './kedge/v1/WatchResponse.ts';
import type { WatchStartInput as _kedge_v1_WatchStartInput, WatchStartOutput as _kedge_v1_WatchStartOutput } from './kedge/v1/WatchStart.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  kedge: {
    v1: {
      Acknowledgement: MessageTypeDefinition<_kedge_v1_AcknowledgementInput, _kedge_v1_AcknowledgementOutput>
      AdminService: SubtypeConstructor<typeof grpc.Client, _kedge_v1_AdminServiceClient> & { service: _kedge_v1_AdminServiceDefinition }
      AdoptionStage: EnumTypeDefinition
      AttestedRow: MessageTypeDefinition<_kedge_v1_AttestedRowInput, _kedge_v1_AttestedRowOutput>
      AttestedRows: MessageTypeDefinition<_kedge_v1_AttestedRowsInput, _kedge_v1_AttestedRowsOutput>
      Blob: MessageTypeDefinition<_kedge_v1_BlobInput, _kedge_v1_BlobOutput>
      Blobs: MessageTypeDefinition<_kedge_v1_BlobsInput, _kedge_v1_BlobsOutput>
      BodyDelta: MessageTypeDefinition<_kedge_v1_BodyDeltaInput, _kedge_v1_BodyDeltaOutput>
      BundleCursor: MessageTypeDefinition<_kedge_v1_BundleCursorInput, _kedge_v1_BundleCursorOutput>
      BundleUpdate: MessageTypeDefinition<_kedge_v1_BundleUpdateInput, _kedge_v1_BundleUpdateOutput>
      Charters: MessageTypeDefinition<_kedge_v1_ChartersInput, _kedge_v1_ChartersOutput>
      CosignedHead: MessageTypeDefinition<_kedge_v1_CosignedHeadInput, _kedge_v1_CosignedHeadOutput>
      ForkEvidence: MessageTypeDefinition<_kedge_v1_ForkEvidenceInput, _kedge_v1_ForkEvidenceOutput>
      GetBlobsRequest: MessageTypeDefinition<_kedge_v1_GetBlobsRequestInput, _kedge_v1_GetBlobsRequestOutput>
      GetBlobsResponse: MessageTypeDefinition<_kedge_v1_GetBlobsResponseInput, _kedge_v1_GetBlobsResponseOutput>
      GetCheckpointRequest: MessageTypeDefinition<_kedge_v1_GetCheckpointRequestInput, _kedge_v1_GetCheckpointRequestOutput>
      GetCheckpointResponse: MessageTypeDefinition<_kedge_v1_GetCheckpointResponseInput, _kedge_v1_GetCheckpointResponseOutput>
      GetDocumentRequest: MessageTypeDefinition<_kedge_v1_GetDocumentRequestInput, _kedge_v1_GetDocumentRequestOutput>
      GetDocumentResponse: MessageTypeDefinition<_kedge_v1_GetDocumentResponseInput, _kedge_v1_GetDocumentResponseOutput>
      GetStatusRequest: MessageTypeDefinition<_kedge_v1_GetStatusRequestInput, _kedge_v1_GetStatusRequestOutput>
      GetStatusResponse: MessageTypeDefinition<_kedge_v1_GetStatusResponseInput, _kedge_v1_GetStatusResponseOutput>
      Heartbeat: MessageTypeDefinition<_kedge_v1_HeartbeatInput, _kedge_v1_HeartbeatOutput>
      KeepAlive: MessageTypeDefinition<_kedge_v1_KeepAliveInput, _kedge_v1_KeepAliveOutput>
      LinkState: EnumTypeDefinition
      ListHistoryRequest: MessageTypeDefinition<_kedge_v1_ListHistoryRequestInput, _kedge_v1_ListHistoryRequestOutput>
      ListHistoryResponse: MessageTypeDefinition<_kedge_v1_ListHistoryResponseInput, _kedge_v1_ListHistoryResponseOutput>
      ListStreamsRequest: MessageTypeDefinition<_kedge_v1_ListStreamsRequestInput, _kedge_v1_ListStreamsRequestOutput>
      ListStreamsResponse: MessageTypeDefinition<_kedge_v1_ListStreamsResponseInput, _kedge_v1_ListStreamsResponseOutput>
      PeerDoubt: EnumTypeDefinition
      PeerState: EnumTypeDefinition
      PeerStatus: MessageTypeDefinition<_kedge_v1_PeerStatusInput, _kedge_v1_PeerStatusOutput>
      Refusal: MessageTypeDefinition<_kedge_v1_RefusalInput, _kedge_v1_RefusalOutput>
      RegionSplit: MessageTypeDefinition<_kedge_v1_RegionSplitInput, _kedge_v1_RegionSplitOutput>
      RegionStatus: MessageTypeDefinition<_kedge_v1_RegionStatusInput, _kedge_v1_RegionStatusOutput>
      SeedStatus: MessageTypeDefinition<_kedge_v1_SeedStatusInput, _kedge_v1_SeedStatusOutput>
      Signature: MessageTypeDefinition<_kedge_v1_SignatureInput, _kedge_v1_SignatureOutput>
      SignedDocument: MessageTypeDefinition<_kedge_v1_SignedDocumentInput, _kedge_v1_SignedDocumentOutput>
      SignedStatement: MessageTypeDefinition<_kedge_v1_SignedStatementInput, _kedge_v1_SignedStatementOutput>
      StreamStatus: MessageTypeDefinition<_kedge_v1_StreamStatusInput, _kedge_v1_StreamStatusOutput>
      SubmitRequest: MessageTypeDefinition<_kedge_v1_SubmitRequestInput, _kedge_v1_SubmitRequestOutput>
      SubmitResponse: MessageTypeDefinition<_kedge_v1_SubmitResponseInput, _kedge_v1_SubmitResponseOutput>
      SubscriberStatus: MessageTypeDefinition<_kedge_v1_SubscriberStatusInput, _kedge_v1_SubscriberStatusOutput>
      TrustService: SubtypeConstructor<typeof grpc.Client, _kedge_v1_TrustServiceClient> & { service: _kedge_v1_TrustServiceDefinition }
      WatchRequest: MessageTypeDefinition<_kedge_v1_WatchRequestInput, _kedge_v1_WatchRequestOutput>
      WatchResponse: MessageTypeDefinition<_kedge_v1_WatchResponseInput, _kedge_v1_WatchResponseOutput>
      WatchStart: MessageTypeDefinition<_kedge_v1_WatchStartInput, _kedge_v1_WatchStartOutput>
    }
  }
}

