// Original file: proto/kedge/v1/trust.proto

import type { HeartbeatInput as _kedge_v1_HeartbeatInput, HeartbeatOutput as _kedge_v1_HeartbeatOutput } from '../../kedge/v1/Heartbeat.ts';
import type { AttestedRowInput as _kedge_v1_AttestedRowInput, AttestedRowOutput as _kedge_v1_AttestedRowOutput } from '../../kedge/v1/AttestedRow.ts';

export interface AttestedRowsInput {
  'heartbeat'?: (_kedge_v1_HeartbeatInput | null);
  'rows'?: (_kedge_v1_AttestedRowInput)[];
}

export interface AttestedRowsOutput {
  'heartbeat': (_kedge_v1_HeartbeatOutput | null);
  'rows': (_kedge_v1_AttestedRowOutput)[];
}
