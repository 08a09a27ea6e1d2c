// Original file: proto/kedge/v1/admin.proto

import type { WaveRegionInput as _kedge_v1_WaveRegionInput, WaveRegionOutput as _kedge_v1_WaveRegionOutput } from '../../kedge/v1/WaveRegion.ts';
import type { Long } from '@grpc/proto-loader';

export interface WaveStatusInput {
  'openedAtMs'?: (number | string | Long);
  'regions'?: (_kedge_v1_WaveRegionInput)[];
}

export interface WaveStatusOutput {
  'openedAtMs': (string);
  'regions': (_kedge_v1_WaveRegionOutput)[];
}
