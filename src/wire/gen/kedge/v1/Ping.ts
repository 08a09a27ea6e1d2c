// Original file: proto/kedge/v1/gossip.proto

import type { MemberUpdatesInput as _kedge_v1_MemberUpdatesInput, MemberUpdatesOutput as _kedge_v1_MemberUpdatesOutput } from '../../kedge/v1/MemberUpdates.ts';
import type { Long } from '@grpc/proto-loader';

export interface PingInput {
  'sequence'?: (number | string | Long);
  'updates'?: (_kedge_v1_MemberUpdatesInput | null);
}

export interface PingOutput {
  'sequence': (string);
  'updates': (_kedge_v1_MemberUpdatesOutput | null);
}
