// Original file: proto/kedge/v1/admin.proto

import type { AdoptionGroupInput as _kedge_v1_AdoptionGroupInput, AdoptionGroupOutput as _kedge_v1_AdoptionGroupOutput } from '../../kedge/v1/AdoptionGroup.ts';
import type { AnchorAdoptionInput as _kedge_v1_AnchorAdoptionInput, AnchorAdoptionOutput as _kedge_v1_AnchorAdoptionOutput } from '../../kedge/v1/AnchorAdoption.ts';
import type { NodeAdoptionInput as _kedge_v1_NodeAdoptionInput, NodeAdoptionOutput as _kedge_v1_NodeAdoptionOutput } from '../../kedge/v1/NodeAdoption.ts';
import type { Long } from '@grpc/proto-loader';

export interface GetAdoptionResponseInput {
  'bundle'?: (string);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'nowMs'?: (number | string | Long);
  'groups'?: (_kedge_v1_AdoptionGroupInput)[];
  'anchors'?: (_kedge_v1_AnchorAdoptionInput)[];
  'nodes'?: (_kedge_v1_NodeAdoptionInput)[];
}

export interface GetAdoptionResponseOutput {
  'bundle': (string);
  'sequence': (string);
  'digest': (Buffer);
  'nowMs': (string);
  'groups': (_kedge_v1_AdoptionGroupOutput)[];
  'anchors': (_kedge_v1_AnchorAdoptionOutput)[];
  'nodes': (_kedge_v1_NodeAdoptionOutput)[];
}
