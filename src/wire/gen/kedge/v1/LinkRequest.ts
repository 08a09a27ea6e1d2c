// Original file: proto/kedge/v1/gossip.proto

import type { FrameInput as _kedge_v1_FrameInput, FrameOutput as _kedge_v1_FrameOutput } from '../../kedge/v1/Frame.ts';

export interface LinkRequestInput {
  'frame'?: (_kedge_v1_FrameInput | null);
}

export interface LinkRequestOutput {
  'frame': (_kedge_v1_FrameOutput | null);
}
