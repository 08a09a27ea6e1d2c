/**
 * Random but well-formed values of everything that crosses the wire.
 *
 * @module
 */
import fc from 'fast-check';
import type {
  DocumentAnswer,
  DocumentQuery,
  HistoryQuery,
  NodeStatus,
  PeerStatus,
  RegionStatus,
  StreamStatus,
  SubmitReceipt,
  SubscriberStatus,
} from '../../src/core/admin/messages.ts';
import type { TlsWorkerStatus } from '../../src/core/admin/process-status.ts';
import { encodeHex } from '../../src/core/bytes.ts';
import { generateSigningKey } from '../../src/core/crypto.ts';
import { ERROR_CODES, type ErrorCode, isErrorCode } from '../../src/core/errors.ts';
import type { FetchItem, FetchRequest, Frame, Hello, Push } from '../../src/core/gossip/frames.ts';
import type { Row } from '../../src/core/gossip/rows.ts';
import {
  type BundleName,
  type NodeId,
  parseBundleName,
  parseNodeId,
  parseRealmName,
  parseRegionName,
  parseSequence,
  parseSha256,
  parseStreamName,
  type RealmName,
  type RegionName,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../../src/core/ids.ts';
import { FETCH_STREAMS_MAX } from '../../src/core/limits.ts';
import { BUCKETS } from '../../src/core/membership/digest.ts';
import { type MembershipFrame, NO_UPDATES } from '../../src/core/membership/frames.ts';
import type { BodyContent } from '../../src/core/statements/body-content.ts';
import type {
  Signature,
  SignedDocument,
  SignedStatement,
} from '../../src/core/statements/envelope.ts';
import type { Evidence } from '../../src/core/trusted/state.ts';
import type {
  BundleCursor,
  HeldRelease,
  WatchRequest,
  WatchResponse,
  WatchStart,
} from '../../src/core/watch/messages.ts';
import { adoptionFrame } from './adoption.ts';
import { attestationFrame, attestationResponse } from './attestations.ts';
import { proposalFrame } from './proposals.ts';

const bytes = (maxLength = 60, minLength = 1): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const hex = (length: number): fc.Arbitrary<string> => bytes(length, length).map(encodeHex);
export const digest: fc.Arbitrary<Sha256> = hex(32).map(parseSha256);
const sequence: fc.Arbitrary<Sequence> = fc
  .integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
  .map(parseSequence);
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const moment = fc.nat({ max: Date.UTC(10_000, 0) - 1 });
const label = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
const domain = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,40}$/);
const bundle: fc.Arbitrary<BundleName> = domain.map(parseBundleName);
const realm: fc.Arbitrary<RealmName> = domain.map(parseRealmName);
const nodeId: fc.Arbitrary<NodeId> = label.map(parseNodeId);
const region: fc.Arbitrary<RegionName> = label.map(parseRegionName);
const stream: fc.Arbitrary<StreamName> = fc
  .oneof(
    fc.constant('charter'),
    domain.map((name) => `release/${name}`),
  )
  .map(parseStreamName);
const text = fc.string({ unit: 'grapheme', maxLength: 40 });

const signature: fc.Arbitrary<Signature> = fc.record({
  keyId: fc.oneof(fc.constant(''), hex(32), hex(4)),
  signature: bytes(70, 0),
});
export const statement: fc.Arbitrary<SignedStatement> = fc.record({
  payload: bytes(200),
  signatures: fc.array(signature, { maxLength: 5 }),
});
const document: fc.Arbitrary<SignedDocument> = fc.record({ statement, body: bytes(200) });
const evidence: fc.Arbitrary<Evidence> = fc.record(
  {
    stream,
    sequence,
    first: statement,
    second: statement,
    recovered: statement,
    revealed: fc.constant([generateSigningKey('ed25519').publicKey]),
  },
  { requiredKeys: ['stream', 'sequence', 'first', 'second'] },
);
export const blobs: fc.Arbitrary<readonly Uint8Array[]> = fc.array(bytes(), { maxLength: 5 });
const content: fc.Arbitrary<BodyContent> = fc.oneof(
  fc.record({ kind: fc.constant('whole' as const), body: bytes(200) }),
  fc.record({
    kind: fc.constant('delta' as const),
    delta: fc.record({ baseSequence: sequence, baseBodyDigest: digest, patch: bytes(100) }),
  }),
);

