// Original file: proto/kedge/v1/trust.proto

import type { BundleCursorInput as _kedge_v1_BundleCursorInput, BundleCursorOutput as _kedge_v1_BundleCursorOutput } from '../../kedge/v1/BundleCursor.ts';
import type { AdoptionStageInput as _kedge_v1_AdoptionStageInput, AdoptionStageOutput as _kedge_v1_AdoptionStageOutput } from '../../kedge/v1/AdoptionStage.ts';

export interface AcknowledgementInput {
  'at'?: (_kedge_v1_BundleCursorInput | null);
  'stage'?: (_kedge_v1_AdoptionStageInput);
}

export interface AcknowledgementOutput {
  'at': (_kedge_v1_BundleCursorOutput | null);
  'stage': (_kedge_v1_AdoptionStageOutput);
}
