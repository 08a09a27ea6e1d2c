// Original file: proto/kedge/v1/gossip.proto

import type { LineRangeInput as _kedge_v1_LineRangeInput, LineRangeOutput as _kedge_v1_LineRangeOutput } from '../../kedge/v1/LineRange.ts';

export interface LinesAskInput {
  'keyId'?: (Buffer | Uint8Array | string);
  'after'?: (string);
  'ranges'?: (_kedge_v1_LineRangeInput)[];
}

export interface LinesAskOutput {
  'keyId': (Buffer);
  'after': (string);
  'ranges': (_kedge_v1_LineRangeOutput)[];
}
