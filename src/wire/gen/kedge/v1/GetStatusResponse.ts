// Original file: proto/kedge/v1/admin.proto

import type { StreamStatusInput as _kedge_v1_StreamStatusInput, StreamStatusOutput as _kedge_v1_StreamStatusOutput } from '../../kedge/v1/StreamStatus.ts';
import type { PeerStatusInput as _kedge_v1_PeerStatusInput, PeerStatusOutput as _kedge_v1_PeerStatusOutput } from '../../kedge/v1/PeerStatus.ts';
import type { SubscriberStatusInput as _kedge_v1_SubscriberStatusInput, SubscriberStatusOutput as _kedge_v1_SubscriberStatusOutput } from '../../kedge/v1/SubscriberStatus.ts';
import type { RegionStatusInput as _kedge_v1_RegionStatusInput, RegionStatusOutput as _kedge_v1_RegionStatusOutput } from '../../kedge/v1/RegionStatus.ts';
import type { SeedStatusInput as _kedge_v1_SeedStatusInput, SeedStatusOutput as _kedge_v1_SeedStatusOutput } from '../../kedge/v1/SeedStatus.ts';
import type { StoreTroubleInput as _kedge_v1_StoreTroubleInput, StoreTroubleOutput as _kedge_v1_StoreTroubleOutput } from '../../kedge/v1/StoreTrouble.ts';
import type { TlsWorkerStatusInput as _kedge_v1_TlsWorkerStatusInput, TlsWorkerStatusOutput as _kedge_v1_TlsWorkerStatusOutput } from '../../kedge/v1/TlsWorkerStatus.ts';
import type { KeyWaitInput as _kedge_v1_KeyWaitInput, KeyWaitOutput as _kedge_v1_KeyWaitOutput } from '../../kedge/v1/KeyWait.ts';
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
  'peers'?: (_kedge_v1_PeerStatusInput)[];
  'subscribers'?: (_kedge_v1_SubscriberStatusInput)[];
  'comparedAtMs'?: (number | string | Long);
  'repairedAtMs'?: (number | string | Long);
  'behind'?: (number);
  'regions'?: (_kedge_v1_RegionStatusInput)[];
  'documents'?: (number);
  'failingSeeds'?: (_kedge_v1_SeedStatusInput)[];
  'storeTrouble'?: (_kedge_v1_StoreTroubleInput | null);
  'tlsWorkers'?: (_kedge_v1_TlsWorkerStatusInput)[];
  'keyWait'?: (_kedge_v1_KeyWaitInput | null);
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
  'peers': (_kedge_v1_PeerStatusOutput)[];
  'subscribers': (_kedge_v1_SubscriberStatusOutput)[];
  'comparedAtMs': (string);
  'repairedAtMs': (string);
  'behind': (number);
  'regions': (_kedge_v1_RegionStatusOutput)[];
  'documents': (number);
  'failingSeeds': (_kedge_v1_SeedStatusOutput)[];
  'storeTrouble': (_kedge_v1_StoreTroubleOutput | null);
  'tlsWorkers': (_kedge_v1_TlsWorkerStatusOutput)[];
  'keyWait': (_kedge_v1_KeyWaitOutput | null);
}
