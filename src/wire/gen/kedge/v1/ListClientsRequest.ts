// Original file: proto/kedge/v1/admin.proto

import type { ClientFilterInput as _kedge_v1_ClientFilterInput, ClientFilterOutput as _kedge_v1_ClientFilterOutput } from '../../kedge/v1/ClientFilter.ts';

export interface ListClientsRequestInput {
  'bundle'?: (string);
  'filter'?: (_kedge_v1_ClientFilterInput);
  'anchor'?: (Buffer | Uint8Array | string);
  'nodeId'?: (string);
  'after'?: (string);
  'limit'?: (number);
}

export interface ListClientsRequestOutput {
  'bundle': (string);
  'filter': (_kedge_v1_ClientFilterOutput);
  'anchor': (Buffer);
  'nodeId': (string);
  'after': (string);
  'limit': (number);
}
