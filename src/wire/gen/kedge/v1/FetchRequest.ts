// Original file: proto/kedge/v1/gossip.proto

import type { FetchPartInput as _kedge_v1_FetchPartInput, FetchPartOutput as _kedge_v1_FetchPartOutput } from '../../kedge/v1/FetchPart.ts';
import type { Long } from '@grpc/proto-loader';

export interface FetchRequestInput {
  'stream'?: (string);
  'fromSequence'?: (number | string | Long);
  'toSequence'?: (number | string | Long);
  'more'?: (_kedge_v1_FetchPartInput)[];
}

export interface FetchRequestOutput {
  'stream': (string);
  'fromSequence': (string);
  'toSequence': (string);
  'more': (_kedge_v1_FetchPartOutput)[];
}
