// Original file: proto/kedge/v1/gossip.proto

import type { SignedMemberInput as _kedge_v1_SignedMemberInput, SignedMemberOutput as _kedge_v1_SignedMemberOutput } from '../../kedge/v1/SignedMember.ts';
import type { ObservationInput as _kedge_v1_ObservationInput, ObservationOutput as _kedge_v1_ObservationOutput } from '../../kedge/v1/Observation.ts';

export interface MemberUpdatesInput {
  'members'?: (_kedge_v1_SignedMemberInput)[];
  'observations'?: (_kedge_v1_ObservationInput)[];
}

export interface MemberUpdatesOutput {
  'members': (_kedge_v1_SignedMemberOutput)[];
  'observations': (_kedge_v1_ObservationOutput)[];
}
