// Original file: proto/kedge/v1/admin.proto

import type { NamedReleaseInput as _kedge_v1_NamedReleaseInput, NamedReleaseOutput as _kedge_v1_NamedReleaseOutput } from '../../kedge/v1/NamedRelease.ts';
import type { SignedDocumentInput as _kedge_v1_SignedDocumentInput, SignedDocumentOutput as _kedge_v1_SignedDocumentOutput } from '../../kedge/v1/SignedDocument.ts';
import type { WaveStatusInput as _kedge_v1_WaveStatusInput, WaveStatusOutput as _kedge_v1_WaveStatusOutput } from '../../kedge/v1/WaveStatus.ts';
import type { RolloutWaitInput as _kedge_v1_RolloutWaitInput, RolloutWaitOutput as _kedge_v1_RolloutWaitOutput } from '../../kedge/v1/RolloutWait.ts';
import type { RolloutStopInput as _kedge_v1_RolloutStopInput, RolloutStopOutput as _kedge_v1_RolloutStopOutput } from '../../kedge/v1/RolloutStop.ts';
import type { RolloutNodeInput as _kedge_v1_RolloutNodeInput, RolloutNodeOutput as _kedge_v1_RolloutNodeOutput } from '../../kedge/v1/RolloutNode.ts';
import type { Long } from '@grpc/proto-loader';

export interface GetRolloutResponseInput {
  'bundle'?: (string);
  'head'?: (_kedge_v1_NamedReleaseInput | null);
  'everybody'?: (_kedge_v1_NamedReleaseInput | null);
  'rollout'?: (_kedge_v1_SignedDocumentInput | null);
  'inForce'?: (boolean);
  'nowMs'?: (number | string | Long);
  'waves'?: (_kedge_v1_WaveStatusInput)[];
  'wait'?: (_kedge_v1_RolloutWaitInput | null);
  'stop'?: (_kedge_v1_RolloutStopInput | null);
  'nodes'?: (_kedge_v1_RolloutNodeInput)[];
}

export interface GetRolloutResponseOutput {
  'bundle': (string);
  'head': (_kedge_v1_NamedReleaseOutput | null);
  'everybody': (_kedge_v1_NamedReleaseOutput | null);
  'rollout': (_kedge_v1_SignedDocumentOutput | null);
  'inForce': (boolean);
  'nowMs': (string);
  'waves': (_kedge_v1_WaveStatusOutput)[];
  'wait': (_kedge_v1_RolloutWaitOutput | null);
  'stop': (_kedge_v1_RolloutStopOutput | null);
  'nodes': (_kedge_v1_RolloutNodeOutput)[];
}
