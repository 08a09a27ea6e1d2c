// Original file: proto/kedge/v1/gossip.proto

import type { ClientFilterInput as _kedge_v1_ClientFilterInput, ClientFilterOutput as _kedge_v1_ClientFilterOutput } from '../../kedge/v1/ClientFilter.ts';

export interface ClientsRequestInput {
  'bundle'?: (string);
  'filter'?: (_kedge_v1_ClientFilterInput);
  'anchor'?: (Buffer | Uint8Array | string);
  'after'?: (string);
  'limit'?: (number);
}

export interface ClientsRequestOutput {
  'bundle': (string);
  'filter': (_kedge_v1_ClientFilterOutput);
  'anchor': (Buffer);
  'after': (string);
  'limit': (number);
}
