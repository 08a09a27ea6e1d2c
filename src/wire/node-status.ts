/**
 * A node's status: bytes ⇄ `NodeStatus`.
 *
 * @module
 */
import type {
  ConductStatus,
  NodeStatus,
  PeerStatus,
  RegionStatus,
  RepairTimes,
  SeedStatus,
  SubscriberStatus,
} from '../core/admin/messages.ts';
import type { KeyWait, StoreTrouble, TlsWorkerStatus } from '../core/admin/process-status.ts';
import { parseBundleName, parseNodeId, parseRealmName, parseRegionName } from '../core/ids.ts';
import {
  MEMBERS_MAX,
  MESSAGE_MAX_BYTES,
  PEERS_MAX,
  REGIONS_MAX,
  ROWS_MAX,
  STREAMS_MAX,
  TEXT_MAX_CHARS,
  TLS_WORKERS_MAX,
} from '../core/limits.ts';
import { checkSoftware } from '../core/membership/software.ts';
import type { MemberDoubt, MemberState } from '../core/membership/view.ts';
import { decodeStreamStatus, encodeStreamStatus } from './admin.ts';
import {
  decodeOptionalSha256,
  decodeSha256,
  decodeText,
  decodeTime,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireSize,
} from './fields.ts';
import type { GetStatusResponseOutput } from './gen/kedge/v1/GetStatusResponse.ts';
import type { KeyWaitInput, KeyWaitOutput } from './gen/kedge/v1/KeyWait.ts';
import type { PeerStatusInput, PeerStatusOutput } from './gen/kedge/v1/PeerStatus.ts';
import type { RegionStatusInput, RegionStatusOutput } from './gen/kedge/v1/RegionStatus.ts';
import type { SeedStatusInput, SeedStatusOutput } from './gen/kedge/v1/SeedStatus.ts';
import type { StoreTroubleInput, StoreTroubleOutput } from './gen/kedge/v1/StoreTrouble.ts';
import type {
  SubscriberStatusInput,
  SubscriberStatusOutput,
} from './gen/kedge/v1/SubscriberStatus.ts';
import type {
  TlsWorkerStatusInput,
  TlsWorkerStatusOutput,
} from './gen/kedge/v1/TlsWorkerStatus.ts';
import { messageCodec } from './protos.ts';

/** A full node tells of as many streams as it may hold, and of the subscribers of each. */
const STATUS_MAX_FIELDS = 200_000;
const PEER_STATES = {
  alive: 'PEER_STATE_ALIVE',
  suspect: 'PEER_STATE_SUSPECT',
  failed: 'PEER_STATE_FAILED',
  left: 'PEER_STATE_LEFT',
} as const satisfies Record<MemberState, string>;
const LINK_STATES = {
  up: 'LINK_STATE_UP',
  down: 'LINK_STATE_DOWN',
  none: 'LINK_STATE_UNSPECIFIED',
} as const satisfies Record<PeerStatus['link'], string>;
const DOUBTS = {
  unproven: 'PEER_DOUBT_UNPROVEN',
  'too-far': 'PEER_DOUBT_TOO_FAR',
  'too-near': 'PEER_DOUBT_TOO_NEAR',
} as const satisfies Record<MemberDoubt, string>;
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
    ...(message.documents > 0 && { documents: message.documents }),
    firstCharterDigest: decodeSha256(message.firstCharterDigest, 'first charter digest'),
    startedAtMs: decodeTime(message.startedAtMs, 'start time'),
    root: decodeSha256(message.root, 'root'),
    streams: requireCount(message.streams, ROWS_MAX, 'streams').map(decodeStreamStatus),
    behind: message.behind,
    repair: decodeRepair(message),
    peers: requireCount(message.peers, MEMBERS_MAX, 'peers').map(decodePeer),
    failingSeeds: requireCount(message.failingSeeds, 2 * PEERS_MAX, 'seeds').map(decodeSeed),
    ...(message.storeTrouble !== null && { storeTrouble: decodeTrouble(message.storeTrouble) }),
    ...(message.keyWait !== null && { keyWait: decodeKeyWait(message.keyWait) }),
    tlsWorkers: requireCount(message.tlsWorkers, TLS_WORKERS_MAX, 'TLS workers').map(decodeWorker),
    subscribers: requireCount(message.subscribers, STREAMS_MAX, 'subscribers').map(
      decodeSubscribers,
    ),
    regions: requireCount(message.regions, REGIONS_MAX, 'regions').map(decodeRegion),
  };
}

