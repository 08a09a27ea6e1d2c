// Original file: proto/kedge/v1/admin.proto

import type { ClientStageInput as _kedge_v1_ClientStageInput, ClientStageOutput as _kedge_v1_ClientStageOutput } from '../../kedge/v1/ClientStage.ts';
import type { Long } from '@grpc/proto-loader';

export interface AdoptionGroupInput {
  'region'?: (string);
  'stage'?: (_kedge_v1_ClientStageInput);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'otherSequence'?: (number | string | Long);
  'code'?: (string);
  'labels'?: ({[key: string]: string});
  'departed'?: (boolean);
  'count'?: (number | string | Long);
  'behindSinceMs'?: (number | string | Long);
}

export interface AdoptionGroupOutput {
  'region': (string);
  'stage': (_kedge_v1_ClientStageOutput);
  'sequence': (string);
  'digest': (Buffer);
  'otherSequence': (string);
  'code': (string);
  'labels': ({[key: string]: string});
  'departed': (boolean);
  'count': (string);
  'behindSinceMs': (string);
}
