// Original file: proto/kedge/v1/gossip.proto

import type { ClientStatusInput as _kedge_v1_ClientStatusInput, ClientStatusOutput as _kedge_v1_ClientStatusOutput } from '../../kedge/v1/ClientStatus.ts';

export interface ClientsResponseInput {
  'clients'?: (_kedge_v1_ClientStatusInput)[];
  'next'?: (string);
}

export interface ClientsResponseOutput {
  'clients': (_kedge_v1_ClientStatusOutput)[];
  'next': (string);
}
