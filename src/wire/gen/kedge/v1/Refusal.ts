// Original file: proto/kedge/v1/trust.proto

import type { BundleCursorInput as _kedge_v1_BundleCursorInput, BundleCursorOutput as _kedge_v1_BundleCursorOutput } from '../../kedge/v1/BundleCursor.ts';

export interface RefusalInput {
  'at'?: (_kedge_v1_BundleCursorInput | null);
  'code'?: (string);
  'reason'?: (string);
}

export interface RefusalOutput {
  'at': (_kedge_v1_BundleCursorOutput | null);
  'code': (string);
  'reason': (string);
}
