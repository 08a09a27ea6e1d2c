/**
 * Random but well-formed values of what is said about clients.
 *
 * @module
 */
import fc from 'fast-check';
import type { AdoptionFrame } from '../../src/core/adoption/frames.ts';
import type {
  BundleAdoption,
  ClientFilter,
  ClientList,
  ClientPage,
  ClientStatus,
  ListClientsQuery,
} from '../../src/core/adoption/model.ts';
import type { RowVersion } from '../../src/core/adoption/row.ts';
import { encodeHex } from '../../src/core/bytes.ts';
import {
  parseBundleName,
  parseNodeId,
  parseRegionName,
  parseSequence,
  parseSha256,
} from '../../src/core/ids.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const hex = (length: number): fc.Arbitrary<string> => bytes(length).map(encodeHex);
const digest = hex(32).map(parseSha256);
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const moment = fc.integer({ min: 1, max: Date.UTC(10_000, 0) - 1 });
const time = fc.oneof(fc.constant(0), moment);
const sequence = positive.map(parseSequence);
const bundle = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,40}$/).map(parseBundleName);
const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
const nodeId = name.map(parseNodeId);
const region = name.map(parseRegionName);
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const filled = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const labels = fc
  .dictionary(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,20}$/), text, { maxKeys: 3 })
  .map((entries) => new Map(Object.entries(entries)));
const code = fc.constantFrom('POLICY' as const, 'QUORUM', 'BUG');
const stage = fc.constantFrom('waiting' as const, 'delivered', 'loaded', 'refused');
const presence = fc.constantFrom('connected' as const, 'departed');
const plain = { noNullPrototype: true } as const;

/** What one node says of all. */
export const adoption: fc.Arbitrary<BundleAdoption> = fc.record(
  {
    bundle,
    head: fc.record({ sequence, digest }),
    nowMs: time,
    groups: fc.array(
      fc.record(
        {
          region,
          stage,
          sequence: count,
          digest: fc.oneof(hex(8), fc.constant('')),
          otherSequence: sequence,
          code,
          labels,
          presence,
          count,
          behindSinceMs: moment,
        },
        {
          requiredKeys: ['region', 'stage', 'sequence', 'digest', 'labels', 'presence', 'count'],
          ...plain,
        },
      ),
      { maxLength: 3 },
    ),
    anchors: fc.array(
      fc.record({ anchor: digest, clients: count, handshakes: count, lastUsedMs: time }),
      { maxLength: 3 },
    ),
    nodes: fc.array(
      fc.record(
        {
          nodeId,
          region,
          standing: fc.constantFrom('counted' as const, 'unreachable', 'silent', 'left'),
          connected: count,
          departed: count,
          silent: count,
          untracked: count,
          sinceMs: moment,
          issuedAtMs: moment,
          knowledge: fc.constantFrom('whole' as const, 'partial'),
        },
        {
          requiredKeys: [
            'nodeId',
            'region',
            'standing',
            'connected',
            'departed',
            'silent',
            'untracked',
            'knowledge',
          ],
          ...plain,
        },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['bundle', 'nowMs', 'groups', 'anchors', 'nodes'], ...plain },
);

const client: fc.Arbitrary<ClientStatus> = fc.record(
  {
    identity: text,
    instance: hex(16),
    labels,
    stage,
    held: fc.record({ sequence, digest }),
    otherSequence: sequence,
    refusal: fc.record({ code, reason: text }),
    behindSinceMs: moment,
    presence,
    sinceMs: time,
    reportsUsage: fc.boolean(),
    untracked: fc.boolean(),
    previousNode: nodeId,
    uses: fc.array(fc.record({ anchor: digest, lastUsedMs: time, handshakes: count }), {
      maxLength: 3,
    }),
  },
  {
    requiredKeys: [
      'identity',
      'labels',
      'stage',
      'presence',
      'sinceMs',
      'reportsUsage',
      'untracked',
      'uses',
    ],
    ...plain,
  },
);
const clients = fc.array(client, { maxLength: 3 });
const filter: fc.Arbitrary<ClientFilter> = fc.oneof(
  fc.record({ kind: fc.constantFrom('all' as const, 'behind', 'refused', 'loaded', 'departed') }),
  fc.record({ kind: fc.constant('uses' as const), anchor: digest }),
);

/** Which clients of one node to list. */
export const clientsQuery: fc.Arbitrary<Omit<ListClientsQuery, 'nodeId'>> = fc.record({
  bundle,
  filter,
  after: text,
  limit: fc.integer({ min: 1, max: 500 }),
});

/** Which clients of one node or of all to list. */
export const listQuery: fc.Arbitrary<ListClientsQuery> = fc.record(
  { bundle, filter, after: text, limit: fc.integer({ min: 1, max: 500 }), nodeId },
  { requiredKeys: ['bundle', 'filter', 'after', 'limit'], ...plain },
);

/** A page of the clients of one node. */
export const clientPage: fc.Arbitrary<ClientPage> = fc.record(
  { clients, next: filled },
  { requiredKeys: ['clients'], ...plain },
);

/** A page of clients by node. */
export const clientList: fc.Arbitrary<ClientList> = fc.record(
  {
    nodes: fc.array(
      fc.record(
        { nodeId, region, clients, missing: filled },
        { requiredKeys: ['nodeId', 'region', 'clients'], ...plain },
      ),
      { maxLength: 3 },
    ),
    next: filled,
  },
  { requiredKeys: ['nodes'], ...plain },
);

const version: fc.Arbitrary<RowVersion> = fc.record({ nodeId, bootId: hex(16), version: count });
const payload = fc.uint8Array({ minLength: 1, maxLength: 40 });

/** What nodes say to each other about clients. */
export const adoptionFrame: fc.Arbitrary<AdoptionFrame> = fc.oneof(
  fc.record({
    kind: fc.constant('adoption-rows' as const),
    rows: fc.array(
      fc.record({ nodeId, bootId: hex(16), version: count, payload, signature: payload }),
      { maxLength: 3 },
    ),
    cause: fc.constantFrom('news' as const, 'asked'),
  }),
  fc.record({ kind: fc.constant('adoption-digest' as const), root: hex(8) }),
  fc.record({
    kind: fc.constant('adoption-vector' as const),
    versions: fc.array(version, { maxLength: 3 }),
    turn: fc.constantFrom('answer' as const, 'last'),
  }),
  fc.record({
    kind: fc.constant('arrivals' as const),
    arrivals: fc.record({ nodeId, to: nodeId, payload, signature: payload }),
    hops: fc.nat({ max: 3 }),
  }),
);
