// Original file: proto/kedge/v1/trust.proto

import type { WatchStartInput as _kedge_v1_WatchStartInput, WatchStartOutput as _kedge_v1_WatchStartOutput } from '../../kedge/v1/WatchStart.ts';
import type { AcknowledgementInput as _kedge_v1_AcknowledgementInput, AcknowledgementOutput as _kedge_v1_AcknowledgementOutput } from '../../kedge/v1/Acknowledgement.ts';
import type { RefusalInput as _kedge_v1_RefusalInput, RefusalOutput as _kedge_v1_RefusalOutput } from '../../kedge/v1/Refusal.ts';
import type { UsageInput as _kedge_v1_UsageInput, UsageOutput as _kedge_v1_UsageOutput } from '../../kedge/v1/Usage.ts';

export interface WatchRequestInput {
  'start'?: (_kedge_v1_WatchStartInput | null);
  'acknowledgement'?: (_kedge_v1_AcknowledgementInput | null);
  'refusal'?: (_kedge_v1_RefusalInput | null);
  'usage'?: (_kedge_v1_UsageInput | null);
  'message'?: "start"|"acknowledgement"|"refusal"|"usage";
}

export interface WatchRequestOutput {
  'start'?: (_kedge_v1_WatchStartOutput | null);
  'acknowledgement'?: (_kedge_v1_AcknowledgementOutput | null);
  'refusal'?: (_kedge_v1_RefusalOutput | null);
  'usage'?: (_kedge_v1_UsageOutput | null);
  'message'?: "start"|"acknowledgement"|"refusal"|"usage";
}
