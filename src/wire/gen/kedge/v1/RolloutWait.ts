// Original file: proto/kedge/v1/admin.proto

import type { RolloutWaitKindInput as _kedge_v1_RolloutWaitKindInput, RolloutWaitKindOutput as _kedge_v1_RolloutWaitKindOutput } from '../../kedge/v1/RolloutWaitKind.ts';
import type { RolloutClockDoubtInput as _kedge_v1_RolloutClockDoubtInput, RolloutClockDoubtOutput as _kedge_v1_RolloutClockDoubtOutput } from '../../kedge/v1/RolloutClockDoubt.ts';
import type { Long } from '@grpc/proto-loader';

export interface RolloutWaitInput {
  'kind'?: (_kedge_v1_RolloutWaitKindInput);
  'has'?: (number | string | Long);
  'of'?: (number | string | Long);
  'needs'?: (number | string | Long);
  'leftMs'?: (number | string | Long);
  'nodes'?: (string)[];
  'opensAtMs'?: (number | string | Long);
  'clockDoubt'?: (_kedge_v1_RolloutClockDoubtInput);
}

export interface RolloutWaitOutput {
  'kind': (_kedge_v1_RolloutWaitKindOutput);
  'has': (string);
  'of': (string);
  'needs': (string);
  'leftMs': (string);
  'nodes': (string)[];
  'opensAtMs': (string);
  'clockDoubt': (_kedge_v1_RolloutClockDoubtOutput);
}
