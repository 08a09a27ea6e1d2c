// Original file: proto/kedge/v1/trust.proto

import type { WatchStartInput as _kedge_v1_WatchStartInput, WatchStartOutput as _kedge_v1_WatchStartOutput } from '../../kedge/v1/WatchStart.ts';
import type { AcknowledgementInput as _kedge_v1_AcknowledgementInput, AcknowledgementOutput as _kedge_v1_AcknowledgementOutput } from '../../kedge/v1/Acknowledgement.ts';
import type { RefusalInput as _kedge_v1_RefusalInput, RefusalOutput as _kedge_v1_RefusalOutput } from '../../kedge/v1/Refusal.ts';
import type { UsageInput as _kedge_v1_UsageInput, UsageOutput as _kedge_v1_UsageOutput } from '../../kedge/v1/Usage.ts';
import type { ForkEvidenceInput as _kedge_v1_ForkEvidenceInput, ForkEvidenceOutput as _kedge_v1_ForkEvidenceOutput } from '../../kedge/v1/ForkEvidence.ts';

export interface WatchRequestInput {
  'start'?: (_kedge_v1_WatchStartInput | null);
  'acknowledgement'?: (_kedge_v1_AcknowledgementInput | null);
  'refusal'?: (_kedge_v1_RefusalInput | null);
  'usage'?: (_kedge_v1_UsageInput | null);
  'fork'?: (_kedge_v1_ForkEvidenceInput | null);
  'message'?: "start"|"acknowledgement"|"refusal"|"usage"|"fork";
}

export interface WatchRequestOutput {
  'start'?: (_kedge_v1_WatchStartOutput | null);
  'acknowledgement'?: (_kedge_v1_AcknowledgementOutput | null);
  'refusal'?: (_kedge_v1_RefusalOutput | null);
  'usage'?: (_kedge_v1_UsageOutput | null);
  'fork'?: (_kedge_v1_ForkEvidenceOutput | null);
  'message'?: "start"|"acknowledgement"|"refusal"|"usage"|"fork";
}
