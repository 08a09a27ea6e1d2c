// Original file: proto/kedge/v1/gossip.proto

import type { AdoptionRowInput as _kedge_v1_AdoptionRowInput, AdoptionRowOutput as _kedge_v1_AdoptionRowOutput } from '../../kedge/v1/AdoptionRow.ts';

export interface AdoptionRowsInput {
  'rows'?: (_kedge_v1_AdoptionRowInput)[];
  'asked'?: (boolean);
}

export interface AdoptionRowsOutput {
  'rows': (_kedge_v1_AdoptionRowOutput)[];
  'asked': (boolean);
}
