// Original file: proto/kedge/v1/gossip.proto

import type { MemberUpdatesInput as _kedge_v1_MemberUpdatesInput, MemberUpdatesOutput as _kedge_v1_MemberUpdatesOutput } from '../../kedge/v1/MemberUpdates.ts';

export interface MembersInput {
  'updates'?: (_kedge_v1_MemberUpdatesInput | null);
}

export interface MembersOutput {
  'updates': (_kedge_v1_MemberUpdatesOutput | null);
}
