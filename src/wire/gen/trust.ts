import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AcknowledgementInput as _kedge_v1_AcknowledgementInput, AcknowledgementOutput as _kedge_v1_AcknowledgementOutput } from './kedge/v1/Acknowledgement.ts';
import type { AnchorUseInput as _kedge_v1_AnchorUseInput, AnchorUseOutput as _kedge_v1_AnchorUseOutput } from './kedge/v1/AnchorUse.ts';
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
import type { HeartbeatInput as _kedge_v1_HeartbeatInput, HeartbeatOutput as _kedge_v1_HeartbeatOutput } from './kedge/v1/Heartbeat.ts';
import type { KeepAliveInput as _kedge_v1_KeepAliveInput, KeepAliveOutput as _kedge_v1_KeepAliveOutput } from './kedge/v1/KeepAlive.ts';
import type { RefusalInput as _kedge_v1_RefusalInput, RefusalOutput as _kedge_v1_RefusalOutput } from './kedge/v1/Refusal.ts';
import type { RegionSplitInput as _kedge_v1_RegionSplitInput, RegionSplitOutput as _kedge_v1_RegionSplitOutput } from './kedge/v1/RegionSplit.ts';
import type { RevealedKeyInput as _kedge_v1_RevealedKeyInput, RevealedKeyOutput as _kedge_v1_RevealedKeyOutput } from './kedge/v1/RevealedKey.ts';
import type { SignatureInput as _kedge_v1_SignatureInput, SignatureOutput as _kedge_v1_SignatureOutput } from './kedge/v1/Signature.ts';
import type { SignedDocumentInput as _kedge_v1_SignedDocumentInput, SignedDocumentOutput as _kedge_v1_SignedDocumentOutput } from './kedge/v1/SignedDocument.ts';
import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from './kedge/v1/SignedStatement.ts';
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
      Acknowledgement: MessageTypeDefinition<_kedge_v1_AcknowledgementInput, _kedge_v1_AcknowledgementOutput>
      AdoptionStage: EnumTypeDefinition
      AnchorUse: MessageTypeDefinition<_kedge_v1_AnchorUseInput, _kedge_v1_AnchorUseOutput>
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
      Heartbeat: MessageTypeDefinition<_kedge_v1_HeartbeatInput, _kedge_v1_HeartbeatOutput>
      KeepAlive: MessageTypeDefinition<_kedge_v1_KeepAliveInput, _kedge_v1_KeepAliveOutput>
      Refusal: MessageTypeDefinition<_kedge_v1_RefusalInput, _kedge_v1_RefusalOutput>
      RegionSplit: MessageTypeDefinition<_kedge_v1_RegionSplitInput, _kedge_v1_RegionSplitOutput>
      RevealedKey: MessageTypeDefinition<_kedge_v1_RevealedKeyInput, _kedge_v1_RevealedKeyOutput>
      Signature: MessageTypeDefinition<_kedge_v1_SignatureInput, _kedge_v1_SignatureOutput>
      SignedDocument: MessageTypeDefinition<_kedge_v1_SignedDocumentInput, _kedge_v1_SignedDocumentOutput>
      SignedStatement: MessageTypeDefinition<_kedge_v1_SignedStatementInput, _kedge_v1_SignedStatementOutput>
      TrustService: SubtypeConstructor<typeof grpc.Client, _kedge_v1_TrustServiceClient> & { service: _kedge_v1_TrustServiceDefinition }
      Usage: MessageTypeDefinition<_kedge_v1_UsageInput, _kedge_v1_UsageOutput>
      WatchRequest: MessageTypeDefinition<_kedge_v1_WatchRequestInput, _kedge_v1_WatchRequestOutput>
      WatchResponse: MessageTypeDefinition<_kedge_v1_WatchResponseInput, _kedge_v1_WatchResponseOutput>
      WatchStart: MessageTypeDefinition<_kedge_v1_WatchStartInput, _kedge_v1_WatchStartOutput>
    }
  }
}

