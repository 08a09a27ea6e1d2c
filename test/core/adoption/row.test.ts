import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitRow } from '../../../src/core/adoption/fitting.ts';
import type { ClientStage } from '../../../src/core/adoption/model.ts';
import {
  type BundleRow,
  type RowGroup,
  type SignedRow,
  signRow,
  verifyRow,
} from '../../../src/core/adoption/row.ts';
import { RowTable } from '../../../src/core/adoption/row-table.ts';
import { generateSigningKey, type SigningKey } from '../../../src/core/crypto.ts';
import {
  type NodeId,
  parseBundleName,
  parseNodeId,
  parseRealmName,
  parseSha256,
} from '../../../src/core/ids.ts';
import { ADOPTION_ROW_MAX_BYTES } from '../../../src/core/limits.ts';
import { signMember } from '../../../src/core/membership/record.ts';
import type { MemberView } from '../../../src/core/membership/view.ts';
import { testHello } from '../../../src/testing/members.ts';
import { BUNDLE, count, NOW_MS, rowOf } from './support.ts';

const REALM = parseRealmName('test.example.org');
const KEY = generateSigningKey('ed25519');
const NODES = ['iad-1', 'fra-1', 'sin-1'];

describe('a row', () => {
  it('is read as it was signed', () => {
    const row = rowOf('iad-1', [bundleRow([group('loaded', 3)])]);
    expect(verifyRow(signed(row), writer())).toEqual(row);
  });

  it('is refused when somebody changed it, or signed with another key', () => {
    const row = signed(rowOf('iad-1', []));
    const payload = Uint8Array.from(row.payload);
    payload[10] = (payload[10] ?? 0) ^ 1;
    expect(() => verifyRow({ ...row, payload }, writer())).toThrow('not signed by its member key');
    const other = { realm: REALM, publicKey: generateSigningKey('ed25519').publicKey.spki };
    expect(() => verifyRow(row, other)).toThrow('not signed by its member key');
  });

  it('is refused when it says beside what it is, or is of another realm', () => {
    const row = signed(rowOf('iad-1', [], 4));
    expect(() => verifyRow({ ...row, version: 9 }, writer())).toThrow('not what it says to be');
    expect(() => verifyRow({ ...row, nodeId: parseNodeId('fra-1') }, writer())).toThrow(
      'not what it says',
    );
    const elsewhere = { ...writer(), realm: parseRealmName('other.example.org') };
    expect(() => verifyRow(row, elsewhere)).toThrow('another realm');
  });

  it.each([
    ['a count without measure', { count: 2 ** 52 }],
    ['a time after all years', { behindSinceMs: Date.UTC(9999, 11, 31) + 86_400_000 }],
    ['a label that no client can have', { labels: new Map([['\n', 'x']]) }],
  ])('is refused with %s', (_, change) => {
    const row = rowOf('iad-1', [bundleRow([{ ...group('loaded', 1), ...change }])]);
    expect(() => verifyRow(signed(row), writer())).toThrow();
  });

  it('fits its limit whatever there is to tell, and counts everybody', () => {
    const labels = (n: number): RowGroup['labels'] => new Map([['service', `${n}`.padStart(100)]]);
    const groups = Array.from({ length: 2000 }, (_, n) => group('loaded', 1 + (n % 5), labels(n)));
    const row = fitRow(rowOf('iad-1', [bundleRow(groups)]));
    expect(signed(row).payload.length).toBeLessThanOrEqual(ADOPTION_ROW_MAX_BYTES);
    const told = row.bundles[0]?.groups ?? [];
    expect(count(told, () => true)).toBe(count(groups, () => true));
    expect(told.some(({ labels: merged }) => merged.has('(other)'))).toBe(true);
    expect(verifyRow(signed(row), writer())).toEqual(row);
  });

  it('says that it does not tell all when uses or bundles are left out', () => {
    const anchors = Array.from({ length: 900 }, (_, n) => ({
      anchor: parseSha256(n.toString(16).padStart(64, '0')),
      clients: 1,
      handshakes: 1,
      lastUsedMs: NOW_MS + n,
    }));
    const many = fitRow(rowOf('iad-1', [{ ...bundleRow([]), anchors }]));
    expect(many.bundles[0]).toMatchObject({ knowledge: 'partial' });
    expect(many.bundles[0]?.anchors[0]?.lastUsedMs).toBe(NOW_MS + 899);
    const bundles = Array.from({ length: 3000 }, (_, n) => ({
      ...bundleRow([group('loaded', 1)]),
      bundle: parseBundleName(`b${n}`),
    }));
    const wide = fitRow(rowOf('iad-1', bundles));
    expect(wide.knowledge).toBe('partial');
    expect(signed(wide).payload.length).toBeLessThanOrEqual(ADOPTION_ROW_MAX_BYTES);
  });
});

