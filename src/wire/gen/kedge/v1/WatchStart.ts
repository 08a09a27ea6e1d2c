// Original file: proto/kedge/v1/trust.proto

import type { BundleCursorInput as _kedge_v1_BundleCursorInput, BundleCursorOutput as _kedge_v1_BundleCursorOutput } from '../../kedge/v1/BundleCursor.ts';
import type { Long } from '@grpc/proto-loader';

export interface WatchStartInput {
  'realm'?: (string);
  'firstCharterDigest'?: (Buffer | Uint8Array | string);
  'charterVersion'?: (number | string | Long);
  'bundles'?: (_kedge_v1_BundleCursorInput)[];
  'labels'?: ({[key: string]: string});
  'wantsAttestations'?: (boolean);
  'instance'?: (Buffer | Uint8Array | string);
  'streams'?: (number | string | Long);
  'previousNode'?: (string);
  'reportsUsage'?: (boolean);
  'charterDigest'?: (Buffer | Uint8Array | string);
  'wantsWaiting'?: (boolean);
}

export interface WatchStartOutput {
  'realm': (string);
  'firstCharterDigest': (Buffer);
  'charterVersion': (string);
  'bundles': (_kedge_v1_BundleCursorOutput)[];
  'labels': ({[key: string]: string});
  'wantsAttestations': (boolean);
  'instance': (Buffer);
  'streams': (string);
  'previousNode': (string);
  'reportsUsage': (boolean);
  'charterDigest': (Buffer);
  'wantsWaiting': (boolean);
}
