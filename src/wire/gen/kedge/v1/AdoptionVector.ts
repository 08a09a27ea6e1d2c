// Original file: proto/kedge/v1/gossip.proto

import type { AdoptionVersionInput as _kedge_v1_AdoptionVersionInput, AdoptionVersionOutput as _kedge_v1_AdoptionVersionOutput } from '../../kedge/v1/AdoptionVersion.ts';

export interface AdoptionVectorInput {
  'versions'?: (_kedge_v1_AdoptionVersionInput)[];
  'answer'?: (boolean);
}

export interface AdoptionVectorOutput {
  'versions': (_kedge_v1_AdoptionVersionOutput)[];
  'answer': (boolean);
}
