// Original file: proto/kedge/v1/gossip.proto

import type { MemberStateInput as _kedge_v1_MemberStateInput, MemberStateOutput as _kedge_v1_MemberStateOutput } from '../../kedge/v1/MemberState.ts';
import type { Long } from '@grpc/proto-loader';

export interface MemberRowInput {
  'nodeId'?: (string);
  'incarnation'?: (number | string | Long);
  'state'?: (_kedge_v1_MemberStateInput);
}

export interface MemberRowOutput {
  'nodeId': (string);
  'incarnation': (string);
  'state': (_kedge_v1_MemberStateOutput);
}
