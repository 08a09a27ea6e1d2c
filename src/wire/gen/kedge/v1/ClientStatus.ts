// Original file: proto/kedge/v1/gossip.proto

import type { ClientStageInput as _kedge_v1_ClientStageInput, ClientStageOutput as _kedge_v1_ClientStageOutput } from '../../kedge/v1/ClientStage.ts';
import type { ClientUseInput as _kedge_v1_ClientUseInput, ClientUseOutput as _kedge_v1_ClientUseOutput } from '../../kedge/v1/ClientUse.ts';
import type { Long } from '@grpc/proto-loader';

export interface ClientStatusInput {
  'identity'?: (string);
  'instance'?: (Buffer | Uint8Array | string);
  'labels'?: ({[key: string]: string});
  'stage'?: (_kedge_v1_ClientStageInput);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'behindSinceMs'?: (number | string | Long);
  'otherSequence'?: (number | string | Long);
  'code'?: (string);
  'reason'?: (string);
  'departed'?: (boolean);
  'sinceMs'?: (number | string | Long);
  'reportsUsage'?: (boolean);
  'untracked'?: (boolean);
  'previousNode'?: (string);
  'uses'?: (_kedge_v1_ClientUseInput)[];
}

export interface ClientStatusOutput {
  'identity': (string);
  'instance': (Buffer);
  'labels': ({[key: string]: string});
  'stage': (_kedge_v1_ClientStageOutput);
  'sequence': (string);
  'digest': (Buffer);
  'behindSinceMs': (string);
  'otherSequence': (string);
  'code': (string);
  'reason': (string);
  'departed': (boolean);
  'sinceMs': (string);
  'reportsUsage': (boolean);
  'untracked': (boolean);
  'previousNode': (string);
  'uses': (_kedge_v1_ClientUseOutput)[];
}
