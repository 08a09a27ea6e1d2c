// Original file: proto/kedge/v1/admin.proto

import type { AttestedRowsInput as _kedge_v1_AttestedRowsInput, AttestedRowsOutput as _kedge_v1_AttestedRowsOutput } from '../../kedge/v1/AttestedRows.ts';

export interface GetCheckpointResponseInput {
  'note'?: (Buffer | Uint8Array | string);
  'proof'?: (Buffer | Uint8Array | string)[];
  'heartbeats'?: (_kedge_v1_AttestedRowsInput)[];
}

export interface GetCheckpointResponseOutput {
  'note': (Buffer);
  'proof': (Buffer)[];
  'heartbeats': (_kedge_v1_AttestedRowsOutput)[];
}
