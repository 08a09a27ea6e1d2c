/**
 * Lists of clients, between nodes and for admins: messages ⇄ the values of
 * `core/adoption/model.ts`. Errors: `PARSE`, `LIMIT`.
 *
 * @module
 */
import type {
  ClientFilter,
  ClientList,
  ClientPage,
  ClientStage,
  ClientStatus,
  ClientsQuery,
  ListClientsQuery,
  NodeClients,
} from '../core/adoption/model.ts';
import { type ErrorCode, isErrorCode, KedgeError } from '../core/errors.ts';
import { parseBundleName, parseNodeId, parseRegionName } from '../core/ids.ts';
import {
  CLIENT_USES_MAX,
  CLIENTS_PAGE_MAX,
  MEMBERS_MAX,
  MESSAGE_MAX_BYTES,
  TEXT_MAX_CHARS,
} from '../core/limits.ts';
import {
  decodeOptionalSequence,
  decodeRandomId,
  decodeSha256,
  decodeText,
  decodeTime,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireSize,
} from './fields.ts';
import type { ClientStageOutput } from './gen/kedge/v1/ClientStage.ts';
import type { ClientStatusInput, ClientStatusOutput } from './gen/kedge/v1/ClientStatus.ts';
import type { ClientsRequestOutput } from './gen/kedge/v1/ClientsRequest.ts';
import type { NodeClientsInput, NodeClientsOutput } from './gen/kedge/v1/NodeClients.ts';
import { messageCodec } from './protos.ts';
import { decodeLabels } from './watch-start.ts';

/** A page of clients with all labels and uses that each may have. */
const PAGE_MAX_FIELDS = 300_000;
const QUERY_MAX_BYTES = 4096;
const PLACE_MAX_CHARS = 2600;
const IDENTITY_MAX_CHARS = 2048;
const LIMIT_DEFAULT = 100;
const FILTERS = {
  all: 'CLIENT_FILTER_UNSPECIFIED',
  behind: 'CLIENT_FILTER_BEHIND',
  refused: 'CLIENT_FILTER_REFUSED',
  loaded: 'CLIENT_FILTER_LOADED',
  departed: 'CLIENT_FILTER_DEPARTED',
  uses: 'CLIENT_FILTER_USES',
} as const satisfies Record<ClientFilter['kind'], string>;
const STAGES = {
  waiting: 'CLIENT_STAGE_WAITING',
  delivered: 'CLIENT_STAGE_DELIVERED',
  loaded: 'CLIENT_STAGE_LOADED',
  refused: 'CLIENT_STAGE_REFUSED',
} as const satisfies Record<ClientStage, ClientStageOutput>;
const clientsRequest = messageCodec('gossip', 'ClientsRequest');
const clientsResponse = messageCodec('gossip', 'ClientsResponse', PAGE_MAX_FIELDS);
const listRequest = messageCodec('admin', 'ListClientsRequest');
const listResponse = messageCodec('admin', 'ListClientsResponse', PAGE_MAX_FIELDS);

/** Reads which clients a node is to list. */
export function decodeClientsQuery(bytes: Uint8Array): ClientsQuery {
  requireSize(bytes, QUERY_MAX_BYTES, 'clients request');
  return decodeQuery(clientsRequest.deserialize(bytes));
}

/** Writes which clients a node is to list. */
export function encodeClientsQuery(query: ClientsQuery): Buffer {
  return clientsRequest.serialize(queryMessage(query));
}

/** Reads a page of the clients of one node. */
export function decodeClientPage(bytes: Uint8Array): ClientPage {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'clients response');
  const { clients, next } = clientsResponse.deserialize(bytes);
  return { clients: decodeClients(clients), ...nextOf(next) };
}

/** Writes a page of the clients of one node. */
export function encodeClientPage({ clients, next = '' }: ClientPage): Buffer {
  return clientsResponse.serialize({ clients: clients.map(clientMessage), next });
}

/** Reads which clients an admin wants listed. */
export function decodeListQuery(bytes: Uint8Array): ListClientsQuery {
  requireSize(bytes, QUERY_MAX_BYTES, 'list of clients request');
  const message = listRequest.deserialize(bytes);
  const { nodeId } = message;
  return { ...decodeQuery(message), ...(nodeId !== '' && { nodeId: parseNodeId(nodeId) }) };
}

/** Writes which clients an admin wants listed. */
export function encodeListQuery(query: ListClientsQuery): Buffer {
  return listRequest.serialize({ ...queryMessage(query), nodeId: query.nodeId ?? '' });
}

/** Reads a page of clients by node. */
export function decodeClientList(bytes: Uint8Array): ClientList {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'list of clients');
  const { nodes, next } = listResponse.deserialize(bytes);
  return {
    nodes: requireCount(nodes, MEMBERS_MAX, 'nodes with clients').map(decodeNodeClients),
    ...nextOf(next),
  };
}

/** Writes a page of clients by node. Errors: `LIMIT`. */
export function encodeClientList({ nodes, next = '' }: ClientList): Buffer {
  const bytes = listResponse.serialize({ nodes: nodes.map(nodeClientsMessage), next });
  requireSize(bytes, MESSAGE_MAX_BYTES, 'list of clients');
  return bytes;
}

/** Reads how far a client is. */
export function decodeClientStage(stage: string): ClientStage {
  const found = Object.entries(STAGES).find(([, name]) => name === stage)?.[0];
  if (found !== undefined) return found as ClientStage;
  throw new KedgeError('PARSE', 'unknown stage of a client', { detail: { stage } });
}

