// Original file: proto/kedge/v1/admin.proto

import type { NodeStandingInput as _kedge_v1_NodeStandingInput, NodeStandingOutput as _kedge_v1_NodeStandingOutput } from '../../kedge/v1/NodeStanding.ts';
import type { Long } from '@grpc/proto-loader';

export interface NodeAdoptionInput {
  'nodeId'?: (string);
  'region'?: (string);
  'standing'?: (_kedge_v1_NodeStandingInput);
  'connected'?: (number | string | Long);
  'departed'?: (number | string | Long);
  'silent'?: (number | string | Long);
  'untracked'?: (number | string | Long);
  'sinceMs'?: (number | string | Long);
  'issuedAtMs'?: (number | string | Long);
  'incomplete'?: (boolean);
}

export interface NodeAdoptionOutput {
  'nodeId': (string);
  'region': (string);
  'standing': (_kedge_v1_NodeStandingOutput);
  'connected': (string);
  'departed': (string);
  'silent': (string);
  'untracked': (string);
  'sinceMs': (string);
  'issuedAtMs': (string);
  'incomplete': (boolean);
}
