// Original file: proto/kedge/v1/admin.proto

import type { PeerStateInput as _kedge_v1_PeerStateInput, PeerStateOutput as _kedge_v1_PeerStateOutput } from '../../kedge/v1/PeerState.ts';
import type { LinkStateInput as _kedge_v1_LinkStateInput, LinkStateOutput as _kedge_v1_LinkStateOutput } from '../../kedge/v1/LinkState.ts';
import type { PeerDoubtInput as _kedge_v1_PeerDoubtInput, PeerDoubtOutput as _kedge_v1_PeerDoubtOutput } from '../../kedge/v1/PeerDoubt.ts';
import type { SoftwareInput as _kedge_v1_SoftwareInput, SoftwareOutput as _kedge_v1_SoftwareOutput } from '../../kedge/v1/Software.ts';
import type { Long } from '@grpc/proto-loader';

export interface PeerStatusInput {
  'nodeId'?: (string);
  'region'?: (string);
  'address'?: (string);
  'state'?: (_kedge_v1_PeerStateInput);
  'relay'?: (boolean);
  'link'?: (_kedge_v1_LinkStateInput);
  'sinceMs'?: (number | string | Long);
  'rttMs'?: (number | string);
  'peerRoot'?: (Buffer | Uint8Array | string);
  'lastError'?: (string);
  'faults'?: (number);
  'cutOffs'?: (number);
  'refusedUntilMs'?: (number | string | Long);
  'lastFault'?: (string);
  'doubt'?: (_kedge_v1_PeerDoubtInput);
  'software'?: (_kedge_v1_SoftwareInput | null);
}

export interface PeerStatusOutput {
  'nodeId': (string);
  'region': (string);
  'address': (string);
  'state': (_kedge_v1_PeerStateOutput);
  'relay': (boolean);
  'link': (_kedge_v1_LinkStateOutput);
  'sinceMs': (string);
  'rttMs': (number);
  'peerRoot': (Buffer);
  'lastError': (string);
  'faults': (number);
  'cutOffs': (number);
  'refusedUntilMs': (string);
  'lastFault': (string);
  'doubt': (_kedge_v1_PeerDoubtOutput);
  'software': (_kedge_v1_SoftwareOutput | null);
}