const held = fc.record({ sequence, digest });
const cursor: fc.Arbitrary<BundleCursor> = fc.oneof(
  fc.record({ bundle, held }),
  fc.record({ bundle, held: fc.constant(undefined) }),
);
const heldRelease: fc.Arbitrary<HeldRelease> = fc.record({ bundle, sequence, digest });
const labels: fc.Arbitrary<ReadonlyMap<string, string>> = fc
  .dictionary(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,20}$/), text, { maxKeys: 5 })
  .map((entries) => new Map(Object.entries(entries)));
const start: fc.Arbitrary<WatchStart> = fc.record(
  {
    realm,
    firstCharterDigest: digest,
    charterVersion: count,
    bundles: fc.array(cursor, { maxLength: 4 }),
    labels,
    wantsAttestations: fc.boolean(),
    wantsWaiting: fc.constant(true as const),
    instance: hex(16),
    streams: sequence,
    previousNode: nodeId,
    reportsUsage: fc.constant(true as const),
  },
  {
    requiredKeys: [
      'realm',
      'firstCharterDigest',
      'charterVersion',
      'bundles',
      'labels',
      'wantsAttestations',
    ],
    noNullPrototype: true,
  },
);
const errorCode: fc.Arbitrary<ErrorCode> = fc.constantFrom(
  ...Object.keys(ERROR_CODES).filter(isErrorCode),
);
export const watchRequest: fc.Arbitrary<WatchRequest> = fc.oneof(
  fc.record({ kind: fc.constant('start' as const), start }),
  fc.record({
    kind: fc.constant('acknowledgement' as const),
    at: heldRelease,
    stage: fc.constantFrom('delivered' as const, 'loaded' as const),
  }),
  fc.record({
    kind: fc.constant('refusal' as const),
    at: heldRelease,
    code: errorCode,
    reason: text,
  }),
  fc.record({
    kind: fc.constant('usage' as const),
    usage: fc.record({
      bundle,
      uses: fc.array(
        fc.record({ anchor: digest, purpose: text, handshakes: count, agoMs: count }),
        { maxLength: 4 },
      ),
      untracked: fc.boolean(),
    }),
  }),
);
const update = fc.oneof(
  fc.record({
    bundle,
    statements: fc.tuple(statement),
    content: content.filter(({ kind }) => kind === 'whole'),
  }),
  fc.record({
    bundle,
    statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
    content: content.filter(({ kind }) => kind === 'delta'),
  }),
);
export const watchResponse: fc.Arbitrary<WatchResponse> = fc.oneof(
  fc.record({
    kind: fc.constant('charters' as const),
    charters: fc.array(document, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('blobs' as const), blobs }),
  fc.record({ kind: fc.constant('update' as const), update }),
  fc.record({ kind: fc.constant('waiting' as const), update }),
  fc.record({ kind: fc.constant('current' as const), at: cursor }),
  fc.record({ kind: fc.constant('fork' as const), evidence }),
  fc.record({ kind: fc.constant('keep-alive' as const) }),
  attestationResponse,
);

const plainHello = fc.record({
  protocolVersion: fc.nat({ max: 0xffff_ffff }),
  nodeId,
  region,
  realm,
  firstCharterDigest: digest,
  bootId: hex(16),
  storeId: hex(16),
  address: text,
});
const hello: fc.Arbitrary<Hello> = fc.oneof(
  plainHello,
  plainHello.map((plain) => ({ ...plain, adoption: true as const })),
  plainHello.map((plain) => ({ ...plain, adoption: true as const, waveCounts: true as const })),
  plainHello.map((plain) => ({ ...plain, proposals: true as const })),
  plainHello.map((plain) => ({ ...plain, marks: true as const })),
);
const push: fc.Arbitrary<Push> = fc.record({ statement, content, blobs });
const row: fc.Arbitrary<Row> = fc.record({
  stream,
  sequence: count,
  digest,
  forked: fc.boolean(),
});
const signedMark = fc.record({
  payload: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  signature: fc.uint8Array({ minLength: 1, maxLength: 64 }),
});
const memberState = fc.constantFrom('alive' as const, 'suspect', 'failed', 'left');
const software = fc.record(
  {
    version: fc.stringMatching(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,20}$/),
    documents: fc.nat({ max: 0xffff_ffff }),
  },
  { noNullPrototype: true },
);
const updates = fc.oneof(
  fc.constant(NO_UPDATES),
  fc.record({
    members: fc.array(
      fc.record(
        {
          payload: fc.uint8Array({ minLength: 1, maxLength: 40 }),
          signature: fc.uint8Array({ minLength: 1, maxLength: 64 }),
          software,
        },
        { requiredKeys: ['payload', 'signature'], noNullPrototype: true },
      ),
      { minLength: 1, maxLength: 3 },
    ),
    observations: fc.array(
      fc.record({
        nodeId,
        incarnation: count,
        state: fc.constantFrom('suspect' as const, 'failed' as const),
        by: fc.array(nodeId, { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
  }),
);
const sums = fc.array(fc.nat({ max: 0xffff_ffff }), { minLength: BUCKETS, maxLength: BUCKETS });
const membershipFrame: fc.Arbitrary<MembershipFrame> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('ping' as const, 'ack' as const),
    sequence: count,
    updates,
  }),
  fc.record({ kind: fc.constant('ping-req' as const), sequence: count, target: nodeId }),
  fc.record({
    kind: fc.constant('nack' as const),
    sequence: count,
    reason: fc.constantFrom('no-answer' as const, 'no-link' as const),
  }),
  fc.record({ kind: fc.constant('members' as const), updates }),
  fc.record({ kind: fc.constant('member-digest' as const), root: hex(8), count }),
  fc.record({ kind: fc.constant('member-buckets' as const), sums }),
  fc.record({
    kind: fc.constant('member-rows' as const),
    buckets: fc.array(fc.nat({ max: BUCKETS - 1 }), { maxLength: 3 }),
    rows: fc.array(
      fc.record({
        nodeId,
        incarnation: count,
        state: fc.constantFrom('alive' as const, 'failed' as const, 'left' as const),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    kind: fc.constant('member-want' as const),
    nodeIds: fc.array(nodeId, { maxLength: 3 }),
  }),
);
const revision = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
export const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('hello' as const), hello }),
  fc.record({ kind: fc.constant('push' as const), push, origin: region }),
  fc.record(
    { kind: fc.constant('held' as const), row, revision, spareOrigin: region },
    { requiredKeys: ['kind', 'row'], noNullPrototype: true },
  ),
  fc.record({
    kind: fc.constant('digest' as const),
    digest: fc.record(
      {
        root: digest,
        count,
        revision: count,
        seen: count,
        ask: fc.constantFrom('answer' as const, 'note' as const),
        others: fc.nat({ max: 0xffff_ffff }),
        standing: fc.constantFrom('serving' as const, 'holding' as const, 'seeking' as const),
        mark: signedMark,
        markSeen: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        remembered: signedMark,
      },
      {
        requiredKeys: ['root', 'count', 'revision', 'seen', 'ask', 'others', 'standing'],
        noNullPrototype: true,
      },
    ),
  }),
  fc.record({ kind: fc.constant('rows-ask' as const), since: count }),
  fc.record({
    kind: fc.constant('tree' as const),
    nodes: fc.array(
      fc.record({
        index: fc.oneof(fc.constant(1), fc.integer({ min: 16, max: 31 })),
        hashes: fc.uint8Array({ minLength: 128, maxLength: 128 }),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    kind: fc.constant('rows' as const),
    rows: fc.record(
      {
        rows: fc.array(row, { maxLength: 5 }),
        revision,
        buckets: fc.array(fc.integer({ min: 4096, max: 8191 }), { maxLength: 3 }),
      },
      { requiredKeys: ['rows', 'buckets'], noNullPrototype: true },
    ),
  }),
  fc.record({ kind: fc.constant('fork' as const), evidence }),
  attestationFrame,
  adoptionFrame,
  proposalFrame,
  membershipFrame,
);
const fetchPart: fc.Arbitrary<FetchRequest> = fc.oneof(
  fc.record({ stream, fromSequence: sequence }),
  fc
    .tuple(stream, sequence, sequence)
    .map(([name, a, b]) =>
      a < b
        ? { stream: name, fromSequence: a, toSequence: b }
        : { stream: name, fromSequence: b, toSequence: a },
    ),
);
export const fetchRequest: fc.Arbitrary<readonly FetchRequest[]> = fc.array(fetchPart, {
  minLength: 1,
  maxLength: FETCH_STREAMS_MAX,
});
export const fetchItem: fc.Arbitrary<FetchItem> = fc.oneof(
  fc.record({ kind: fc.constant('entry' as const), entry: push }),
  fc.record({ kind: fc.constant('blobs' as const), blobs }),
  fc.record({ kind: fc.constant('fork' as const), evidence }),
  fc.record({
    kind: fc.constant('over' as const),
    outcome: fc.constantFrom('sent' as const, 'missing' as const),
  }),
);

export const submitReceipt: fc.Arbitrary<SubmitReceipt> = fc.record({
  stream,
  sequence,
  digest,
  novelty: fc.constantFrom('new' as const, 'held' as const),
});
const withOrWithout = fc.constantFrom('with' as const, 'without' as const);
export const documentQuery: fc.Arbitrary<DocumentQuery> = fc.record(
  { stream, sequence, blobs: withOrWithout },
  { requiredKeys: ['stream', 'blobs'], noNullPrototype: true },
);
export const documentAnswer: fc.Arbitrary<DocumentAnswer> = fc.record({ document, blobs });
export const historyQuery: fc.Arbitrary<HistoryQuery> = fc.record(
  { stream, before: sequence, limit: fc.integer({ min: 1, max: 500 }) },
  { requiredKeys: ['stream', 'limit'], noNullPrototype: true },
);
export const streamStatus: fc.Arbitrary<StreamStatus> = fc.record(
  { stream, sequence: count, digest, fork: evidence },
  { requiredKeys: ['stream', 'sequence', 'digest'], noNullPrototype: true },
);
const peerStatus: fc.Arbitrary<PeerStatus> = fc.record(
  {
    nodeId,
    region,
    address: text,
    state: memberState,
    role: fc.constantFrom('relay' as const, 'ordinary' as const),
    link: fc.constantFrom('up' as const, 'down' as const, 'none' as const),
    sinceMs: moment,
    rttMs: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
    peerRoot: digest,
    lastError: text.filter((message) => message !== ''),
    conduct: fc.record(
      {
        faults: fc.integer({ min: 1, max: 1000 }),
        cutOffs: fc.nat(20),
        refusedUntilMs: moment.filter((time) => time > 0),
        lastFault: text,
      },
      { requiredKeys: ['faults', 'cutOffs', 'lastFault'], noNullPrototype: true },
    ),
    doubt: fc.constantFrom('unproven' as const, 'too-far' as const, 'too-near' as const),
    software,
  },
  {
    requiredKeys: ['nodeId', 'region', 'address', 'state', 'role', 'link', 'sinceMs'],
    noNullPrototype: true,
  },
);
const subscriberStatus: fc.Arbitrary<SubscriberStatus> = fc.record({
  bundle,
  sequence: count,
  delivered: fc.nat(),
  loaded: fc.nat(),
  refused: fc.nat(),
});
const regionStatus: fc.Arbitrary<RegionStatus> = fc
  .record({
    region,
    seconds: fc.nat(),
    standing: fc.constantFrom('counts' as const, 'faulty' as const),
  })
  .map(({ region: name, seconds, standing }) => ({
    region: name,
    standing,
    ...(seconds > 0 && { heartbeatAtMs: 1000 * seconds }),
  }));
const tlsWorker: fc.Arbitrary<TlsWorkerStatus> = fc.record(
  {
    place: fc.nat(),
    state: fc.constantFrom('running' as const, 'ended' as const),
    sinceMs: moment,
    connections: fc.nat(),
    residentBytes: fc.integer({ min: 1 }),
    ended: fc.nat(),
  },
  {
    requiredKeys: ['place', 'state', 'sinceMs', 'connections', 'ended'],
    noNullPrototype: true,
  },
);
const storeTrouble: fc.Arbitrary<Pick<NodeStatus, 'keyWait' | 'storeTrouble'>> = fc.record(
  {
    storeTrouble: fc.record({ sinceMs: moment, reason: text }, { noNullPrototype: true }),
    keyWait: fc.record(
      { sinceMs: moment, on: fc.array(nodeId, { maxLength: 3 }) },
      { noNullPrototype: true },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);
export const nodeStatus: fc.Arbitrary<NodeStatus> = fc
  .record({
    nodeId,
    region,
    realm,
    version: text,
    firstCharterDigest: digest,
    startedAtMs: moment,
    root: digest,
    streams: fc.array(streamStatus, { maxLength: 3 }),
    behind: fc.nat(),
    repair: fc.record(
      { comparedAtMs: fc.integer({ min: 1 }), fetchedAtMs: fc.integer({ min: 1 }) },
      { requiredKeys: [], noNullPrototype: true },
    ),
    peers: fc.array(peerStatus, { maxLength: 3 }),
    subscribers: fc.array(subscriberStatus, { maxLength: 3 }),
    failingSeeds: fc.array(
      fc.record({ address: text, sinceMs: moment, reason: text }, { noNullPrototype: true }),
      { maxLength: 3 },
    ),
    tlsWorkers: fc.array(tlsWorker, { maxLength: 3 }),
    regions: fc.array(regionStatus, { maxLength: 3 }),
  })
  .chain((status) => storeTrouble.map((trouble) => ({ ...status, ...trouble })));
