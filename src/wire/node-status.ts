/**
 * A node's status: bytes ⇄ `NodeStatus`.
 *
 * @module
 */
import type { LinkStatus, NodeStatus, SubscriberStatus } from '../core/admin/messages.ts';
import { parseBundleName, parseNodeId, parseRealmName, parseRegionName } from '../core/ids.ts';
import { MESSAGE_MAX_BYTES, PEERS_MAX, STREAMS_MAX, TEXT_MAX_CHARS } from '../core/limits.ts';
import { decodeStreamStatus, encodeStreamStatus } from './admin.ts';
import {
  decodeOptionalSha256,
  decodeSha256,
  decodeText,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireSize,
} from './fields.ts';
import type { LinkStatusInput, LinkStatusOutput } from './gen/kedge/v1/LinkStatus.ts';
import type {
  SubscriberStatusInput,
  SubscriberStatusOutput,
} from './gen/kedge/v1/SubscriberStatus.ts';
import { messageCodec } from './protos.ts';

/** A full node tells of as many streams as it may hold, and of the subscribers of each. */
const STATUS_MAX_FIELDS = 200_000;
const codec = messageCodec('admin', 'GetStatusResponse', STATUS_MAX_FIELDS);

/** Reads a node's status. */
export function decodeNodeStatus(bytes: Uint8Array): NodeStatus {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'node status');
  const message = codec.deserialize(bytes);
  return {
    nodeId: parseNodeId(message.nodeId),
    region: parseRegionName(message.region),
    realm: parseRealmName(message.realm),
    version: decodeText(message.version, TEXT_MAX_CHARS, 'version'),
    firstCharterDigest: decodeSha256(message.firstCharterDigest, 'first charter digest'),
    startedAtMs: decodeUint(message.startedAtMs, 'start time'),
    root: decodeSha256(message.root, 'root'),
    streams: requireCount(message.streams, STREAMS_MAX, 'streams').map(decodeStreamStatus),
    links: requireCount(message.links, PEERS_MAX, 'links').map(decodeLink),
    subscribers: requireCount(message.subscribers, STREAMS_MAX, 'subscribers').map(
      decodeSubscribers,
    ),
  };
}

/** Writes a node's status. */
export function encodeNodeStatus(status: NodeStatus): Buffer {
  return codec.serialize({
    nodeId: status.nodeId,
    region: status.region,
    realm: status.realm,
    version: status.version,
    firstCharterDigest: encodeHexBytes(status.firstCharterDigest),
    startedAtMs: String(status.startedAtMs),
    root: encodeHexBytes(status.root),
    streams: status.streams.map(encodeStreamStatus),
    links: status.links.map(encodeLink),
    subscribers: status.subscribers.map(encodeSubscribers),
  });
}

function decodeLink(link: LinkStatusOutput): LinkStatus {
  const peerRoot = decodeOptionalSha256(link.peerRoot, 'peer root');
  const lastError = decodeText(link.lastError, TEXT_MAX_CHARS, 'last error');
  return {
    nodeId: parseNodeId(link.nodeId),
    region: parseRegionName(link.region),
    address: decodeText(link.address, TEXT_MAX_CHARS, 'address'),
    state: link.connected ? 'up' : 'down',
    sinceMs: decodeUint(link.sinceMs, 'link since_ms'),
    ...(peerRoot === undefined ? {} : { peerRoot }),
    ...(lastError === '' ? {} : { lastError }),
  };
}

function encodeLink(link: LinkStatus): LinkStatusInput {
  return {
    nodeId: link.nodeId,
    region: link.region,
    address: link.address,
    connected: link.state === 'up',
    sinceMs: String(link.sinceMs),
    peerRoot: encodeHexBytes(link.peerRoot ?? ''),
    lastError: (link.lastError ?? '').slice(0, TEXT_MAX_CHARS),
  };
}

function decodeSubscribers(status: SubscriberStatusOutput): SubscriberStatus {
  return {
    bundle: parseBundleName(status.bundle),
    sequence: decodeUint(status.sequence, 'subscriber sequence'),
    delivered: status.delivered,
    loaded: status.loaded,
    refused: status.refused,
  };
}

function encodeSubscribers(status: SubscriberStatus): SubscriberStatusInput {
  return { ...status, sequence: String(status.sequence) };
}
