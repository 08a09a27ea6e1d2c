/**
 * How far clients are, for admins: messages ⇄ the values of `core/adoption/model.ts`.
 *
 * Errors: `PARSE`, `LIMIT`.
 *
 * @module
 */
import type {
  AdoptionGroup,
  AnchorAdoption,
  BundleAdoption,
  NodeAdoption,
  NodeStanding,
} from '../core/adoption/model.ts';
import { OTHER_LABELS } from '../core/adoption/row.ts';
import { encodeHex } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import { type BundleName, parseBundleName, parseNodeId, parseRegionName } from '../core/ids.ts';
import {
  ADOPTION_GROUPS_MAX,
  ANCHORS_MAX,
  MEMBERS_MAX,
  MESSAGE_MAX_BYTES,
} from '../core/limits.ts';
import { clientStageMessage, decodeClientStage, decodeCode } from './clients.ts';
import {
  decodeBytes,
  decodeOptionalSequence,
  decodeSha256,
  decodeTime,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireSize,
} from './fields.ts';
import type { AdoptionGroupInput, AdoptionGroupOutput } from './gen/kedge/v1/AdoptionGroup.ts';
import type { AnchorAdoptionOutput } from './gen/kedge/v1/AnchorAdoption.ts';
import type { NodeAdoptionInput, NodeAdoptionOutput } from './gen/kedge/v1/NodeAdoption.ts';
import { messageCodec } from './protos.ts';
import { decodeLabels } from './watch-start.ts';

/** All groups, anchors and nodes that one answer may have. */
const ADOPTION_MAX_FIELDS = 400_000;
const QUERY_MAX_BYTES = 1024;
const [OTHER = ''] = OTHER_LABELS.keys();
const SHORT_DIGEST = { min: 0, max: 8 };
const STANDINGS = {
  counted: 'NODE_STANDING_COUNTED',
  unreachable: 'NODE_STANDING_UNREACHABLE',
  silent: 'NODE_STANDING_SILENT',
  left: 'NODE_STANDING_LEFT',
} as const satisfies Record<NodeStanding, string>;
const requestCodec = messageCodec('admin', 'GetAdoptionRequest');
const responseCodec = messageCodec('admin', 'GetAdoptionResponse', ADOPTION_MAX_FIELDS);

/** Reads whose adoption is wanted. */
export function decodeAdoptionQuery(bytes: Uint8Array): BundleName {
  requireSize(bytes, QUERY_MAX_BYTES, 'adoption request');
  return parseBundleName(requestCodec.deserialize(bytes).bundle);
}

/** Writes whose adoption is wanted. */
export function encodeAdoptionQuery(bundle: BundleName): Buffer {
  return requestCodec.serialize({ bundle });
}

/** Reads how far the clients are with one bundle. */
export function decodeAdoption(bytes: Uint8Array): BundleAdoption {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'adoption response');
  const answer = responseCodec.deserialize(bytes);
  const sequence = decodeOptionalSequence(answer.sequence, 'head sequence');
  return {
    bundle: parseBundleName(answer.bundle),
    ...(sequence && { head: { sequence, digest: decodeSha256(answer.digest, 'head digest') } }),
    nowMs: decodeTime(answer.nowMs, 'time of the node'),
    groups: requireCount(answer.groups, ADOPTION_GROUPS_MAX, 'groups of clients').map(decodeGroup),
    anchors: requireCount(answer.anchors, ANCHORS_MAX, 'used anchors').map(decodeAnchor),
    nodes: requireCount(answer.nodes, MEMBERS_MAX, 'nodes').map(decodeNode),
  };
}

