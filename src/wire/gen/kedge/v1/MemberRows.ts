// Original file: proto/kedge/v1/gossip.proto

import type { MemberRowInput as _kedge_v1_MemberRowInput, MemberRowOutput as _kedge_v1_MemberRowOutput } from '../../kedge/v1/MemberRow.ts';

export interface MemberRowsInput {
  'buckets'?: (number)[];
  'rows'?: (_kedge_v1_MemberRowInput)[];
}

export interface MemberRowsOutput {
  'buckets': (number)[];
  'rows': (_kedge_v1_MemberRowOutput)[];
}
