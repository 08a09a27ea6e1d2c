// Original file: proto/kedge/v1/gossip.proto

import type { StoreMarkInput as _kedge_v1_StoreMarkInput, StoreMarkOutput as _kedge_v1_StoreMarkOutput } from '../../kedge/v1/StoreMark.ts';
import type { Long } from '@grpc/proto-loader';

export interface StoreDigestInput {
  'root'?: (Buffer | Uint8Array | string);
  'count'?: (number | string | Long);
  'answer'?: (boolean);
  'revision'?: (number | string | Long);
  'seen'?: (number | string | Long);
  'others'?: (number);
  'holding'?: (boolean);
  'seeking'?: (boolean);
  'mark'?: (_kedge_v1_StoreMarkInput | null);
  'markSeen'?: (number | string | Long);
  'remembered'?: (_kedge_v1_StoreMarkInput | null);
}

export interface StoreDigestOutput {
  'root': (Buffer);
  'count': (string);
  'answer': (boolean);
  'revision': (string);
  'seen': (string);
  'others': (number);
  'holding': (boolean);
  'seeking': (boolean);
  'mark': (_kedge_v1_StoreMarkOutput | null);
  'markSeen': (string);
  'remembered': (_kedge_v1_StoreMarkOutput | null);
}
