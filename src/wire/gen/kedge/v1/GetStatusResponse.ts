// Original file: proto/kedge/v1/admin.proto

import type { StreamStatusInput as _kedge_v1_StreamStatusInput, StreamStatusOutput as _kedge_v1_StreamStatusOutput } from '../../kedge/v1/StreamStatus.ts';
import type { LinkStatusInput as _kedge_v1_LinkStatusInput, LinkStatusOutput as _kedge_v1_LinkStatusOutput } from '../../kedge/v1/LinkStatus.ts';
import type { SubscriberStatusInput as _kedge_v1_SubscriberStatusInput, SubscriberStatusOutput as _kedge_v1_SubscriberStatusOutput } from '../../kedge/v1/SubscriberStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface GetStatusResponseInput {
  'nodeId'?: (string);
  'region'?: (string);
  'realm'?: (string);
  'version'?: (string);
  'firstCharterDigest'?: (Buffer | Uint8Array | string);
  'startedAtMs'?: (number | string | Long);
  'root'?: (Buffer | Uint8Array | string);
  'streams'?: (_kedge_v1_StreamStatusInput)[];
  'links'?: (_kedge_v1_LinkStatusInput)[];
  'subscribers'?: (_kedge_v1_SubscriberStatusInput)[];
}

export interface GetStatusResponseOutput {
  'nodeId': (string);
  'region': (string);
  'realm': (string);
  'version': (string);
  'firstCharterDigest': (Buffer);
  'startedAtMs': (string);
  'root': (Buffer);
  'streams': (_kedge_v1_StreamStatusOutput)[];
  'links': (_kedge_v1_LinkStatusOutput)[];
  'subscribers': (_kedge_v1_SubscriberStatusOutput)[];
}
