import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AckInput as _kedge_v1_AckInput, AckOutput as _kedge_v1_AckOutput } from './kedge/v1/Ack.ts';
import type { AcknowledgementInput as _kedge_v1_AcknowledgementInput, AcknowledgementOutput as _kedge_v1_AcknowledgementOutput } from './kedge/v1/Acknowledgement.ts';
import type { AdminServiceClient as _kedge_v1_AdminServiceClient, AdminServiceDefinition as _kedge_v1_AdminServiceDefinition } from './kedge/v1/AdminService.ts';
import type { AdoptionDigestInput as _kedge_v1_AdoptionDigestInput, AdoptionDigestOutput as _kedge_v1_AdoptionDigestOutput } from './kedge/v1/AdoptionDigest.ts';
import type { AdoptionGroupInput as _kedge_v1_AdoptionGroupInput, AdoptionGroupOutput as _kedge_v1_AdoptionGroupOutput } from './kedge/v1/AdoptionGroup.ts';
import type { AdoptionRowInput as _kedge_v1_AdoptionRowInput, AdoptionRowOutput as _kedge_v1_AdoptionRowOutput } from './kedge/v1/AdoptionRow.ts';
import type { AdoptionRowsInput as _kedge_v1_AdoptionRowsInput, AdoptionRowsOutput as _kedge_v1_AdoptionRowsOutput } from './kedge/v1/AdoptionRows.ts';
import type { AdoptionVectorInput as _kedge_v1_AdoptionVectorInput, AdoptionVectorOutput as _kedge_v1_AdoptionVectorOutput } from './kedge/v1/AdoptionVector.ts';
import type { AdoptionVersionInput as _kedge_v1_AdoptionVersionInput, AdoptionVersionOutput as _kedge_v1_AdoptionVersionOutput } from './kedge/v1/AdoptionVersion.ts';
import type { AnchorAdoptionInput as _kedge_v1_AnchorAdoptionInput, AnchorAdoptionOutput as _kedge_v1_AnchorAdoptionOutput } from './kedge/v1/AnchorAdoption.ts';
import type { AnchorUseInput as _kedge_v1_AnchorUseInput, AnchorUseOutput as _kedge_v1_AnchorUseOutput } from './kedge/v1/AnchorUse.ts';
import type { ArrivalsInput as _kedge_v1_ArrivalsInput, ArrivalsOutput as _kedge_v1_ArrivalsOutput } from './kedge/v1/Arrivals.ts';
import type { AttestedRowInput as _kedge_v1_AttestedRowInput, AttestedRowOutput as _kedge_v1_AttestedRowOutput } from './kedge/v1/AttestedRow.ts';
import type { AttestedRowsInput as _kedge_v1_AttestedRowsInput, AttestedRowsOutput as _kedge_v1_AttestedRowsOutput } from './kedge/v1/AttestedRows.ts';
import type { AuditItemInput as _kedge_v1_AuditItemInput, AuditItemOutput as _kedge_v1_AuditItemOutput } from './kedge/v1/AuditItem.ts';
import type { BlobInput as _kedge_v1_BlobInput, BlobOutput as _kedge_v1_BlobOutput } from './kedge/v1/Blob.ts';
import type { BlobsInput as _kedge_v1_BlobsInput, BlobsOutput as _kedge_v1_BlobsOutput } from './kedge/v1/Blobs.ts';
import type { BodyDeltaInput as _kedge_v1_BodyDeltaInput, BodyDeltaOutput as _kedge_v1_BodyDeltaOutput } from './kedge/v1/BodyDelta.ts';
import type { BundleCursorInput as _kedge_v1_BundleCursorInput, BundleCursorOutput as _kedge_v1_BundleCursorOutput } from './kedge/v1/BundleCursor.ts';
import type { BundleUpdateInput as _kedge_v1_BundleUpdateInput, BundleUpdateOutput as _kedge_v1_BundleUpdateOutput } from './kedge/v1/BundleUpdate.ts';
import type { ChartersInput as _kedge_v1_ChartersInput, ChartersOutput as _kedge_v1_ChartersOutput } from './kedge/v1/Charters.ts';
import type { ClientStatusInput as _kedge_v1_ClientStatusInput, ClientStatusOutput as _kedge_v1_ClientStatusOutput } from './kedge/v1/ClientStatus.ts';
import type { ClientUseInput as _kedge_v1_ClientUseInput, ClientUseOutput as _kedge_v1_ClientUseOutput } from './kedge/v1/ClientUse.ts';
import type { ClientsRequestInput as _kedge_v1_ClientsRequestInput, ClientsRequestOutput as _kedge_v1_ClientsRequestOutput } from './kedge/v1/ClientsRequest.ts';
import type { ClientsResponseInput as _kedge_v1_ClientsResponseInput, ClientsResponseOutput as _kedge_v1_ClientsResponseOutput } from './kedge/v1/ClientsResponse.ts';
import type { CosignedInput as _kedge_v1_CosignedInput, CosignedOutput as _kedge_v1_CosignedOutput } from './kedge/v1/Cosigned.ts';
import type { CosignedAskInput as _kedge_v1_CosignedAskInput, CosignedAskOutput as _kedge_v1_CosignedAskOutput } from './kedge/v1/CosignedAsk.ts';
import type { CosignedHeadInput as _kedge_v1_CosignedHeadInput, CosignedHeadOutput as _kedge_v1_CosignedHeadOutput } from './kedge/v1/CosignedHead.ts';
import type { FetchOverInput as _kedge_v1_FetchOverInput, FetchOverOutput as _kedge_v1_FetchOverOutput } from './kedge/v1/FetchOver.ts';
import type { FetchPartInput as _kedge_v1_FetchPartInput, FetchPartOutput as _kedge_v1_FetchPartOutput } from './kedge/v1/FetchPart.ts';
import type { FetchRequestInput as _kedge_v1_FetchRequestInput, FetchRequestOutput as _kedge_v1_FetchRequestOutput } from './kedge/v1/FetchRequest.ts';
import type { FetchResponseInput as _kedge_v1_FetchResponseInput, FetchResponseOutput as _kedge_v1_FetchResponseOutput } from './kedge/v1/FetchResponse.ts';
import type { ForkEvidenceInput as _kedge_v1_ForkEvidenceInput, ForkEvidenceOutput as _kedge_v1_ForkEvidenceOutput } from './kedge/v1/ForkEvidence.ts';
import type { FrameInput as _kedge_v1_FrameInput, FrameOutput as _kedge_v1_FrameOutput } from './kedge/v1/Frame.ts';
import type { GetAdoptionRequestInput as _kedge_v1_GetAdoptionRequestInput, GetAdoptionRequestOutput as _kedge_v1_GetAdoptionRequestOutput } from './kedge/v1/GetAdoptionRequest.ts';
import type { GetAdoptionResponseInput as _kedge_v1_GetAdoptionResponseInput, GetAdoptionResponseOutput as _kedge_v1_GetAdoptionResponseOutput } from './kedge/v1/GetAdoptionResponse.ts';
import type { GetAuditProofRequestInput as _kedge_v1_GetAuditProofRequestInput, GetAuditProofRequestOutput as _kedge_v1_GetAuditProofRequestOutput } from './kedge/v1/GetAuditProofRequest.ts';
import type { GetAuditProofResponseInput as _kedge_v1_GetAuditProofResponseInput, GetAuditProofResponseOutput as _kedge_v1_GetAuditProofResponseOutput } from './kedge/v1/GetAuditProofResponse.ts';
import type { GetBlobsRequestInput as _kedge_v1_GetBlobsRequestInput, GetBlobsRequestOutput as _kedge_v1_GetBlobsRequestOutput } from './kedge/v1/GetBlobsRequest.ts';
import type { GetBlobsResponseInput as _kedge_v1_GetBlobsResponseInput, GetBlobsResponseOutput as _kedge_v1_GetBlobsResponseOutput } from './kedge/v1/GetBlobsResponse.ts';
import type { GetCheckpointRequestInput as _kedge_v1_GetCheckpointRequestInput, GetCheckpointRequestOutput as _kedge_v1_GetCheckpointRequestOutput } from './kedge/v1/GetCheckpointRequest.ts';
import type { GetCheckpointResponseInput as _kedge_v1_GetCheckpointResponseInput, GetCheckpointResponseOutput as _kedge_v1_GetCheckpointResponseOutput } from './kedge/v1/GetCheckpointResponse.ts';
import type { GetDocumentRequestInput as _kedge_v1_GetDocumentRequestInput, GetDocumentRequestOutput as _kedge_v1_GetDocumentRequestOutput } from './kedge/v1/GetDocumentRequest.ts';
import type { GetDocumentResponseInput as _kedge_v1_GetDocumentResponseInput, GetDocumentResponseOutput as _kedge_v1_GetDocumentResponseOutput } from './kedge/v1/GetDocumentResponse.ts';
import type { GetProposalRequestInput as _kedge_v1_GetProposalRequestInput, GetProposalRequestOutput as _kedge_v1_GetProposalRequestOutput } from './kedge/v1/GetProposalRequest.ts';
import type { GetProposalResponseInput as _kedge_v1_GetProposalResponseInput, GetProposalResponseOutput as _kedge_v1_GetProposalResponseOutput } from './kedge/v1/GetProposalResponse.ts';
import type { GetRolloutRequestInput as _kedge_v1_GetRolloutRequestInput, GetRolloutRequestOutput as _kedge_v1_GetRolloutRequestOutput } from './kedge/v1/GetRolloutRequest.ts';
import type { GetRolloutResponseInput as _kedge_v1_GetRolloutResponseInput, GetRolloutResponseOutput as _kedge_v1_GetRolloutResponseOutput } from './kedge/v1/GetRolloutResponse.ts';
import type { GetStatusRequestInput as _kedge_v1_GetStatusRequestInput, GetStatusRequestOutput as _kedge_v1_GetStatusRequestOutput } from './kedge/v1/GetStatusRequest.ts';
import type { GetStatusResponseInput as _kedge_v1_GetStatusResponseInput, GetStatusResponseOutput as _kedge_v1_GetStatusResponseOutput } from './kedge/v1/GetStatusResponse.ts';
import type { GossipServiceClient as _kedge_v1_GossipServiceClient, GossipServiceDefinition as _kedge_v1_GossipServiceDefinition } from './kedge/v1/GossipService.ts';
import type { HeartbeatInput as _kedge_v1_HeartbeatInput, HeartbeatOutput as _kedge_v1_HeartbeatOutput } from './kedge/v1/Heartbeat.ts';
import type { HeldInput as _kedge_v1_HeldInput, HeldOutput as _kedge_v1_HeldOutput } from './kedge/v1/Held.ts';
import type { HelloInput as _kedge_v1_HelloInput, HelloOutput as _kedge_v1_HelloOutput } from './kedge/v1/Hello.ts';
import type { KeepAliveInput as _kedge_v1_KeepAliveInput, KeepAliveOutput as _kedge_v1_KeepAliveOutput } from './kedge/v1/KeepAlive.ts';
import type { KeyWaitInput as _kedge_v1_KeyWaitInput, KeyWaitOutput as _kedge_v1_KeyWaitOutput } from './kedge/v1/KeyWait.ts';
import type { LineRangeInput as _kedge_v1_LineRangeInput, LineRangeOutput as _kedge_v1_LineRangeOutput } from './kedge/v1/LineRange.ts';
import type { LinesInput as _kedge_v1_LinesInput, LinesOutput as _kedge_v1_LinesOutput } from './kedge/v1/Lines.ts';
import type { LinesAskInput as _kedge_v1_LinesAskInput, LinesAskOutput as _kedge_v1_LinesAskOutput } from './kedge/v1/LinesAsk.ts';
import type { LinkRequestInput as _kedge_v1_LinkRequestInput, LinkRequestOutput as _kedge_v1_LinkRequestOutput } from './kedge/v1/LinkRequest.ts';
import type { LinkResponseInput as _kedge_v1_LinkResponseInput, LinkResponseOutput as _kedge_v1_LinkResponseOutput } from './kedge/v1/LinkResponse.ts';
import type { ListAuditRequestInput as _kedge_v1_ListAuditRequestInput, ListAuditRequestOutput as _kedge_v1_ListAuditRequestOutput } from './kedge/v1/ListAuditRequest.ts';
import type { ListAuditResponseInput as _kedge_v1_ListAuditResponseInput, ListAuditResponseOutput as _kedge_v1_ListAuditResponseOutput } from './kedge/v1/ListAuditResponse.ts';
import type { ListClientsRequestInput as _kedge_v1_ListClientsRequestInput, ListClientsRequestOutput as _kedge_v1_ListClientsRequestOutput } from './kedge/v1/ListClientsRequest.ts';
import type { ListClientsResponseInput as _kedge_v1_ListClientsResponseInput, ListClientsResponseOutput as _kedge_v1_ListClientsResponseOutput } from './kedge/v1/ListClientsResponse.ts';
import type { ListHistoryRequestInput as _kedge_v1_ListHistoryRequestInput, ListHistoryRequestOutput as _kedge_v1_ListHistoryRequestOutput } from './kedge/v1/ListHistoryRequest.ts';
import type { ListHistoryResponseInput as _kedge_v1_ListHistoryResponseInput, ListHistoryResponseOutput as _kedge_v1_ListHistoryResponseOutput } from './kedge/v1/ListHistoryResponse.ts';
import type { ListProposalsRequestInput as _kedge_v1_ListProposalsRequestInput, ListProposalsRequestOutput as _kedge_v1_ListProposalsRequestOutput } from './kedge/v1/ListProposalsRequest.ts';
import type { ListProposalsResponseInput as _kedge_v1_ListProposalsResponseInput, ListProposalsResponseOutput as _kedge_v1_ListProposalsResponseOutput } from './kedge/v1/ListProposalsResponse.ts';
import type { ListStreamsRequestInput as _kedge_v1_ListStreamsRequestInput, ListStreamsRequestOutput as _kedge_v1_ListStreamsRequestOutput } from './kedge/v1/ListStreamsRequest.ts';
import type { ListStreamsResponseInput as _kedge_v1_ListStreamsResponseInput, ListStreamsResponseOutput as _kedge_v1_ListStreamsResponseOutput } from './kedge/v1/ListStreamsResponse.ts';
import type { MemberBucketsInput as _kedge_v1_MemberBucketsInput, MemberBucketsOutput as _kedge_v1_MemberBucketsOutput } from './kedge/v1/MemberBuckets.ts';
import type { MemberDigestInput as _kedge_v1_MemberDigestInput, MemberDigestOutput as _kedge_v1_MemberDigestOutput } from './kedge/v1/MemberDigest.ts';
import type { MemberRowInput as _kedge_v1_MemberRowInput, MemberRowOutput as _kedge_v1_MemberRowOutput } from './kedge/v1/MemberRow.ts';
import type { MemberRowsInput as _kedge_v1_MemberRowsInput, MemberRowsOutput as _kedge_v1_MemberRowsOutput } from './kedge/v1/MemberRows.ts';
import type { MemberUpdatesInput as _kedge_v1_MemberUpdatesInput, MemberUpdatesOutput as _kedge_v1_MemberUpdatesOutput } from './kedge/v1/MemberUpdates.ts';
import type { MemberWantInput as _kedge_v1_MemberWantInput, MemberWantOutput as _kedge_v1_MemberWantOutput } from './kedge/v1/MemberWant.ts';
import type { MembersInput as _kedge_v1_MembersInput, MembersOutput as _kedge_v1_MembersOutput } from './kedge/v1/Members.ts';
import type { NackInput as _kedge_v1_NackInput, NackOutput as _kedge_v1_NackOutput } from './kedge/v1/Nack.ts';
import type { NamedReleaseInput as _kedge_v1_NamedReleaseInput, NamedReleaseOutput as _kedge_v1_NamedReleaseOutput } from './kedge/v1/NamedRelease.ts';
import type { NodeAdoptionInput as _kedge_v1_NodeAdoptionInput, NodeAdoptionOutput as _kedge_v1_NodeAdoptionOutput } from './kedge/v1/NodeAdoption.ts';
import type { NodeClientsInput as _kedge_v1_NodeClientsInput, NodeClientsOutput as _kedge_v1_NodeClientsOutput } from './kedge/v1/NodeClients.ts';
import type { ObservationInput as _kedge_v1_ObservationInput, ObservationOutput as _kedge_v1_ObservationOutput } from './kedge/v1/Observation.ts';
import type { PeerStatusInput as _kedge_v1_PeerStatusInput, PeerStatusOutput as _kedge_v1_PeerStatusOutput } from './kedge/v1/PeerStatus.ts';
import type { PingInput as _kedge_v1_PingInput, PingOutput as _kedge_v1_PingOutput } from './kedge/v1/Ping.ts';
import type { PingRequestInput as _kedge_v1_PingRequestInput, PingRequestOutput as _kedge_v1_PingRequestOutput } from './kedge/v1/PingRequest.ts';
import type { ProposalDigestInput as _kedge_v1_ProposalDigestInput, ProposalDigestOutput as _kedge_v1_ProposalDigestOutput } from './kedge/v1/ProposalDigest.ts';
import type { ProposalNewsInput as _kedge_v1_ProposalNewsInput, ProposalNewsOutput as _kedge_v1_ProposalNewsOutput } from './kedge/v1/ProposalNews.ts';
import type { ProposalStatusInput as _kedge_v1_ProposalStatusInput, ProposalStatusOutput as _kedge_v1_ProposalStatusOutput } from './kedge/v1/ProposalStatus.ts';
import type { ProposalVectorInput as _kedge_v1_ProposalVectorInput, ProposalVectorOutput as _kedge_v1_ProposalVectorOutput } from './kedge/v1/ProposalVector.ts';
import type { ProposalVersionInput as _kedge_v1_ProposalVersionInput, ProposalVersionOutput as _kedge_v1_ProposalVersionOutput } from './kedge/v1/ProposalVersion.ts';
import type { ProposalWithdrawnInput as _kedge_v1_ProposalWithdrawnInput, ProposalWithdrawnOutput as _kedge_v1_ProposalWithdrawnOutput } from './kedge/v1/ProposalWithdrawn.ts';
import type { ProposeRequestInput as _kedge_v1_ProposeRequestInput, ProposeRequestOutput as _kedge_v1_ProposeRequestOutput } from './kedge/v1/ProposeRequest.ts';
import type { ProposeResponseInput as _kedge_v1_ProposeResponseInput, ProposeResponseOutput as _kedge_v1_ProposeResponseOutput } from './kedge/v1/ProposeResponse.ts';
import type { PushInput as _kedge_v1_PushInput, PushOutput as _kedge_v1_PushOutput } from './kedge/v1/Push.ts';
import type { RefusalInput as _kedge_v1_RefusalInput, RefusalOutput as _kedge_v1_RefusalOutput } from './kedge/v1/Refusal.ts';
import type { RegionSplitInput as _kedge_v1_RegionSplitInput, RegionSplitOutput as _kedge_v1_RegionSplitOutput } from './kedge/v1/RegionSplit.ts';
import type { RegionStatusInput as _kedge_v1_RegionStatusInput, RegionStatusOutput as _kedge_v1_RegionStatusOutput } from './kedge/v1/RegionStatus.ts';
import type { RevealedKeyInput as _kedge_v1_RevealedKeyInput, RevealedKeyOutput as _kedge_v1_RevealedKeyOutput } from './kedge/v1/RevealedKey.ts';
import type { RolloutNodeInput as _kedge_v1_RolloutNodeInput, RolloutNodeOutput as _kedge_v1_RolloutNodeOutput } from './kedge/v1/RolloutNode.ts';
import type { RolloutStopInput as _kedge_v1_RolloutStopInput, RolloutStopOutput as _kedge_v1_RolloutStopOutput } from './kedge/v1/RolloutStop.ts';
import type { RolloutWaitInput as _kedge_v1_RolloutWaitInput, RolloutWaitOutput as _kedge_v1_RolloutWaitOutput } from './kedge/v1/RolloutWait.ts';
import type { RowInput as _kedge_v1_RowInput, RowOutput as _kedge_v1_RowOutput } from './kedge/v1/Row.ts';
import type { RowsInput as _kedge_v1_RowsInput, RowsOutput as _kedge_v1_RowsOutput } from './kedge/v1/Rows.ts';
import type { RowsAskInput as _kedge_v1_RowsAskInput, RowsAskOutput as _kedge_v1_RowsAskOutput } from './kedge/v1/RowsAsk.ts';
import type { SeedStatusInput as _kedge_v1_SeedStatusInput, SeedStatusOutput as _kedge_v1_SeedStatusOutput } from './kedge/v1/SeedStatus.ts';
import type { SignatureInput as _kedge_v1_SignatureInput, SignatureOutput as _kedge_v1_SignatureOutput } from './kedge/v1/Signature.ts';
import type { SignedDocumentInput as _kedge_v1_SignedDocumentInput, SignedDocumentOutput as _kedge_v1_SignedDocumentOutput } from './kedge/v1/SignedDocument.ts';
import type { SignedMemberInput as _kedge_v1_SignedMemberInput, SignedMemberOutput as _kedge_v1_SignedMemberOutput } from './kedge/v1/SignedMember.ts';
import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from './kedge/v1/SignedStatement.ts';
import type { SoftwareInput as _kedge_v1_SoftwareInput, SoftwareOutput as _kedge_v1_SoftwareOutput } from './kedge/v1/Software.ts';
import type { StoreDigestInput as _kedge_v1_StoreDigestInput, StoreDigestOutput as _kedge_v1_StoreDigestOutput } from './kedge/v1/StoreDigest.ts';
import type { StoreMarkInput as _kedge_v1_StoreMarkInput, StoreMarkOutput as _kedge_v1_StoreMarkOutput } from './kedge/v1/StoreMark.ts';
import type { StoreTroubleInput as _kedge_v1_StoreTroubleInput, StoreTroubleOutput as _kedge_v1_StoreTroubleOutput } from './kedge/v1/StoreTrouble.ts';
import type { StreamStatusInput as _kedge_v1_StreamStatusInput, StreamStatusOutput as _kedge_v1_StreamStatusOutput } from './kedge/v1/StreamStatus.ts';
import type { SubmitRequestInput as _kedge_v1_SubmitRequestInput, SubmitRequestOutput as _kedge_v1_SubmitRequestOutput } from './kedge/v1/SubmitRequest.ts';
import type { SubmitResponseInput as _kedge_v1_SubmitResponseInput, SubmitResponseOutput as _kedge_v1_SubmitResponseOutput } from './kedge/v1/SubmitResponse.ts';
import type { SubscriberStatusInput as _kedge_v1_SubscriberStatusInput, SubscriberStatusOutput as _kedge_v1_SubscriberStatusOutput } from './kedge/v1/SubscriberStatus.ts';
import type { TlsWorkerStatusInput as _kedge_v1_TlsWorkerStatusInput, TlsWorkerStatusOutput as _kedge_v1_TlsWorkerStatusOutput } from './kedge/v1/TlsWorkerStatus.ts';
import type { TreeInput as _kedge_v1_TreeInput, TreeOutput as _kedge_v1_TreeOutput } from './kedge/v1/Tree.ts';
import type { TreeNodeInput as _kedge_v1_TreeNodeInput, TreeNodeOutput as _kedge_v1_TreeNodeOutput } from './kedge/v1/TreeNode.ts';
import type { TrustServiceClient as _kedge_v1_TrustServiceClient, TrustServiceDefinition as _kedge_v1_TrustServiceDefinition } from './kedge/v1/TrustService.ts';
import type { UsageInput as _kedge_v1_UsageInput, UsageOutput as _kedge_v1_UsageOutput } from './kedge/v1/Usage.ts';
import type { WatchRequestInput as _kedge_v1_WatchRequestInput, WatchRequestOutput as _kedge_v1_WatchRequestOutput } from './kedge/v1/WatchRequest.ts';
import type { WatchResponseInput as _kedge_v1_WatchResponseInput, WatchResponseOutput as _kedge_v1_WatchResponseOutput } from './kedge/v1/WatchResponse.ts';
import type { WatchStartInput as _kedge_v1_WatchStartInput, WatchStartOutput as _kedge_v1_WatchStartOutput } from './kedge/v1/WatchStart.ts';
import type { WaveRegionInput as _kedge_v1_WaveRegionInput, WaveRegionOutput as _kedge_v1_WaveRegionOutput } from './kedge/v1/WaveRegion.ts';
import type { WaveStatusInput as _kedge_v1_WaveStatusInput, WaveStatusOutput as _kedge_v1_WaveStatusOutput } from './kedge/v1/WaveStatus.ts';
import type { WithdrawProposalRequestInput as _kedge_v1_WithdrawProposalRequestInput, WithdrawProposalRequestOutput as _kedge_v1_WithdrawProposalRequestOutput } from './kedge/v1/WithdrawProposalRequest.ts';
import type { WithdrawProposalResponseInput as _kedge_v1_WithdrawProposalResponseInput, WithdrawProposalResponseOutput as _kedge_v1_WithdrawProposalResponseOutput } from './kedge/v1/WithdrawProposalResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  kedge: {
    v1: {
      Ack: MessageTypeDefinition<_kedge_v1_AckInput, _kedge_v1_AckOutput>
      Acknowledgement: MessageTypeDefinition<_kedge_v1_AcknowledgementInput, _kedge_v1_AcknowledgementOutput>
      AdminService: SubtypeConstructor<typeof grpc.Client, _kedge_v1_AdminServiceClient> & { service: _kedge_v1_AdminServiceDefinition }
      AdoptionDigest: MessageTypeDefinition<_kedge_v1_AdoptionDigestInput, _kedge_v1_AdoptionDigestOutput>
      AdoptionGroup: MessageTypeDefinition<_kedge_v1_AdoptionGroupInput, _kedge_v1_AdoptionGroupOutput>
      AdoptionRow: MessageTypeDefinition<_kedge_v1_AdoptionRowInput, _kedge_v1_AdoptionRowOutput>
      AdoptionRows: MessageTypeDefinition<_kedge_v1_AdoptionRowsInput, _kedge_v1_AdoptionRowsOutput>
      AdoptionStage: EnumTypeDefinition
      AdoptionVector: MessageTypeDefinition<_kedge_v1_AdoptionVectorInput, _kedge_v1_AdoptionVectorOutput>
      AdoptionVersion: MessageTypeDefinition<_kedge_v1_AdoptionVersionInput, _kedge_v1_AdoptionVersionOutput>
      AnchorAdoption: MessageTypeDefinition<_kedge_v1_AnchorAdoptionInput, _kedge_v1_AnchorAdoptionOutput>
      AnchorUse: MessageTypeDefinition<_kedge_v1_AnchorUseInput, _kedge_v1_AnchorUseOutput>
      Arrivals: MessageTypeDefinition<_kedge_v1_ArrivalsInput, _kedge_v1_ArrivalsOutput>
      AttestedRow: MessageTypeDefinition<_kedge_v1_AttestedRowInput, _kedge_v1_AttestedRowOutput>
      AttestedRows: MessageTypeDefinition<_kedge_v1_AttestedRowsInput, _kedge_v1_AttestedRowsOutput>
      AuditItem: MessageTypeDefinition<_kedge_v1_AuditItemInput, _kedge_v1_AuditItemOutput>
      AuditProofKind: EnumTypeDefinition
      Blob: MessageTypeDefinition<_kedge_v1_BlobInput, _kedge_v1_BlobOutput>
      Blobs: MessageTypeDefinition<_kedge_v1_BlobsInput, _kedge_v1_BlobsOutput>
      BodyDelta: MessageTypeDefinition<_kedge_v1_BodyDeltaInput, _kedge_v1_BodyDeltaOutput>
      BundleCursor: MessageTypeDefinition<_kedge_v1_BundleCursorInput, _kedge_v1_BundleCursorOutput>
      BundleUpdate: MessageTypeDefinition<_kedge_v1_BundleUpdateInput, _kedge_v1_BundleUpdateOutput>
      Charters: MessageTypeDefinition<_kedge_v1_ChartersInput, _kedge_v1_ChartersOutput>
      ClientFilter: EnumTypeDefinition
      ClientStage: EnumTypeDefinition
      ClientStatus: MessageTypeDefinition<_kedge_v1_ClientStatusInput, _kedge_v1_ClientStatusOutput>
      ClientUse: MessageTypeDefinition<_kedge_v1_ClientUseInput, _kedge_v1_ClientUseOutput>
      ClientsRequest: MessageTypeDefinition<_kedge_v1_ClientsRequestInput, _kedge_v1_ClientsRequestOutput>
      ClientsResponse: MessageTypeDefinition<_kedge_v1_ClientsResponseInput, _kedge_v1_ClientsResponseOutput>
      Cosigned: MessageTypeDefinition<_kedge_v1_CosignedInput, _kedge_v1_CosignedOutput>
      CosignedAsk: MessageTypeDefinition<_kedge_v1_CosignedAskInput, _kedge_v1_CosignedAskOutput>
      CosignedHead: MessageTypeDefinition<_kedge_v1_CosignedHeadInput, _kedge_v1_CosignedHeadOutput>
      FetchOver: MessageTypeDefinition<_kedge_v1_FetchOverInput, _kedge_v1_FetchOverOutput>
      FetchPart: MessageTypeDefinition<_kedge_v1_FetchPartInput, _kedge_v1_FetchPartOutput>
      FetchRequest: MessageTypeDefinition<_kedge_v1_FetchRequestInput, _kedge_v1_FetchRequestOutput>
      FetchResponse: MessageTypeDefinition<_kedge_v1_FetchResponseInput, _kedge_v1_FetchResponseOutput>
      ForkEvidence: MessageTypeDefinition<_kedge_v1_ForkEvidenceInput, _kedge_v1_ForkEvidenceOutput>
      Frame: MessageTypeDefinition<_kedge_v1_FrameInput, _kedge_v1_FrameOutput>
      GetAdoptionRequest: MessageTypeDefinition<_kedge_v1_GetAdoptionRequestInput, _kedge_v1_GetAdoptionRequestOutput>
      GetAdoptionResponse: MessageTypeDefinition<_kedge_v1_GetAdoptionResponseInput, _kedge_v1_GetAdoptionResponseOutput>
      GetAuditProofRequest: MessageTypeDefinition<_kedge_v1_GetAuditProofRequestInput, _kedge_v1_GetAuditProofRequestOutput>
      GetAuditProofResponse: MessageTypeDefinition<_kedge_v1_GetAuditProofResponseInput, _kedge_v1_GetAuditProofResponseOutput>
      GetBlobsRequest: MessageTypeDefinition<_kedge_v1_GetBlobsRequestInput, _kedge_v1_GetBlobsRequestOutput>
      GetBlobsResponse: MessageTypeDefinition<_kedge_v1_GetBlobsResponseInput, _kedge_v1_GetBlobsResponseOutput>
      GetCheckpointRequest: MessageTypeDefinition<_kedge_v1_GetCheckpointRequestInput, _kedge_v1_GetCheckpointRequestOutput>
      GetCheckpointResponse: MessageTypeDefinition<_kedge_v1_GetCheckpointResponseInput, _kedge_v1_GetCheckpointResponseOutput>
      GetDocumentRequest: MessageTypeDefinition<_kedge_v1_GetDocumentRequestInput, _kedge_v1_GetDocumentRequestOutput>
      GetDocumentResponse: MessageTypeDefinition<_kedge_v1_GetDocumentResponseInput, _kedge_v1_GetDocumentResponseOutput>
      GetProposalRequest: MessageTypeDefinition<_kedge_v1_GetProposalRequestInput, _kedge_v1_GetProposalRequestOutput>
      GetProposalResponse: MessageTypeDefinition<_kedge_v1_GetProposalResponseInput, _kedge_v1_GetProposalResponseOutput>
      GetRolloutRequest: MessageTypeDefinition<_kedge_v1_GetRolloutRequestInput, _kedge_v1_GetRolloutRequestOutput>
      GetRolloutResponse: MessageTypeDefinition<_kedge_v1_GetRolloutResponseInput, _kedge_v1_GetRolloutResponseOutput>
      GetStatusRequest: MessageTypeDefinition<_kedge_v1_GetStatusRequestInput, _kedge_v1_GetStatusRequestOutput>
      GetStatusResponse: MessageTypeDefinition<_kedge_v1_GetStatusResponseInput, _kedge_v1_GetStatusResponseOutput>
      GossipService: SubtypeConstructor<typeof grpc.Client, _kedge_v1_GossipServiceClient> & { service: _kedge_v1_GossipServiceDefinition }
      Heartbeat: MessageTypeDefinition<_kedge_v1_HeartbeatInput, _kedge_v1_HeartbeatOutput>
      Held: MessageTypeDefinition<_kedge_v1_HeldInput, _kedge_v1_HeldOutput>
      Hello: MessageTypeDefinition<_kedge_v1_HelloInput, _kedge_v1_HelloOutput>
      KeepAlive: MessageTypeDefinition<_kedge_v1_KeepAliveInput, _kedge_v1_KeepAliveOutput>
      KeyWait: MessageTypeDefinition<_kedge_v1_KeyWaitInput, _kedge_v1_KeyWaitOutput>
      LineRange: MessageTypeDefinition<_kedge_v1_LineRangeInput, _kedge_v1_LineRangeOutput>
      Lines: MessageTypeDefinition<_kedge_v1_LinesInput, _kedge_v1_LinesOutput>
      LinesAsk: MessageTypeDefinition<_kedge_v1_LinesAskInput, _kedge_v1_LinesAskOutput>
      LinkRequest: MessageTypeDefinition<_kedge_v1_LinkRequestInput, _kedge_v1_LinkRequestOutput>
      LinkResponse: MessageTypeDefinition<_kedge_v1_LinkResponseInput, _kedge_v1_LinkResponseOutput>
      LinkState: EnumTypeDefinition
      ListAuditRequest: MessageTypeDefinition<_kedge_v1_ListAuditRequestInput, _kedge_v1_ListAuditRequestOutput>
      ListAuditResponse: MessageTypeDefinition<_kedge_v1_ListAuditResponseInput, _kedge_v1_ListAuditResponseOutput>
      ListClientsRequest: MessageTypeDefinition<_kedge_v1_ListClientsRequestInput, _kedge_v1_ListClientsRequestOutput>
      ListClientsResponse: MessageTypeDefinition<_kedge_v1_ListClientsResponseInput, _kedge_v1_ListClientsResponseOutput>
      ListHistoryRequest: MessageTypeDefinition<_kedge_v1_ListHistoryRequestInput, _kedge_v1_ListHistoryRequestOutput>
      ListHistoryResponse: MessageTypeDefinition<_kedge_v1_ListHistoryResponseInput, _kedge_v1_ListHistoryResponseOutput>
      ListProposalsRequest: MessageTypeDefinition<_kedge_v1_ListProposalsRequestInput, _kedge_v1_ListProposalsRequestOutput>
      ListProposalsResponse: MessageTypeDefinition<_kedge_v1_ListProposalsResponseInput, _kedge_v1_ListProposalsResponseOutput>
      ListStreamsRequest: MessageTypeDefinition<_kedge_v1_ListStreamsRequestInput, _kedge_v1_ListStreamsRequestOutput>
      ListStreamsResponse: MessageTypeDefinition<_kedge_v1_ListStreamsResponseInput, _kedge_v1_ListStreamsResponseOutput>
      MemberBuckets: MessageTypeDefinition<_kedge_v1_MemberBucketsInput, _kedge_v1_MemberBucketsOutput>
      MemberDigest: MessageTypeDefinition<_kedge_v1_MemberDigestInput, _kedge_v1_MemberDigestOutput>
      MemberRow: MessageTypeDefinition<_kedge_v1_MemberRowInput, _kedge_v1_MemberRowOutput>
      MemberRows: MessageTypeDefinition<_kedge_v1_MemberRowsInput, _kedge_v1_MemberRowsOutput>
      MemberState: EnumTypeDefinition
      MemberUpdates: MessageTypeDefinition<_kedge_v1_MemberUpdatesInput, _kedge_v1_MemberUpdatesOutput>
      MemberWant: MessageTypeDefinition<_kedge_v1_MemberWantInput, _kedge_v1_MemberWantOutput>
      Members: MessageTypeDefinition<_kedge_v1_MembersInput, _kedge_v1_MembersOutput>
      Nack: MessageTypeDefinition<_kedge_v1_NackInput, _kedge_v1_NackOutput>
      NamedRelease: MessageTypeDefinition<_kedge_v1_NamedReleaseInput, _kedge_v1_NamedReleaseOutput>
      NodeAdoption: MessageTypeDefinition<_kedge_v1_NodeAdoptionInput, _kedge_v1_NodeAdoptionOutput>
      NodeClients: MessageTypeDefinition<_kedge_v1_NodeClientsInput, _kedge_v1_NodeClientsOutput>
      NodeStanding: EnumTypeDefinition
      Observation: MessageTypeDefinition<_kedge_v1_ObservationInput, _kedge_v1_ObservationOutput>
      PeerDoubt: EnumTypeDefinition
      PeerState: EnumTypeDefinition
      PeerStatus: MessageTypeDefinition<_kedge_v1_PeerStatusInput, _kedge_v1_PeerStatusOutput>
      Ping: MessageTypeDefinition<_kedge_v1_PingInput, _kedge_v1_PingOutput>
      PingRequest: MessageTypeDefinition<_kedge_v1_PingRequestInput, _kedge_v1_PingRequestOutput>
      ProposalDigest: MessageTypeDefinition<_kedge_v1_ProposalDigestInput, _kedge_v1_ProposalDigestOutput>
      ProposalNews: MessageTypeDefinition<_kedge_v1_ProposalNewsInput, _kedge_v1_ProposalNewsOutput>
      ProposalStanding: EnumTypeDefinition
      ProposalStatus: MessageTypeDefinition<_kedge_v1_ProposalStatusInput, _kedge_v1_ProposalStatusOutput>
      ProposalVector: MessageTypeDefinition<_kedge_v1_ProposalVectorInput, _kedge_v1_ProposalVectorOutput>
      ProposalVersion: MessageTypeDefinition<_kedge_v1_ProposalVersionInput, _kedge_v1_ProposalVersionOutput>
      ProposalWithdrawn: MessageTypeDefinition<_kedge_v1_ProposalWithdrawnInput, _kedge_v1_ProposalWithdrawnOutput>
      ProposeRequest: MessageTypeDefinition<_kedge_v1_ProposeRequestInput, _kedge_v1_ProposeRequestOutput>
      ProposeResponse: MessageTypeDefinition<_kedge_v1_ProposeResponseInput, _kedge_v1_ProposeResponseOutput>
      Push: MessageTypeDefinition<_kedge_v1_PushInput, _kedge_v1_PushOutput>
      Refusal: MessageTypeDefinition<_kedge_v1_RefusalInput, _kedge_v1_RefusalOutput>
      RegionSplit: MessageTypeDefinition<_kedge_v1_RegionSplitInput, _kedge_v1_RegionSplitOutput>
      RegionStatus: MessageTypeDefinition<_kedge_v1_RegionStatusInput, _kedge_v1_RegionStatusOutput>
      RevealedKey: MessageTypeDefinition<_kedge_v1_RevealedKeyInput, _kedge_v1_RevealedKeyOutput>
      RolloutClockDoubt: EnumTypeDefinition
      RolloutKnowledge: EnumTypeDefinition
      RolloutNode: MessageTypeDefinition<_kedge_v1_RolloutNodeInput, _kedge_v1_RolloutNodeOutput>
      RolloutStop: MessageTypeDefinition<_kedge_v1_RolloutStopInput, _kedge_v1_RolloutStopOutput>
      RolloutWait: MessageTypeDefinition<_kedge_v1_RolloutWaitInput, _kedge_v1_RolloutWaitOutput>
      RolloutWaitKind: EnumTypeDefinition
      Row: MessageTypeDefinition<_kedge_v1_RowInput, _kedge_v1_RowOutput>
      Rows: MessageTypeDefinition<_kedge_v1_RowsInput, _kedge_v1_RowsOutput>
      RowsAsk: MessageTypeDefinition<_kedge_v1_RowsAskInput, _kedge_v1_RowsAskOutput>
      SeedStatus: MessageTypeDefinition<_kedge_v1_SeedStatusInput, _kedge_v1_SeedStatusOutput>
      Signature: MessageTypeDefinition<_kedge_v1_SignatureInput, _kedge_v1_SignatureOutput>
      SignedDocument: MessageTypeDefinition<_kedge_v1_SignedDocumentInput, _kedge_v1_SignedDocumentOutput>
      SignedMember: MessageTypeDefinition<_kedge_v1_SignedMemberInput, _kedge_v1_SignedMemberOutput>
      SignedStatement: MessageTypeDefinition<_kedge_v1_SignedStatementInput, _kedge_v1_SignedStatementOutput>
      Software: MessageTypeDefinition<_kedge_v1_SoftwareInput, _kedge_v1_SoftwareOutput>
      StoreDigest: MessageTypeDefinition<_kedge_v1_StoreDigestInput, _kedge_v1_StoreDigestOutput>
      StoreMark: MessageTypeDefinition<_kedge_v1_StoreMarkInput, _kedge_v1_StoreMarkOutput>
      StoreTrouble: MessageTypeDefinition<_kedge_v1_StoreTroubleInput, _kedge_v1_StoreTroubleOutput>
      StreamStatus: MessageTypeDefinition<_kedge_v1_StreamStatusInput, _kedge_v1_StreamStatusOutput>
      SubmitRequest: MessageTypeDefinition<_kedge_v1_SubmitRequestInput, _kedge_v1_SubmitRequestOutput>
      SubmitResponse: MessageTypeDefinition<_kedge_v1_SubmitResponseInput, _kedge_v1_SubmitResponseOutput>
      SubscriberStatus: MessageTypeDefinition<_kedge_v1_SubscriberStatusInput, _kedge_v1_SubscriberStatusOutput>
      TlsWorkerStatus: MessageTypeDefinition<_kedge_v1_TlsWorkerStatusInput, _kedge_v1_TlsWorkerStatusOutput>
      Tree: MessageTypeDefinition<_kedge_v1_TreeInput, _kedge_v1_TreeOutput>
      TreeNode: MessageTypeDefinition<_kedge_v1_TreeNodeInput, _kedge_v1_TreeNodeOutput>
      TrustService: SubtypeConstructor<typeof grpc.Client, _kedge_v1_TrustServiceClient> & { service: _kedge_v1_TrustServiceDefinition }
      Usage: MessageTypeDefinition<_kedge_v1_UsageInput, _kedge_v1_UsageOutput>
      WatchRequest: MessageTypeDefinition<_kedge_v1_WatchRequestInput, _kedge_v1_WatchRequestOutput>
      WatchResponse: MessageTypeDefinition<_kedge_v1_WatchResponseInput, _kedge_v1_WatchResponseOutput>
      WatchStart: MessageTypeDefinition<_kedge_v1_WatchStartInput, _kedge_v1_WatchStartOutput>
      WaveRegion: MessageTypeDefinition<_kedge_v1_WaveRegionInput, _kedge_v1_WaveRegionOutput>
      WaveStatus: MessageTypeDefinition<_kedge_v1_WaveStatusInput, _kedge_v1_WaveStatusOutput>
      WithdrawProposalRequest: MessageTypeDefinition<_kedge_v1_WithdrawProposalRequestInput, _kedge_v1_WithdrawProposalRequestOutput>
      WithdrawProposalResponse: MessageTypeDefinition<_kedge_v1_WithdrawProposalResponseInput, _kedge_v1_WithdrawProposalResponseOutput>
    }
  }
}

