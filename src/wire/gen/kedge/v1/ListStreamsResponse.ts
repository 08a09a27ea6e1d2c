// Original file: proto/kedge/v1/admin.proto

import type { StreamStatusInput as _kedge_v1_StreamStatusInput, StreamStatusOutput as _kedge_v1_StreamStatusOutput } from '../../kedge/v1/StreamStatus.ts';

export interface ListStreamsResponseInput {
  'streams'?: (_kedge_v1_StreamStatusInput)[];
}

export interface ListStreamsResponseOutput {
  'streams': (_kedge_v1_StreamStatusOutput)[];
}
