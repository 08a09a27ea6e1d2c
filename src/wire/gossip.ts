/**
 * Links and fetches between nodes: bytes ⇄ the values of `core/gossip/frames.ts`.
 *
 * Decoding checks every field, bounds every list and copies every byte string. Errors: `PARSE`,
 * `LIMIT`.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { FetchItem, FetchRequest, Frame, Push, Received } from '../core/gossip/frames.ts';
import { parseRegionName, parseStreamName } from '../core/ids.ts';
import { FETCH_STREAMS_MAX, MESSAGE_MAX_BYTES } from '../core/limits.ts';
import { adoptionMessage, decodeAdoptionFrame } from './adoption-frames.ts';
import { attestationMessage, decodeAttestation } from './attestations.ts';
import { encodeOnce } from './encode-once.ts';
import {
  decodeOptionalSequence,
  decodeSequence,
  decodeUint,
  requireMessage,
  requireSize,
  unknownMember,
} from './fields.ts';
import type { FetchPartOutput } from './gen/kedge/v1/FetchPart.ts';
import type { FetchResponseInput } from './gen/kedge/v1/FetchResponse.ts';
import type { FrameInput, FrameOutput } from './gen/kedge/v1/Frame.ts';
import type { HeldInput, HeldOutput } from './gen/kedge/v1/Held.ts';
import type { PushInput, PushOutput } from './gen/kedge/v1/Push.ts';
import { decodeHello, helloMessage } from './hello.ts';
import { decodeMembership, membershipMessage } from './membership.ts';
import { decodeProposalFrame, proposalMessage } from './proposal-frames.ts';
import { messageCodec } from './protos.ts';
import {
  decodeDigest,
  decodeRow,
  decodeRows,
  decodeTree,
  digestMessage,
  rowMessage,
  rowsMessage,
  treeMessage,
} from './repair.ts';
import {
  decodeBlobs,
  decodeContent,
  decodeEvidence,
  decodeStatement,
  encodeBlobs,
  encodeDelta,
  encodeEvidence,
  encodeStatement,
} from './statements.ts';

type FrameOf<Kind extends Frame['kind']> = Extract<Frame, { readonly kind: Kind }>;

// `LinkRequest` and `LinkResponse` have the same bytes: one frame in field 1.
const linkCodec = messageCodec('gossip', 'LinkRequest');
const fetchRequestCodec = messageCodec('gossip', 'FetchRequest');
const fetchResponseCodec = messageCodec('gossip', 'FetchResponse');
const FETCH_REQUEST_MAX_BYTES = FETCH_STREAMS_MAX * 512;

/** Reads a frame of a link, from either side; `unknown` is one that only newer nodes send. */
export function decodeFrame(bytes: Uint8Array): Received {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'link frame');
  return frameValue(requireMessage(linkCodec.deserialize(bytes).frame, 'link frame'));
}

/** Writes a frame; the same object gives the same bytes without encoding again. */
export const encodeFrame: (frame: Frame) => Buffer = encodeOnce((frame) =>
  linkCodec.serialize({ frame: frameMessage(frame) }),
);

/** Reads a request to fetch: one part per stream, at least one. */
export function decodeFetchRequest(bytes: Uint8Array): readonly FetchRequest[] {
  requireSize(bytes, FETCH_REQUEST_MAX_BYTES, 'fetch request');
  const message = fetchRequestCodec.deserialize(bytes);
  if (message.more.length >= FETCH_STREAMS_MAX) {
    throw new KedgeError('LIMIT', `a fetch asks for more than ${FETCH_STREAMS_MAX} streams`);
  }
  return [message, ...message.more].map(decodeFetchPart);
}

function decodeFetchPart(message: FetchPartOutput): FetchRequest {
  const stream = parseStreamName(message.stream);
  const fromSequence = decodeSequence(message.fromSequence, 'fetch from_sequence');
  const toSequence = decodeOptionalSequence(message.toSequence, 'fetch to_sequence');
  if (toSequence === undefined) return { stream, fromSequence };
  if (toSequence < fromSequence) throw new KedgeError('PARSE', 'fetch ends before it begins');
  return { stream, fromSequence, toSequence };
}

/** Writes a request to fetch. */
export function encodeFetchRequest(requests: readonly FetchRequest[]): Buffer {
  const [first, ...more] = requests.map(({ stream, fromSequence, toSequence = 0 }) => ({
    stream,
    fromSequence: String(fromSequence),
    toSequence: String(toSequence),
  }));
  return fetchRequestCodec.serialize({ ...first, more });
}

/** Reads one piece of a fetch's answer. */
export function decodeFetchItem(bytes: Uint8Array): FetchItem {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'fetch response');
  const message = fetchResponseCodec.deserialize(bytes);
  switch (message.message) {
    case 'entry':
      return { kind: 'entry', entry: decodePush(requireMessage(message.entry, 'fetched entry')) };
    case 'blobs':
      return { kind: 'blobs', blobs: decodeBlobs(requireMessage(message.blobs, 'blobs').blobs) };
    case 'fork':
      return { kind: 'fork', evidence: decodeEvidence(message.fork) };
    case 'over':
      return { kind: 'over', outcome: message.over?.missing === true ? 'missing' : 'sent' };
    case undefined:
      break;
  }
  throw unknownMember('a fetch response');
}