describe('RowTable', () => {
  it('comes to the same whatever the order, however often rows come', () => {
    const rows = NODES.flatMap((name) =>
      [1, 2, 3].map((version) => signed(rowOf(name, [], version))),
    );
    const orders = fc.array(fc.constantFrom(...rows), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(orders, (taken) => {
        const [a, b] = [table(), table()];
        for (const row of taken) a.take(row);
        for (const row of [...taken.toReversed(), ...taken]) b.take(row);
        expect(b.root).toBe(a.root);
        expect(new Set(b.vector())).toEqual(new Set(a.vector()));
        expect(a.compare(b.vector())).toEqual({ newer: [], isBehind: false });
      }),
    );
  });

  it('tells somebody what it lacks, and whether it has more', () => {
    const [a, b] = [table(), table()];
    a.take(signed(rowOf('iad-1', [], 2)));
    a.take(signed(rowOf('fra-1', [], 1)));
    b.take(signed(rowOf('iad-1', [], 1)));
    b.take(signed(rowOf('sin-1', [], 1)));
    const { newer, isBehind } = a.compare(b.vector());
    expect(newer.map(({ nodeId }) => nodeId)).toEqual(['iad-1', 'fra-1']);
    expect(isBehind).toBe(true);
    for (const row of newer) b.take(row);
    for (const row of b.compare(a.vector()).newer) a.take(row);
    expect(a.root).toBe(b.root);
  });

  it('takes nothing of a node that is no member, or of an earlier life of one', () => {
    const known = table();
    expect(known.take(signed(rowOf('gru-1', [])))).toBe('unknown');
    const earlier = { ...rowOf('iad-1', []), bootId: 'f'.repeat(32) };
    expect(known.take(signed(earlier))).toBe('unknown');
    expect(known.rows.size).toBe(0);
  });

  it('takes nothing that is forged', () => {
    const known = table();
    const forger = generateSigningKey('ed25519');
    const row = signRow(rowOf('iad-1', []), (message) => forger.sign(message));
    expect(() => known.take(row)).toThrow('not signed by its member key');
    expect(known.rows.size).toBe(0);
  });

  it('does not compare rows of nodes that are gone', () => {
    const states = new Map<string, MemberView['state']>();
    const known = table(states);
    known.take(signed(rowOf('iad-1', [])));
    const empty = table().root;
    expect(known.root).not.toBe(empty);
    states.set('iad-1', 'failed');
    expect(known.root).toBe(empty);
    expect(known.vector()).toEqual([]);
  });
});

function table(states: ReadonlyMap<string, MemberView['state']> = new Map()): RowTable {
  return new RowTable(REALM, (nodeId) => memberOf(nodeId, states.get(nodeId)));
}

function memberOf(nodeId: NodeId, state: MemberView['state'] = 'alive'): MemberView | undefined {
  return NODES.includes(nodeId) ? { ...member(nodeId), state } : undefined;
}

const members = new Map<string, MemberView>();

function member(name: string, key: SigningKey = KEY): MemberView {
  const known = members.get(name);
  if (known !== undefined) return known;
  const digest = parseSha256('0'.repeat(64));
  const hello = testHello(name, { name: REALM, firstCharterDigest: digest });
  const { nodeId, region, realm, address, bootId, protocolVersion } = hello;
  const publicKey = key.publicKey.spki;
  const self = { nodeId, region, realm, address, bootId, protocolVersion, publicKey };
  const record = { ...self, incarnation: 1, status: 'alive' as const };
  const made: MemberView = {
    record,
    signed: signMember(record, (message) => key.sign(message)),
    state: 'alive',
  };
  members.set(name, made);
  return made;
}

function writer(): Parameters<typeof verifyRow>[1] {
  return { realm: REALM, publicKey: KEY.publicKey.spki };
}

function signed(row: Parameters<typeof signRow>[0]): SignedRow {
  return signRow(row, (message) => KEY.sign(message));
}

function bundleRow(groups: readonly RowGroup[]): BundleRow {
  const counts = { connected: count(groups, () => true), departed: 0, silent: 0, untracked: 0 };
  return { bundle: BUNDLE, counts, groups, anchors: [], knowledge: 'whole' };
}

function group(
  stage: ClientStage,
  sequence: number,
  labels: RowGroup['labels'] = new Map(),
): RowGroup {
  const digest = sequence.toString(16).padStart(16, '0');
  return { stage, sequence, digest, labels, presence: 'connected', count: 2 };
}