/** Writes a node's status. */
export function encodeNodeStatus(status: NodeStatus): Buffer {
  return codec.serialize({
    nodeId: status.nodeId,
    region: status.region,
    realm: status.realm,
    version: status.version,
    documents: status.documents ?? 0,
    firstCharterDigest: encodeHexBytes(status.firstCharterDigest),
    startedAtMs: String(status.startedAtMs),
    root: encodeHexBytes(status.root),
    streams: status.streams.map(encodeStreamStatus),
    behind: status.behind,
    comparedAtMs: String(status.repair.comparedAtMs ?? 0),
    repairedAtMs: String(status.repair.fetchedAtMs ?? 0),
    peers: status.peers.map(encodePeer),
    failingSeeds: status.failingSeeds.map(encodeSeed),
    ...(status.storeTrouble !== undefined && { storeTrouble: encodeTrouble(status.storeTrouble) }),
    ...(status.keyWait !== undefined && { keyWait: encodeKeyWait(status.keyWait) }),
    tlsWorkers: status.tlsWorkers.map(encodeWorker),
    subscribers: status.subscribers.map(encodeSubscribers),
    regions: status.regions.map(encodeRegion),
  });
}

function decodeRepair(message: GetStatusResponseOutput): RepairTimes {
  const comparedAtMs = decodeTime(message.comparedAtMs, 'compared_at_ms');
  const fetchedAtMs = decodeTime(message.repairedAtMs, 'repaired_at_ms');
  return {
    ...(comparedAtMs > 0 && { comparedAtMs }),
    ...(fetchedAtMs > 0 && { fetchedAtMs }),
  };
}

function decodePeer(peer: PeerStatusOutput): PeerStatus {
  const peerRoot = decodeOptionalSha256(peer.peerRoot, 'peer root');
  const lastError = decodeText(peer.lastError, TEXT_MAX_CHARS, 'last error');
  const state = Object.entries(PEER_STATES).find(([, name]) => name === peer.state)?.[0];
  return {
    nodeId: parseNodeId(peer.nodeId),
    region: parseRegionName(peer.region),
    address: decodeText(peer.address, TEXT_MAX_CHARS, 'address'),
    state: isMemberState(state) ? state : 'failed',
    role: peer.relay ? 'relay' : 'ordinary',
    link: peer.link === 'LINK_STATE_UP' ? 'up' : peer.link === 'LINK_STATE_DOWN' ? 'down' : 'none',
    sinceMs: decodeTime(peer.sinceMs, 'link since_ms'),
    ...(peer.rttMs > 0 && Number.isFinite(peer.rttMs) && { rttMs: peer.rttMs }),
    ...(peerRoot === undefined ? {} : { peerRoot }),
    ...(lastError === '' ? {} : { lastError }),
    ...(peer.faults === 0 ? {} : { conduct: decodeConduct(peer) }),
    ...decodeDoubt(peer),
    ...(peer.software !== null && { software: checkSoftware(peer.software) }),
  };
}

function decodeDoubt({ doubt }: PeerStatusOutput): Pick<PeerStatus, 'doubt'> {
  switch (doubt) {
    case DOUBTS.unproven:
      return { doubt: 'unproven' };
    case DOUBTS['too-far']:
      return { doubt: 'too-far' };
    case DOUBTS['too-near']:
      return { doubt: 'too-near' };
    case 'PEER_DOUBT_UNSPECIFIED':
      return {};
  }
}

function decodeConduct(peer: PeerStatusOutput): ConductStatus {
  const refusedUntilMs = decodeTime(peer.refusedUntilMs, 'refused_until_ms');
  return {
    faults: peer.faults,
    cutOffs: peer.cutOffs,
    lastFault: decodeText(peer.lastFault, TEXT_MAX_CHARS, 'last fault'),
    ...(refusedUntilMs > 0 && { refusedUntilMs }),
  };
}