/** Writes one piece of a fetch's answer. */
export function encodeFetchItem(item: FetchItem): Buffer {
  return fetchResponseCodec.serialize(fetchMessage(item));
}

function fetchMessage(item: FetchItem): FetchResponseInput {
  switch (item.kind) {
    case 'entry':
      return { entry: pushMessage(item.entry) };
    case 'blobs':
      return { blobs: { blobs: encodeBlobs(item.blobs) } };
    case 'fork':
      return { fork: encodeEvidence(item.evidence) };
    case 'over':
      return { over: { missing: item.outcome === 'missing' } };
  }
}

// eslint-disable-next-line complexity -- one case per kind of frame
function frameValue(frame: FrameOutput): Received {
  switch (frame.message) {
    case 'hello':
      return { kind: 'hello', hello: decodeHello(requireMessage(frame.hello, 'hello')) };
    case 'push': {
      const push = requireMessage(frame.push, 'push');
      return { kind: 'push', push: decodePush(push), origin: parseRegionName(push.origin) };
    }
    case 'held':
      return decodeHeld(requireMessage(frame.held, 'held'));
    case 'digest':
      return { kind: 'digest', digest: decodeDigest(requireMessage(frame.digest, 'digest')) };
    case 'rowsAsk': {
      const { since } = requireMessage(frame.rowsAsk, 'rows ask');
      return { kind: 'rows-ask', since: decodeUint(since, 'rows ask since') };
    }
    case 'tree':
      return { kind: 'tree', nodes: decodeTree(requireMessage(frame.tree, 'tree')) };
    case 'rows':
      return { kind: 'rows', rows: decodeRows(requireMessage(frame.rows, 'rows')) };
    case 'fork':
      return { kind: 'fork', evidence: decodeEvidence(frame.fork) };
    case 'ping':
    case 'ack':
    case 'pingRequest':
    case 'nack':
    case 'members':
    case 'memberDigest':
    case 'memberBuckets':
    case 'memberRows':
    case 'memberWant':
      return decodeMembership(frame, frame.message);
    case 'cosigned':
    case 'heartbeat':
    case 'regionSplit':
    case 'cosignedAsk':
    case 'linesAsk':
    case 'lines':
      return decodeAttestation(frame, frame.message);
    case 'adoptionRows':
    case 'adoptionDigest':
    case 'adoptionVector':
    case 'arrivals':
      return decodeAdoptionFrame(frame, frame.message);
    case 'proposal':
    case 'proposalSigned':
    case 'proposalWithdrawn':
    case 'proposalDigest':
    case 'proposalVector':
      return decodeProposalFrame(frame, frame.message);
    case undefined:
      break;
  }
  return 'unknown';
}

// eslint-disable-next-line complexity -- one case per kind of frame
function frameMessage(frame: Frame): FrameInput {
  switch (frame.kind) {
    case 'hello':
      return { hello: helloMessage(frame.hello) };
    case 'push':
      return { push: { ...pushMessage(frame.push), origin: frame.origin } };
    case 'held':
      return { held: heldMessage(frame) };
    case 'digest':
      return { digest: digestMessage(frame.digest) };
    case 'rows-ask':
      return { rowsAsk: { since: String(frame.since) } };
    case 'tree':
      return { tree: treeMessage(frame.nodes) };
    case 'rows':
      return { rows: rowsMessage(frame.rows) };
    case 'fork':
      return { fork: encodeEvidence(frame.evidence) };
    case 'ping':
    case 'ack':
    case 'ping-req':
    case 'nack':
    case 'members':
    case 'member-digest':
    case 'member-buckets':
    case 'member-rows':
    case 'member-want':
      return membershipMessage(frame);
    case 'cosigned':
    case 'heartbeat':
    case 'region-split':
    case 'cosigned-ask':
    case 'lines-ask':
    case 'lines':
      return attestationMessage(frame);
    case 'adoption-rows':
    case 'adoption-digest':
    case 'adoption-vector':
    case 'arrivals':
      return adoptionMessage(frame);
    case 'proposal':
    case 'proposal-signed':
    case 'proposal-withdrawn':
    case 'proposal-digest':
    case 'proposal-vector':
      return proposalMessage(frame);
  }
}

function decodePush(push: PushOutput): Push {
  return {
    statement: decodeStatement(push.statement, 'push statement'),
    content: decodeContent(push.body, push.delta, 'push'),
    blobs: decodeBlobs(push.blobs),
  };
}

function pushMessage({ statement, content, blobs }: Push): PushInput {
  const common = { statement: encodeStatement(statement), blobs: encodeBlobs(blobs) };
  return content.kind === 'whole'
    ? { ...common, body: content.body }
    : { ...common, delta: encodeDelta(content.delta) };
}

function decodeHeld({ row, revision, spareOrigin }: HeldOutput): Frame {
  const at = decodeUint(revision, 'held revision');
  return {
    kind: 'held',
    row: decodeRow(row),
    ...(at !== 0 && { revision: at }),
    ...(spareOrigin !== '' && { spareOrigin: parseRegionName(spareOrigin) }),
  };
}

function heldMessage({ row, revision, spareOrigin }: FrameOf<'held'>): HeldInput {
  return {
    row: rowMessage(row),
    revision: String(revision ?? 0),
    spareOrigin: spareOrigin ?? '',
  };
}
