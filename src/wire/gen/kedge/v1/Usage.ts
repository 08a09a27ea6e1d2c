// Original file: proto/kedge/v1/trust.proto

import type { AnchorUseInput as _kedge_v1_AnchorUseInput, AnchorUseOutput as _kedge_v1_AnchorUseOutput } from '../../kedge/v1/AnchorUse.ts';

export interface UsageInput {
  'bundle'?: (string);
  'uses'?: (_kedge_v1_AnchorUseInput)[];
  'untracked'?: (boolean);
}

export interface UsageOutput {
  'bundle': (string);
  'uses': (_kedge_v1_AnchorUseOutput)[];
  'untracked': (boolean);
}