function encodePeer(peer: PeerStatus): PeerStatusInput {
  return {
    nodeId: peer.nodeId,
    region: peer.region,
    address: peer.address,
    state: PEER_STATES[peer.state],
    relay: peer.role === 'relay',
    link: LINK_STATES[peer.link],
    sinceMs: String(peer.sinceMs),
    rttMs: peer.rttMs ?? 0,
    peerRoot: encodeHexBytes(peer.peerRoot ?? ''),
    lastError: (peer.lastError ?? '').slice(0, TEXT_MAX_CHARS),
    doubt: peer.doubt === undefined ? 'PEER_DOUBT_UNSPECIFIED' : DOUBTS[peer.doubt],
    faults: peer.conduct?.faults ?? 0,
    cutOffs: peer.conduct?.cutOffs ?? 0,
    refusedUntilMs: String(peer.conduct?.refusedUntilMs ?? 0),
    lastFault: (peer.conduct?.lastFault ?? '').slice(0, TEXT_MAX_CHARS),
    ...(peer.software !== undefined && { software: { ...peer.software } }),
  };
}

function decodeSeed(seed: SeedStatusOutput): SeedStatus {
  return {
    address: decodeText(seed.address, TEXT_MAX_CHARS, 'address of a seed'),
    sinceMs: decodeTime(seed.sinceMs, 'seed since_ms'),
    reason: decodeText(seed.reason, TEXT_MAX_CHARS, 'reason'),
  };
}

function encodeSeed({ address, sinceMs, reason }: SeedStatus): SeedStatusInput {
  return { address, sinceMs: String(sinceMs), reason: reason.slice(0, TEXT_MAX_CHARS) };
}

function decodeTrouble(trouble: StoreTroubleOutput): StoreTrouble {
  return {
    sinceMs: decodeTime(trouble.sinceMs, 'store since_ms'),
    reason: decodeText(trouble.reason, TEXT_MAX_CHARS, 'reason'),
  };
}

function encodeTrouble({ sinceMs, reason }: StoreTrouble): StoreTroubleInput {
  return { sinceMs: String(sinceMs), reason: reason.slice(0, TEXT_MAX_CHARS) };
}

function decodeKeyWait({ sinceMs, on }: KeyWaitOutput): KeyWait {
  return {
    sinceMs: decodeTime(sinceMs, 'key wait since_ms'),
    on: requireCount(on, PEERS_MAX, 'awaited nodes').map(parseNodeId),
  };
}

function encodeKeyWait({ sinceMs, on }: KeyWait): KeyWaitInput {
  return { sinceMs: String(sinceMs), on: [...on] };
}

function decodeWorker(worker: TlsWorkerStatusOutput): TlsWorkerStatus {
  const residentBytes = decodeUint(worker.residentBytes, 'resident_bytes');
  return {
    place: worker.place,
    state: worker.running ? 'running' : 'ended',
    sinceMs: decodeTime(worker.sinceMs, 'worker since_ms'),
    connections: worker.connections,
    ...(residentBytes > 0 && { residentBytes }),
    ended: worker.ended,
  };
}

function encodeWorker({ state, ...worker }: TlsWorkerStatus): TlsWorkerStatusInput {
  return {
    ...worker,
    running: state === 'running',
    sinceMs: String(worker.sinceMs),
    residentBytes: String(worker.residentBytes ?? 0),
  };
}

function isMemberState(text: string | undefined): text is MemberState {
  return text !== undefined && Object.hasOwn(PEER_STATES, text);
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

function decodeRegion(status: RegionStatusOutput): RegionStatus {
  const heartbeatAtMs = decodeTime(status.heartbeatSeconds, 'heartbeat time', 1000);
  return {
    region: parseRegionName(status.region),
    standing: status.faulty ? 'faulty' : 'counts',
    ...(heartbeatAtMs > 0 && { heartbeatAtMs }),
  };
}

function encodeRegion({ region, heartbeatAtMs, standing }: RegionStatus): RegionStatusInput {
  return {
    region,
    heartbeatSeconds: String(Math.floor((heartbeatAtMs ?? 0) / 1000)),
    faulty: standing === 'faulty',
  };
}
