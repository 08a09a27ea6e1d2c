// Original file: proto/kedge/v1/admin.proto

import type { NodeClientsInput as _kedge_v1_NodeClientsInput, NodeClientsOutput as _kedge_v1_NodeClientsOutput } from '../../kedge/v1/NodeClients.ts';

export interface ListClientsResponseInput {
  'nodes'?: (_kedge_v1_NodeClientsInput)[];
  'next'?: (string);
}

export interface ListClientsResponseOutput {
  'nodes': (_kedge_v1_NodeClientsOutput)[];
  'next': (string);
}
