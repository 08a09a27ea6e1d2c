// Original file: proto/kedge/v1/admin.proto

import type { ClientStatusInput as _kedge_v1_ClientStatusInput, ClientStatusOutput as _kedge_v1_ClientStatusOutput } from '../../kedge/v1/ClientStatus.ts';

export interface NodeClientsInput {
  'nodeId'?: (string);
  'region'?: (string);
  'clients'?: (_kedge_v1_ClientStatusInput)[];
  'missing'?: (string);
}

export interface NodeClientsOutput {
  'nodeId': (string);
  'region': (string);
  'clients': (_kedge_v1_ClientStatusOutput)[];
  'missing': (string);
}