/** The message of how far a client is. */
export function clientStageMessage(stage: ClientStage): ClientStageOutput {
  return STAGES[stage];
}

/** Reads a code; one that only newer versions know is `BUG`. */
export function decodeCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'BUG';
}

function decodeQuery(message: ClientsRequestOutput): ClientsQuery {
  const { bundle, filter, anchor, after, limit } = message;
  if (limit > CLIENTS_PAGE_MAX) {
    throw new KedgeError('LIMIT', `at most ${String(CLIENTS_PAGE_MAX)} clients fit one page`);
  }
  return {
    bundle: parseBundleName(bundle),
    filter: decodeFilter(filter, anchor),
    after: decodeText(after, PLACE_MAX_CHARS, 'place in a list of clients'),
    limit: limit === 0 ? LIMIT_DEFAULT : limit,
  };
}

function decodeFilter(filter: string, anchor: Uint8Array): ClientFilter {
  const kind = Object.entries(FILTERS).find(([, name]) => name === filter)?.[0];
  if (kind === undefined) throw new KedgeError('PARSE', 'unknown filter of clients');
  if (kind === 'uses') return { kind, anchor: decodeSha256(anchor, 'anchor of a filter') };
  return { kind: kind as Exclude<ClientFilter['kind'], 'uses'> };
}

function queryMessage({ bundle, filter, after, limit }: ClientsQuery): {
  readonly bundle: string;
  readonly filter: (typeof FILTERS)[ClientFilter['kind']];
  readonly anchor: Uint8Array;
  readonly after: string;
  readonly limit: number;
} {
  const anchor = filter.kind === 'uses' ? encodeHexBytes(filter.anchor) : new Uint8Array(0);
  return { bundle, filter: FILTERS[filter.kind], anchor, after, limit };
}

function nextOf(next: string): { readonly next?: string } {
  const place = decodeText(next, PLACE_MAX_CHARS, 'next page of clients');
  return place === '' ? {} : { next: place };
}

function decodeNodeClients({ nodeId, region, clients, missing }: NodeClientsOutput): NodeClients {
  return {
    nodeId: parseNodeId(nodeId),
    region: parseRegionName(region),
    clients: decodeClients(clients),
    ...(missing !== '' && { missing: decodeText(missing, TEXT_MAX_CHARS, 'reason') }),
  };
}

function nodeClientsMessage({ nodeId, region, clients, missing }: NodeClients): NodeClientsInput {
  const reason = (missing ?? '').slice(0, TEXT_MAX_CHARS);
  return { nodeId, region, clients: clients.map(clientMessage), missing: reason };
}

function decodeClients(clients: readonly ClientStatusOutput[]): readonly ClientStatus[] {
  return requireCount(clients, CLIENTS_PAGE_MAX, 'clients').map(decodeClient);
}

function decodeClient(client: ClientStatusOutput): ClientStatus {
  const { instance, digest, code, previousNode } = client;
  const sequence = decodeOptionalSequence(client.sequence, 'sequence of a client');
  const otherSequence = decodeOptionalSequence(client.otherSequence, 'other sequence of a client');
  const behindSinceMs = decodeTime(client.behindSinceMs, 'behind since');
  const reason = decodeText(client.reason, TEXT_MAX_CHARS, 'reason of a refusal');
  return {
    identity: decodeText(client.identity, IDENTITY_MAX_CHARS, 'identity'),
    ...(instance.length > 0 && { instance: decodeRandomId(instance, 'instance') }),
    labels: decodeLabels(client.labels),
    stage: decodeClientStage(client.stage),
    ...(sequence && { held: { sequence, digest: decodeSha256(digest, 'digest of a client') } }),
    ...(otherSequence !== undefined && { otherSequence }),
    ...(code !== '' && { refusal: { code: decodeCode(code), reason } }),
    ...(behindSinceMs > 0 && { behindSinceMs }),
    presence: client.departed ? 'departed' : 'connected',
    sinceMs: decodeTime(client.sinceMs, 'since'),
    reportsUsage: client.reportsUsage,
    untracked: client.untracked,
    ...(previousNode !== '' && { previousNode: parseNodeId(previousNode) }),
    uses: requireCount(client.uses, CLIENT_USES_MAX, 'uses of a client').map((use) => ({
      anchor: decodeSha256(use.anchor, 'used anchor'),
      lastUsedMs: decodeTime(use.lastUsedMs, 'last use'),
      handshakes: decodeUint(use.handshakes, 'handshakes'),
    })),
  };
}

function clientMessage(client: ClientStatus): ClientStatusInput {
  const { instance, held, refusal } = client;
  return {
    identity: client.identity,
    ...(instance !== undefined && { instance: encodeHexBytes(instance) }),
    labels: Object.fromEntries(client.labels),
    stage: STAGES[client.stage],
    ...(held && { sequence: String(held.sequence), digest: encodeHexBytes(held.digest) }),
    otherSequence: String(client.otherSequence ?? 0),
    ...(refusal && { code: refusal.code, reason: refusal.reason.slice(0, TEXT_MAX_CHARS) }),
    behindSinceMs: String(client.behindSinceMs ?? 0),
    departed: client.presence === 'departed',
    sinceMs: String(client.sinceMs),
    reportsUsage: client.reportsUsage,
    untracked: client.untracked,
    previousNode: client.previousNode ?? '',
    uses: client.uses.map(({ anchor, lastUsedMs, handshakes }) => ({
      anchor: encodeHexBytes(anchor),
      lastUsedMs: String(lastUsedMs),
      handshakes: String(handshakes),
    })),
  };
}
