import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AckInput as _kedge_v1_AckInput, AckOutput as _kedge_v1_AckOutput } from './kedge/v1/Ack.ts';
import type { AcknowledgementInput as _kedge_v1_AcknowledgementInput, AcknowledgementOutput as _kedge_v1_AcknowledgementOutput } from './kedge/v1/Acknowledgement.ts';
import type { AdoptionDigestInput as _kedge_v1_AdoptionDigestInput, AdoptionDigestOutput as _kedge_v1_AdoptionDigestOutput } from './kedge/v1/AdoptionDigest.ts';
import type { AdoptionRowInput as _kedge_v1_AdoptionRowInput, AdoptionRowOutput as _kedge_v1_AdoptionRowOutput } from './kedge/v1/AdoptionRow.ts';
import type { AdoptionRowsInput as _kedge_v1_AdoptionRowsInput, AdoptionRowsOutput as _kedge_v1_AdoptionRowsOutput } from './kedge/v1/AdoptionRows.ts';
import type { AdoptionVectorInput as _kedge_v1_AdoptionVectorInput, AdoptionVectorOutput as _kedge_v1_AdoptionVectorOutput } from './kedge/v1/AdoptionVector.ts';
import type { AdoptionVersionInput as _kedge_v1_AdoptionVersionInput, AdoptionVersionOutput as _kedge_v1_AdoptionVersionOutput } from './kedge/v1/AdoptionVersion.ts';
import type { AnchorUseInput as _kedge_v1_AnchorUseInput, AnchorUseOutput as _kedge_v1_AnchorUseOutput } from './kedge/v1/AnchorUse.ts';
import type { ArrivalsInput as _kedge_v1_ArrivalsInput, ArrivalsOutput as _kedge_v1_ArrivalsOutput } from './kedge/v1/Arrivals.ts';
import type { AttestedRowInput as _kedge_v1_AttestedRowInput, AttestedRowOutput as _kedge_v1_AttestedRowOutput } from './kedge/v1/AttestedRow.ts';
import type { AttestedRowsInput as _kedge_v1_AttestedRowsInput, AttestedRowsOutput as _kedge_v1_AttestedRowsOutput } from './kedge/v1/AttestedRows.ts';
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
import type { GossipServiceClient as _kedge_v1_GossipServiceClient, GossipServiceDefinition as _kedge_v1_GossipServiceDefinition } from './kedge/v1/GossipService.ts';
import type { HeartbeatInput as _kedge_v1_HeartbeatInput, HeartbeatOutput as _kedge_v1_HeartbeatOutput } from './kedge/v1/Heartbeat.ts';
import type { HeldInput as _kedge_v1_HeldInput, HeldOutput as _kedge_v1_HeldOutput } from './kedge/v1/Held.ts';
import type { HelloInput as _kedge_v1_HelloInput, HelloOutput as _kedge_v1_HelloOutput } from './kedge/v1/Hello.ts';
import type { KeepAliveInput as _kedge_v1_KeepAliveInput, KeepAliveOutput as _kedge_v1_KeepAliveOutput } from './kedge/v1/KeepAlive.ts';
import type { LineRangeInput as _kedge_v1_LineRangeInput, LineRangeOutput as _kedge_v1_LineRangeOutput } from './kedge/v1/LineRange.ts';
import type { LinesInput as _kedge_v1_LinesInput, LinesOutput as _kedge_v1_LinesOutput } from './kedge/v1/Lines.ts';
import type { LinesAskInput as _kedge_v1_LinesAskInput, LinesAskOutput as _kedge_v1_LinesAskOutput } from './kedge/v1/LinesAsk.ts';
import type { LinkRequestInput as _kedge_v1_LinkRequestInput, LinkRequestOutput as _kedge_v1_LinkRequestOutput } from './kedge/v1/LinkRequest.ts';
import type { LinkResponseInput as _kedge_v1_LinkResponseInput, LinkResponseOutput as _kedge_v1_LinkResponseOutput } from './kedge/v1/LinkResponse.ts';
import type { MemberBucketsInput as _kedge_v1_MemberBucketsInput, MemberBucketsOutput as _kedge_v1_MemberBucketsOutput } from './kedge/v1/MemberBuckets.ts';
import type { MemberDigestInput as _kedge_v1_MemberDigestInput, MemberDigestOutput as _kedge_v1_MemberDigestOutput } from './kedge/v1/MemberDigest.ts';
import type { MemberRowInput as _kedge_v1_MemberRowInput, MemberRowOutput as _kedge_v1_MemberRowOutput } from './kedge/v1/MemberRow.ts';
import type { MemberRowsInput as _kedge_v1_MemberRowsInput, MemberRowsOutput as _kedge_v1_MemberRowsOutput } from './kedge/v1/MemberRows.ts';
import type { MemberUpdatesInput as _kedge_v1_MemberUpdatesInput, MemberUpdatesOutput as _kedge_v1_MemberUpdatesOutput } from './kedge/v1/MemberUpdates.ts';
import type { MemberWantInput as _kedge_v1_MemberWantInput, MemberWantOutput as _kedge_v1_MemberWantOutput } from './kedge/v1/MemberWant.ts';
import type { MembersInput as _kedge_v1_MembersInput, MembersOutput as _kedge_v1_MembersOutput } from './kedge/v1/Members.ts';
import type { NackInput as _kedge_v1_NackInput, NackOutput as _kedge_v1_NackOutput } from './kedge/v1/Nack.ts';
import type { ObservationInput as _kedge_v1_ObservationInput, ObservationOutput as _kedge_v1_ObservationOutput } from './kedge/v1/Observation.ts';
import type { PingInput as _kedge_v1_PingInput, PingOutput as _kedge_v1_PingOutput } from './kedge/v1/Ping.ts';
import type { PingRequestInput as _kedge_v1_PingRequestInput, PingRequestOutput as _kedge_v1_PingRequestOutput } from './kedge/v1/PingRequest.ts';
import type { ProposalDigestInput as _kedge_v1_ProposalDigestInput, ProposalDigestOutput as _kedge_v1_ProposalDigestOutput } from './kedge/v1/ProposalDigest.ts';
import type { ProposalNewsInput as _kedge_v1_ProposalNewsInput, ProposalNewsOutput as _kedge_v1_ProposalNewsOutput } from './kedge/v1/ProposalNews.ts';
import type { ProposalVectorInput as _kedge_v1_ProposalVectorInput, ProposalVectorOutput as _kedge_v1_ProposalVectorOutput } from './kedge/v1/ProposalVector.ts';
import type { ProposalVersionInput as _kedge_v1_ProposalVersionInput, ProposalVersionOutput as _kedge_v1_ProposalVersionOutput } from './kedge/v1/ProposalVersion.ts';
import type { ProposalWithdrawnInput as _kedge_v1_ProposalWithdrawnInput, ProposalWithdrawnOutput as _kedge_v1_ProposalWithdrawnOutput } from './kedge/v1/ProposalWithdrawn.ts';
import type { PushInput as _kedge_v1_PushInput, PushOutput as _kedge_v1_PushOutput } from './kedge/v1/Push.ts';
import type { RefusalInput as _kedge_v1_RefusalInput, RefusalOutput as _kedge_v1_RefusalOutput } from './kedge/v1/Refusal.ts';
import type { RegionSplitInput as _kedge_v1_RegionSplitInput, RegionSplitOutput as _kedge_v1_RegionSplitOutput } from './kedge/v1/RegionSplit.ts';
import type { RevealedKeyInput as _kedge_v1_RevealedKeyInput, RevealedKeyOutput as _kedge_v1_RevealedKeyOutput } from './kedge/v1/RevealedKey.ts';
import type { RowInput as _kedge_v1_RowInput, RowOutput as _kedge_v1_RowOutput } from './kedge/v1/Row.ts';
import type { RowsInput as _kedge_v1_RowsInput, RowsOutput as _kedge_v1_RowsOutput } from './kedge/v1/Rows.ts';
import type { RowsAskInput as _kedge_v1_RowsAskInput, RowsAskOutput as _kedge_v1_RowsAskOutput } from './kedge/v1/RowsAsk.ts';
import type { SignatureInput as _kedge_v1_SignatureInput, SignatureOutput as _kedge_v1_SignatureOutput } from './kedge/v1/Signature.ts';
import type { SignedDocumentInput as _kedge_v1_SignedDocumentInput, SignedDocumentOutput as _kedge_v1_SignedDocumentOutput } from './kedge/v1/SignedDocument.ts';
import type { SignedMemberInput as _kedge_v1_SignedMemberInput, SignedMemberOutput as _kedge_v1_SignedMemberOutput } from './kedge/v1/SignedMember.ts';
import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from './kedge/v1/SignedStatement.ts';
import type { SoftwareInput as _kedge_v1_SoftwareInput, SoftwareOutput as _kedge_v1_SoftwareOutput } from './kedge/v1/Software.ts';
import type { StoreDigestInput as _kedge_v1_StoreDigestInput, StoreDigestOutput as _kedge_v1_StoreDigestOutput } from './kedge/v1/StoreDigest.ts';
import type { StoreMarkInput as _kedge_v1_StoreMarkInput, StoreMarkOutput as _kedge_v1_StoreMarkOutput } from './kedge/v1/StoreMark.ts';
import type { TreeInput as _kedge_v1_TreeInput, TreeOutput as _kedge_v1_TreeOutput } from './kedge/v1/Tree.ts';
import type { TreeNodeInput as _kedge_v1_TreeNodeInput, TreeNodeOutput as _kedge_v1_TreeNodeOutput } from './kedge/v1/TreeNode.ts';
import type { TrustServiceClient as _kedge_v1_TrustServiceClient, TrustServiceDefinition as _kedge_v1_TrustServiceDefinition } from './kedge/v1/TrustService.ts';
import type { UsageInput as _kedge_v1_UsageInput, UsageOutput as _kedge_v1_UsageOutput } from './kedge/v1/Usage.ts';
import type { WatchRequestInput as _kedge_v1_WatchRequestInput, WatchRequestOutput as _kedge_v1_WatchRequestOutput } from './kedge/v1/WatchRequest.ts';
import type { WatchResponseInput as _kedge_v1_WatchResponseInput, WatchResponseOutput as _kedge_v1_WatchResponseOutput } from './kedge/v1/WatchResponse.ts';
import type { WatchStartInput as _kedge_v1_WatchStartInput, WatchStartOutput as _kedge_v1_WatchStartOutput } from './kedge/v1/WatchStart.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  kedge: {
    v1: {
      Ack: MessageTypeDefinition<_kedge_v1_AckInput, _kedge_v1_AckOutput>
      Acknowledgement: MessageTypeDefinition<_kedge_v1_AcknowledgementInput, _kedge_v1_AcknowledgementOutput>
      AdoptionDigest: MessageTypeDefinition<_kedge_v1_AdoptionDigestInput, _kedge_v1_AdoptionDigestOutput>
      AdoptionRow: MessageTypeDefinition<_kedge_v1_AdoptionRowInput, _kedge_v1_AdoptionRowOutput>
      AdoptionRows: MessageTypeDefinition<_kedge_v1_AdoptionRowsInput, _kedge_v1_AdoptionRowsOutput>
      AdoptionStage: EnumTypeDefinition
      AdoptionVector: MessageTypeDefinition<_kedge_v1_AdoptionVectorInput, _kedge_v1_AdoptionVectorOutput>
      AdoptionVersion: MessageTypeDefinition<_kedge_v1_AdoptionVersionInput, _kedge_v1_AdoptionVersionOutput>
      AnchorUse: MessageTypeDefinition<_kedge_v1_AnchorUseInput, _kedge_v1_AnchorUseOutput>
      Arrivals: MessageTypeDefinition<_kedge_v1_ArrivalsInput, _kedge_v1_ArrivalsOutput>
      AttestedRow: MessageTypeDefinition<_kedge_v1_AttestedRowInput, _kedge_v1_AttestedRowOutput>
      AttestedRows: MessageTypeDefinition<_kedge_v1_AttestedRowsInput, _kedge_v1_AttestedRowsOutput>
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
      GossipService: SubtypeConstructor<typeof grpc.Client, _kedge_v1_GossipServiceClient> & { service: _kedge_v1_GossipServiceDefinition }
      Heartbeat: MessageTypeDefinition<_kedge_v1_HeartbeatInput, _kedge_v1_HeartbeatOutput>
      Held: MessageTypeDefinition<_kedge_v1_HeldInput, _kedge_v1_HeldOutput>
      Hello: MessageTypeDefinition<_kedge_v1_HelloInput, _kedge_v1_HelloOutput>
      KeepAlive: MessageTypeDefinition<_kedge_v1_KeepAliveInput, _kedge_v1_KeepAliveOutput>
      LineRange: MessageTypeDefinition<_kedge_v1_LineRangeInput, _kedge_v1_LineRangeOutput>
      Lines: MessageTypeDefinition<_kedge_v1_LinesInput, _kedge_v1_LinesOutput>
      LinesAsk: MessageTypeDefinition<_kedge_v1_LinesAskInput, _kedge_v1_LinesAskOutput>
      LinkRequest: MessageTypeDefinition<_kedge_v1_LinkRequestInput, _kedge_v1_LinkRequestOutput>
      LinkResponse: MessageTypeDefinition<_kedge_v1_LinkResponseInput, _kedge_v1_LinkResponseOutput>
      MemberBuckets: MessageTypeDefinition<_kedge_v1_MemberBucketsInput, _kedge_v1_MemberBucketsOutput>
      MemberDigest: MessageTypeDefinition<_kedge_v1_MemberDigestInput, _kedge_v1_MemberDigestOutput>
      MemberRow: MessageTypeDefinition<_kedge_v1_MemberRowInput, _kedge_v1_MemberRowOutput>
      MemberRows: MessageTypeDefinition<_kedge_v1_MemberRowsInput, _kedge_v1_MemberRowsOutput>
      MemberState: EnumTypeDefinition
      MemberUpdates: MessageTypeDefinition<_kedge_v1_MemberUpdatesInput, _kedge_v1_MemberUpdatesOutput>
      MemberWant: MessageTypeDefinition<_kedge_v1_MemberWantInput, _kedge_v1_MemberWantOutput>
      Members: MessageTypeDefinition<_kedge_v1_MembersInput, _kedge_v1_MembersOutput>
      Nack: MessageTypeDefinition<_kedge_v1_NackInput, _kedge_v1_NackOutput>
      Observation: MessageTypeDefinition<_kedge_v1_ObservationInput, _kedge_v1_ObservationOutput>
      Ping: MessageTypeDefinition<_kedge_v1_PingInput, _kedge_v1_PingOutput>
      PingRequest: MessageTypeDefinition<_kedge_v1_PingRequestInput, _kedge_v1_PingRequestOutput>
      ProposalDigest: MessageTypeDefinition<_kedge_v1_ProposalDigestInput, _kedge_v1_ProposalDigestOutput>
      ProposalNews: MessageTypeDefinition<_kedge_v1_ProposalNewsInput, _kedge_v1_ProposalNewsOutput>
      ProposalVector: MessageTypeDefinition<_kedge_v1_ProposalVectorInput, _kedge_v1_ProposalVectorOutput>
      ProposalVersion: MessageTypeDefinition<_kedge_v1_ProposalVersionInput, _kedge_v1_ProposalVersionOutput>
      ProposalWithdrawn: MessageTypeDefinition<_kedge_v1_ProposalWithdrawnInput, _kedge_v1_ProposalWithdrawnOutput>
      Push: MessageTypeDefinition<_kedge_v1_PushInput, _kedge_v1_PushOutput>
      Refusal: MessageTypeDefinition<_kedge_v1_RefusalInput, _kedge_v1_RefusalOutput>
      RegionSplit: MessageTypeDefinition<_kedge_v1_RegionSplitInput, _kedge_v1_RegionSplitOutput>
      RevealedKey: MessageTypeDefinition<_kedge_v1_RevealedKeyInput, _kedge_v1_RevealedKeyOutput>
      Row: MessageTypeDefinition<_kedge_v1_RowInput, _kedge_v1_RowOutput>
      Rows: MessageTypeDefinition<_kedge_v1_RowsInput, _kedge_v1_RowsOutput>
      RowsAsk: MessageTypeDefinition<_kedge_v1_RowsAskInput, _kedge_v1_RowsAskOutput>
      Signature: MessageTypeDefinition<_kedge_v1_SignatureInput, _kedge_v1_SignatureOutput>
      SignedDocument: MessageTypeDefinition<_kedge_v1_SignedDocumentInput, _kedge_v1_SignedDocumentOutput>
      SignedMember: MessageTypeDefinition<_kedge_v1_SignedMemberInput, _kedge_v1_SignedMemberOutput>
      SignedStatement: MessageTypeDefinition<_kedge_v1_SignedStatementInput, _kedge_v1_SignedStatementOutput>
      Software: MessageTypeDefinition<_kedge_v1_SoftwareInput, _kedge_v1_SoftwareOutput>
      StoreDigest: MessageTypeDefinition<_kedge_v1_StoreDigestInput, _kedge_v1_StoreDigestOutput>
      StoreMark: MessageTypeDefinition<_kedge_v1_StoreMarkInput, _kedge_v1_StoreMarkOutput>
      Tree: MessageTypeDefinition<_kedge_v1_TreeInput, _kedge_v1_TreeOutput>
      TreeNode: MessageTypeDefinition<_kedge_v1_TreeNodeInput, _kedge_v1_TreeNodeOutput>
      TrustService: SubtypeConstructor<typeof grpc.Client, _kedge_v1_TrustServiceClient> & { service: _kedge_v1_TrustServiceDefinition }
      Usage: MessageTypeDefinition<_kedge_v1_UsageInput, _kedge_v1_UsageOutput>
      WatchRequest: MessageTypeDefinition<_kedge_v1_WatchRequestInput, _kedge_v1_WatchRequestOutput>
      WatchResponse: MessageTypeDefinition<_kedge_v1_WatchResponseInput, _kedge_v1_WatchResponseOutput>
      WatchStart: MessageTypeDefinition<_kedge_v1_WatchStartInput, _kedge_v1_WatchStartOutput>
    }
  }
}

