// Original file: proto/kedge/v1/gossip.proto

import type { HelloInput as _kedge_v1_HelloInput, HelloOutput as _kedge_v1_HelloOutput } from '../../kedge/v1/Hello.ts';
import type { PushInput as _kedge_v1_PushInput, PushOutput as _kedge_v1_PushOutput } from '../../kedge/v1/Push.ts';
import type { HeldInput as _kedge_v1_HeldInput, HeldOutput as _kedge_v1_HeldOutput } from '../../kedge/v1/Held.ts';
import type { StoreDigestInput as _kedge_v1_StoreDigestInput, StoreDigestOutput as _kedge_v1_StoreDigestOutput } from '../../kedge/v1/StoreDigest.ts';
import type { RowsInput as _kedge_v1_RowsInput, RowsOutput as _kedge_v1_RowsOutput } from '../../kedge/v1/Rows.ts';
import type { ForkEvidenceInput as _kedge_v1_ForkEvidenceInput, ForkEvidenceOutput as _kedge_v1_ForkEvidenceOutput } from '../../kedge/v1/ForkEvidence.ts';
import type { RowsAskInput as _kedge_v1_RowsAskInput, RowsAskOutput as _kedge_v1_RowsAskOutput } from '../../kedge/v1/RowsAsk.ts';
import type { TreeInput as _kedge_v1_TreeInput, TreeOutput as _kedge_v1_TreeOutput } from '../../kedge/v1/Tree.ts';
import type { PingInput as _kedge_v1_PingInput, PingOutput as _kedge_v1_PingOutput } from '../../kedge/v1/Ping.ts';
import type { AckInput as _kedge_v1_AckInput, AckOutput as _kedge_v1_AckOutput } from '../../kedge/v1/Ack.ts';
import type { PingRequestInput as _kedge_v1_PingRequestInput, PingRequestOutput as _kedge_v1_PingRequestOutput } from '../../kedge/v1/PingRequest.ts';
import type { NackInput as _kedge_v1_NackInput, NackOutput as _kedge_v1_NackOutput } from '../../kedge/v1/Nack.ts';
import type { MembersInput as _kedge_v1_MembersInput, MembersOutput as _kedge_v1_MembersOutput } from '../../kedge/v1/Members.ts';
import type { MemberDigestInput as _kedge_v1_MemberDigestInput, MemberDigestOutput as _kedge_v1_MemberDigestOutput } from '../../kedge/v1/MemberDigest.ts';
import type { MemberBucketsInput as _kedge_v1_MemberBucketsInput, MemberBucketsOutput as _kedge_v1_MemberBucketsOutput } from '../../kedge/v1/MemberBuckets.ts';
import type { MemberRowsInput as _kedge_v1_MemberRowsInput, MemberRowsOutput as _kedge_v1_MemberRowsOutput } from '../../kedge/v1/MemberRows.ts';
import type { MemberWantInput as _kedge_v1_MemberWantInput, MemberWantOutput as _kedge_v1_MemberWantOutput } from '../../kedge/v1/MemberWant.ts';
import type { CosignedInput as _kedge_v1_CosignedInput, CosignedOutput as _kedge_v1_CosignedOutput } from '../../kedge/v1/Cosigned.ts';
import type { HeartbeatInput as _kedge_v1_HeartbeatInput, HeartbeatOutput as _kedge_v1_HeartbeatOutput } from '../../kedge/v1/Heartbeat.ts';
import type { RegionSplitInput as _kedge_v1_RegionSplitInput, RegionSplitOutput as _kedge_v1_RegionSplitOutput } from '../../kedge/v1/RegionSplit.ts';
import type { CosignedAskInput as _kedge_v1_CosignedAskInput, CosignedAskOutput as _kedge_v1_CosignedAskOutput } from '../../kedge/v1/CosignedAsk.ts';
import type { AdoptionRowsInput as _kedge_v1_AdoptionRowsInput, AdoptionRowsOutput as _kedge_v1_AdoptionRowsOutput } from '../../kedge/v1/AdoptionRows.ts';
import type { AdoptionDigestInput as _kedge_v1_AdoptionDigestInput, AdoptionDigestOutput as _kedge_v1_AdoptionDigestOutput } from '../../kedge/v1/AdoptionDigest.ts';
import type { AdoptionVectorInput as _kedge_v1_AdoptionVectorInput, AdoptionVectorOutput as _kedge_v1_AdoptionVectorOutput } from '../../kedge/v1/AdoptionVector.ts';
import type { ArrivalsInput as _kedge_v1_ArrivalsInput, ArrivalsOutput as _kedge_v1_ArrivalsOutput } from '../../kedge/v1/Arrivals.ts';