/** Writes how far the clients are with one bundle. Errors: `LIMIT`. */
export function encodeAdoption({ head, ...adoption }: BundleAdoption): Buffer {
  const bytes = responseCodec.serialize({
    bundle: adoption.bundle,
    ...(head && { sequence: String(head.sequence), digest: encodeHexBytes(head.digest) }),
    nowMs: String(adoption.nowMs),
    groups: adoption.groups.map(groupMessage),
    anchors: adoption.anchors.map((anchor) => ({
      anchor: encodeHexBytes(anchor.anchor),
      clients: String(anchor.clients),
      handshakes: String(anchor.handshakes),
      lastUsedMs: String(anchor.lastUsedMs),
    })),
    nodes: adoption.nodes.map(nodeMessage),
  });
  requireSize(bytes, MESSAGE_MAX_BYTES, 'adoption');
  return bytes;
}

function decodeGroup(group: AdoptionGroupOutput): AdoptionGroup {
  const otherSequence = decodeOptionalSequence(group.otherSequence, 'other sequence of a group');
  const behindSinceMs = decodeTime(group.behindSinceMs, 'behind since');
  return {
    region: parseRegionName(group.region),
    stage: decodeClientStage(group.stage),
    sequence: decodeUint(group.sequence, 'sequence of a group'),
    digest: encodeHex(decodeBytes(group.digest, SHORT_DIGEST, 'digest of a group')),
    ...(otherSequence !== undefined && { otherSequence }),
    ...(group.code !== '' && { code: decodeCode(group.code) }),
    labels: OTHER in group.labels ? OTHER_LABELS : decodeLabels(group.labels),
    presence: group.departed ? 'departed' : 'connected',
    count: decodeUint(group.count, 'count of a group'),
    ...(behindSinceMs > 0 && { behindSinceMs }),
  };
}

function groupMessage(group: AdoptionGroup): AdoptionGroupInput {
  return {
    region: group.region,
    stage: clientStageMessage(group.stage),
    sequence: String(group.sequence),
    digest: encodeHexBytes(group.digest),
    otherSequence: String(group.otherSequence ?? 0),
    code: group.code ?? '',
    labels: Object.fromEntries(group.labels),
    departed: group.presence === 'departed',
    count: String(group.count),
    behindSinceMs: String(group.behindSinceMs ?? 0),
  };
}

function decodeAnchor(use: AnchorAdoptionOutput): AnchorAdoption {
  return {
    anchor: decodeSha256(use.anchor, 'used anchor'),
    clients: decodeUint(use.clients, 'clients of an anchor'),
    handshakes: decodeUint(use.handshakes, 'handshakes of an anchor'),
    lastUsedMs: decodeTime(use.lastUsedMs, 'last use of an anchor'),
  };
}

function decodeNode(node: NodeAdoptionOutput): NodeAdoption {
  const sinceMs = decodeTime(node.sinceMs, 'start of observation');
  const issuedAtMs = decodeTime(node.issuedAtMs, 'time of a row');
  return {
    nodeId: parseNodeId(node.nodeId),
    region: parseRegionName(node.region),
    standing: decodeStanding(node.standing),
    connected: decodeUint(node.connected, 'connected clients'),
    departed: decodeUint(node.departed, 'departed clients'),
    silent: decodeUint(node.silent, 'clients that report nothing'),
    untracked: decodeUint(node.untracked, 'untracked clients'),
    ...(sinceMs > 0 && { sinceMs }),
    ...(issuedAtMs > 0 && { issuedAtMs }),
    knowledge: node.incomplete ? 'partial' : 'whole',
  };
}

function decodeStanding(standing: string): NodeStanding {
  const found = Object.entries(STANDINGS).find(([, name]) => name === standing)?.[0];
  if (found !== undefined) return found as NodeStanding;
  throw new KedgeError('PARSE', 'unknown standing of a node', { detail: { standing } });
}

function nodeMessage(node: NodeAdoption): NodeAdoptionInput {
  return {
    nodeId: node.nodeId,
    region: node.region,
    standing: STANDINGS[node.standing],
    connected: String(node.connected),
    departed: String(node.departed),
    silent: String(node.silent),
    untracked: String(node.untracked),
    sinceMs: String(node.sinceMs ?? 0),
    issuedAtMs: String(node.issuedAtMs ?? 0),
    incomplete: node.knowledge === 'partial',
  };
}