export interface FrameInput {
  'hello'?: (_kedge_v1_HelloInput | null);
  'push'?: (_kedge_v1_PushInput | null);
  'held'?: (_kedge_v1_HeldInput | null);
  'digest'?: (_kedge_v1_StoreDigestInput | null);
  'rows'?: (_kedge_v1_RowsInput | null);
  'fork'?: (_kedge_v1_ForkEvidenceInput | null);
  'rowsAsk'?: (_kedge_v1_RowsAskInput | null);
  'tree'?: (_kedge_v1_TreeInput | null);
  'ping'?: (_kedge_v1_PingInput | null);
  'ack'?: (_kedge_v1_AckInput | null);
  'pingRequest'?: (_kedge_v1_PingRequestInput | null);
  'nack'?: (_kedge_v1_NackInput | null);
  'members'?: (_kedge_v1_MembersInput | null);
  'memberDigest'?: (_kedge_v1_MemberDigestInput | null);
  'memberBuckets'?: (_kedge_v1_MemberBucketsInput | null);
  'memberRows'?: (_kedge_v1_MemberRowsInput | null);
  'memberWant'?: (_kedge_v1_MemberWantInput | null);
  'cosigned'?: (_kedge_v1_CosignedInput | null);
  'heartbeat'?: (_kedge_v1_HeartbeatInput | null);
  'regionSplit'?: (_kedge_v1_RegionSplitInput | null);
  'cosignedAsk'?: (_kedge_v1_CosignedAskInput | null);
  'adoptionRows'?: (_kedge_v1_AdoptionRowsInput | null);
  'adoptionDigest'?: (_kedge_v1_AdoptionDigestInput | null);
  'adoptionVector'?: (_kedge_v1_AdoptionVectorInput | null);
  'arrivals'?: (_kedge_v1_ArrivalsInput | null);
  'message'?: "hello"|"push"|"held"|"digest"|"rows"|"fork"|"rowsAsk"|"tree"|"ping"|"ack"|"pingRequest"|"nack"|"members"|"memberDigest"|"memberBuckets"|"memberRows"|"memberWant"|"cosigned"|"heartbeat"|"regionSplit"|"cosignedAsk"|"adoptionRows"|"adoptionDigest"|"adoptionVector"|"arrivals";
}

export interface FrameOutput {
  'hello'?: (_kedge_v1_HelloOutput | null);
  'push'?: (_kedge_v1_PushOutput | null);
  'held'?: (_kedge_v1_HeldOutput | null);
  'digest'?: (_kedge_v1_StoreDigestOutput | null);
  'rows'?: (_kedge_v1_RowsOutput | null);
  'fork'?: (_kedge_v1_ForkEvidenceOutput | null);
  'rowsAsk'?: (_kedge_v1_RowsAskOutput | null);
  'tree'?: (_kedge_v1_TreeOutput | null);
  'ping'?: (_kedge_v1_PingOutput | null);
  'ack'?: (_kedge_v1_AckOutput | null);
  'pingRequest'?: (_kedge_v1_PingRequestOutput | null);
  'nack'?: (_kedge_v1_NackOutput | null);
  'members'?: (_kedge_v1_MembersOutput | null);
  'memberDigest'?: (_kedge_v1_MemberDigestOutput | null);
  'memberBuckets'?: (_kedge_v1_MemberBucketsOutput | null);
  'memberRows'?: (_kedge_v1_MemberRowsOutput | null);
  'memberWant'?: (_kedge_v1_MemberWantOutput | null);
  'cosigned'?: (_kedge_v1_CosignedOutput | null);
  'heartbeat'?: (_kedge_v1_HeartbeatOutput | null);
  'regionSplit'?: (_kedge_v1_RegionSplitOutput | null);
  'cosignedAsk'?: (_kedge_v1_CosignedAskOutput | null);
  'adoptionRows'?: (_kedge_v1_AdoptionRowsOutput | null);
  'adoptionDigest'?: (_kedge_v1_AdoptionDigestOutput | null);
  'adoptionVector'?: (_kedge_v1_AdoptionVectorOutput | null);
  'arrivals'?: (_kedge_v1_ArrivalsOutput | null);
  'message'?: "hello"|"push"|"held"|"digest"|"rows"|"fork"|"rowsAsk"|"tree"|"ping"|"ack"|"pingRequest"|"nack"|"members"|"memberDigest"|"memberBuckets"|"memberRows"|"memberWant"|"cosigned"|"heartbeat"|"regionSplit"|"cosignedAsk"|"adoptionRows"|"adoptionDigest"|"adoptionVector"|"arrivals";
}
