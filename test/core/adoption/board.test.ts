import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AdoptionBoard } from '../../../src/core/adoption/board.ts';
import { aliasOf, type Client, clientKey } from '../../../src/core/adoption/client.ts';
import { listClients } from '../../../src/core/adoption/listing.ts';
import type { ClientFilter, ClientPage } from '../../../src/core/adoption/model.ts';
import { parseBundleName, parseNodeId, parseSha256 } from '../../../src/core/ids.ts';
import {
  ANCHOR,
  APP,
  BUNDLE,
  boardAt,
  count,
  DEPARTED_MS,
  instance,
  join,
  NOW_MS,
  OTHER_ANCHOR,
  releaseAt,
  serve,
  startOf,
  told,
} from './support.ts';

const NOT_CONNECTED = { connected: 0, departed: 0 };

describe('AdoptionBoard', () => {
  it('counts clients by what they run and how far they are', () => {
    const board = boardAt(2);
    join(board, 1, undefined);
    join(board, 2, 1);
    const third = join(board, 3, 1);
    board.acknowledged(third, releaseAt(2), 'delivered');
    const fourth = join(board, 4, 1);
    board.acknowledged(fourth, releaseAt(2), 'delivered');
    board.acknowledged(fourth, releaseAt(2), 'loaded');
    const { groups, counts } = told(board);
    expect(counts).toMatchObject({ connected: 4, departed: 0, silent: 4 });
    expect(groups).toHaveLength(4);
    expect(groups).toMatchObject([
      { stage: 'waiting', sequence: 0, count: 1 },
      { stage: 'loaded', sequence: 1, count: 1, behindSinceMs: NOW_MS },
      { stage: 'delivered', sequence: 1, otherSequence: 2, count: 1 },
      { stage: 'loaded', sequence: 2, count: 1 },
    ]);
  });

  it('says who refused and why, and keeps it when the client goes on to another node', () => {
    const board = boardAt(2);
    const client = join(board, 1, 1);
    board.refused(client, releaseAt(2), 'POLICY', 'x'.repeat(1000));
    board.closed(client, 'well', NOW_MS);
    expect(told(board).groups).toMatchObject([
      { stage: 'refused', code: 'POLICY', sequence: 1, otherSequence: 2, presence: 'departed' },
    ]);
    const [listed] = list(board, { kind: 'refused' }).clients;
    expect(listed?.refusal?.reason).toHaveLength(256);
  });

  it('counts by the labels that it was told to, no others', () => {
    const board = boardAt(1);
    join(board, 1, 1, { labels: new Map([['service', 'pay']]) });
    join(board, 2, 1, {
      labels: new Map([
        ['service', 'pay'],
        ['pod', 'a'],
      ]),
    });
    join(board, 3, 1, { labels: new Map([['service', 'ship']]) });
    const { groups } = told(board);
    expect(groups.map(({ labels, count: size }) => [[...labels], size])).toEqual([
      [[['service', 'pay']], 2],
      [[['service', 'ship']], 1],
    ]);
  });

  it('forgets a client that ends in order, and remembers one whose stream breaks', () => {
    const board = boardAt(1);
    const [first, second] = [join(board, 1, 1), join(board, 2, 1)];
    board.closed(first, 'well', NOW_MS);
    board.closed(second, 'broken', NOW_MS);
    expect(told(board).counts).toMatchObject({ connected: 0, departed: 1 });
    board.expire(NOW_MS + DEPARTED_MS - 1);
    expect(told(board).counts).toMatchObject({ departed: 1 });
    board.expire(NOW_MS + DEPARTED_MS);
    expect(told(board).counts).toMatchObject(NOT_CONNECTED);
  });

  it('knows an instance again that comes back', () => {
    const board = boardAt(1);
    board.closed(join(board, 1, 1), 'broken', NOW_MS);
    join(board, 1, 1, { streams: 2 });
    expect(told(board).counts).toMatchObject({ connected: 1, departed: 0 });
  });

  it('remembers what an instance used before it came back', () => {
    const board = boardAt(1);
    const client = join(board, 1, 1, { reportsUsage: true });
    board.used(client, usage(5), NOW_MS);
    join(board, 1, 1, { streams: 2, reportsUsage: true });
    expect(told(board).anchors).toEqual([
      { anchor: ANCHOR, clients: 1, handshakes: 5, lastUsedMs: NOW_MS - 100 },
    ]);
  });

  it('I08: counts two streams of one instance once, and nothing that the earlier one says', () => {
    const board = boardAt(2);
    const first = join(board, 1, 1);
    join(board, 1, 1, { streams: 2 });
    board.acknowledged(first, releaseAt(2), 'loaded');
    board.used(first, usage(5), NOW_MS);
    board.closed(first, 'broken', NOW_MS);
    expect(told(board).counts).toMatchObject({ connected: 1, departed: 0 });
    expect(told(board).groups).toMatchObject([{ sequence: 1, count: 1 }]);
    expect(told(board).anchors).toEqual([]);
  });

  it('I08: does not count a start that was overtaken by a later one', () => {
    const board = boardAt(2);
    join(board, 1, 2, { streams: 7 });
    const late = join(board, 1, 1, { streams: 6 });
    board.acknowledged(late, releaseAt(1), 'loaded');
    board.closed(late, 'broken', NOW_MS);
    expect(told(board).groups).toMatchObject([{ sequence: 2, count: 1, presence: 'connected' }]);
  });

  it('I08: does not let another identity speak for an instance', () => {
    const board = boardAt(2);
    join(board, 1, 1);
    const thief = board.open(
      'spiffe://test.example.org/client/thief',
      startOf(1, named(1)),
      NOW_MS,
    );
    board.acknowledged(thief, releaseAt(2), 'loaded');
    expect(told(board).groups).toMatchObject([
      { sequence: 1, count: 1 },
      { sequence: 2, count: 1 },
    ]);
  });

  it('counts a repeated acknowledgement once', () => {
    const board = boardAt(2);
    const client = join(board, 1, 1);
    for (let turn = 0; turn < 3; turn += 1) board.acknowledged(client, releaseAt(2), 'loaded');
    expect(told(board).groups).toMatchObject([{ sequence: 2, count: 1 }]);
  });

  it('remembers one of several clients of an identity that cannot be told apart', () => {
    const board = boardAt(1);
    const clients = [1, 2, 3].map(() => board.open(APP, startOf(1), NOW_MS));
    expect(told(board).counts).toMatchObject({ connected: 3 });
    for (const client of clients) board.closed(client, 'broken', NOW_MS);
    expect(told(board).counts).toMatchObject({ connected: 0, departed: 1 });
    board.open(APP, startOf(1), NOW_MS);
    expect(told(board).counts).toMatchObject({ connected: 1, departed: 0 });
  });

  it('drops a departed client that came to another node', () => {
    const board = boardAt(1);
    board.closed(join(board, 1, 1), 'broken', NOW_MS);
    board.arrivedElsewhere([{ key: clientKey(APP, instance(1)), streams: 2 }]);
    expect(told(board).counts).toMatchObject(NOT_CONNECTED);
  });

  it('drops a client that came to another node before its stream here breaks', () => {
    const board = boardAt(1);
    const client = join(board, 1, 1);
    board.arrivedElsewhere([{ key: clientKey(APP, instance(1)), streams: 2 }]);
    board.closed(client, 'broken', NOW_MS);
    expect(told(board).counts).toMatchObject(NOT_CONNECTED);
  });

  it('does not forget who is connected because another node says so, nor without a number', () => {
    const board = boardAt(1);
    const client = join(board, 1, 1, { reportsUsage: true });
    const key = clientKey(APP, instance(1));
    board.arrivedElsewhere([{ key, streams: Number.MAX_SAFE_INTEGER }]);
    board.used(client, usage(1), NOW_MS);
    expect(told(board)).toMatchObject({ counts: { connected: 1 }, anchors: [{ clients: 1 }] });
    const other = join(board, 2, 1, { streams: 0 });
    board.arrivedElsewhere([{ key: clientKey(APP, instance(2)), streams: 0 }]);
    board.closed(other, 'broken', NOW_MS);
    board.arrivedElsewhere([{ key: clientKey(APP, instance(2)), streams: 0 }]);
    expect(told(board).counts).toMatchObject({ connected: 1, departed: 1 });
  });

  it('counts an instance again that comes back after it was elsewhere', () => {
    const board = boardAt(1);
    join(board, 1, 1);
    board.arrivedElsewhere([{ key: clientKey(APP, instance(1)), streams: 2 }]);
    board.closed(join(board, 1, 1, { streams: 3 }), 'broken', NOW_MS);
    expect(told(board).counts).toMatchObject({ connected: 0, departed: 1 });
  });

  it('I08: tells nobody an instance, by which others could speak of it', () => {
    const board = boardAt(1);
    for (const number of [1, 2]) join(board, number, 1);
    const page = JSON.stringify(list(board, { kind: 'all' }, '', 1));
    for (const number of [1, 2]) {
      expect(page).not.toContain(instance(number));
      expect(page).not.toContain(clientKey(APP, instance(number)));
    }
  });

  it('keeps a client that has come back since it was at another node', () => {
    const board = boardAt(1);
    join(board, 1, 1, { streams: 3, previousNode: parseNodeId('fra-1') });
    board.arrivedElsewhere([{ key: clientKey(APP, instance(1)), streams: 2 }]);
    expect(told(board).counts).toMatchObject({ connected: 1 });
  });

  it('makes room among departed clients and says that it does not know all', () => {
    const board = boardAt(1, 2);
    const clients = [1, 2, 3].map((number) => join(board, number, 1));
    for (const client of clients) board.closed(client, 'broken', NOW_MS);
    expect(told(board)).toMatchObject({ counts: { departed: 2 }, knowledge: 'partial' });
    expect(told(board, NOW_MS + DEPARTED_MS).knowledge).toBe('whole');
  });

  it('makes room among the departed of one identity first', () => {
    const board = boardAt(1, 1000);
    const other = board.open('spiffe://test.example.org/client/b', startOf(1, named(1)), NOW_MS);
    board.closed(other, 'broken', NOW_MS);
    for (let n = 0; n < 150; n += 1) board.closed(join(board, n, 1), 'broken', NOW_MS);
    expect(told(board)).toMatchObject({ counts: { departed: 101 }, knowledge: 'partial' });
    expect([...board.clients()]).toContain(other);
  });

  it('counts nothing of a bundle that the node does not serve, and all when it comes', () => {
    const board = new AdoptionBoard({ labels: [], departedMs: DEPARTED_MS, departedMax: 10 });
    const client = join(board, 1, 1);
    board.acknowledged(client, releaseAt(1), 'loaded');
    expect(board.rows(NOW_MS)).toEqual([]);
    expect(board.watched(new Set([BUNDLE]))).toEqual(new Set([BUNDLE]));
    serve(board, 1, NOW_MS);
    expect(told(board).groups).toMatchObject([{ sequence: 1, count: 1 }]);
    board.closed(client, 'well', NOW_MS);
    expect(told(board).groups).toEqual([]);
  });

  it('keeps nothing of made-up bundles, and of others until their time is over', () => {
    const board = boardAt(1, 1);
    for (const n of [1, 2]) {
      const [known] = startOf(1).bundles;
      const made = { bundle: parseBundleName(`b${n}.test.example.org`), held: undefined };
      const bundles = known === undefined ? [] : [known, made];
      const client = join(board, n, 1, { bundles });
      board.closed(client, 'broken', NOW_MS);
      expect([...client.bundles.keys()]).toEqual([BUNDLE]);
      expect(board.tally(made.bundle)).toBeUndefined();
    }
    board.expire(NOW_MS + DEPARTED_MS - 1);
    expect(board.tally(BUNDLE)).toBeDefined();
    board.expire(NOW_MS + DEPARTED_MS);
    expect(board.tally(BUNDLE)).toBeUndefined();
  });

  it('counts clients together when there are groups without number', () => {
    const board = boardAt(1);
    for (let n = 0; n < 700; n += 1) {
      join(board, n, 1, { labels: new Map([['service', `made-up-${n}`]]) });
    }
    expect(told(board).groups).toHaveLength(505);
    expect(count(told(board).groups, () => true)).toBe(700);
    for (const client of [...board.clients()]) board.closed(client, 'well', NOW_MS);
    expect(told(board).groups).toEqual([]);
  });

  it('has room for so many groups of all bundles, and counts all the same', () => {
    const board = new AdoptionBoard({ labels: ['s'], departedMs: DEPARTED_MS, departedMax: 10 });
    const names = Array.from({ length: 64 }, (_, n) => parseBundleName(`b${n}.example.org`));
    const { sequence, digest } = releaseAt(1);
    for (const name of names) board.serve(name, { sequence, digest, anchors: new Set() }, NOW_MS);
    const bundles = names.map((bundle) => ({ bundle, held: { sequence, digest } }));
    for (let n = 0; n < 200; n += 1) {
      join(board, n, 1, { bundles, labels: new Map([['s', `${n}`]]) });
    }
    const rows = board.rows(NOW_MS);
    const groups = rows.flatMap((row) => row.groups);
    expect(groups.length).toBeLessThan(8192 + 64 * 9);
    expect(count(groups, () => true)).toBe(64 * 200);
  });

  it('adds up uses by anchor, of the anchors that the release has', () => {
    const board = boardAt(1);
    const [first, second] = [1, 2].map((n) => join(board, n, 1, { reportsUsage: true }));
    if (first === undefined || second === undefined) throw new Error('no clients');
    board.used(first, usage(2), NOW_MS);
    board.used(first, usage(3), NOW_MS + 1000);
    board.used(second, usage(1), NOW_MS);
    board.used(second, usage(9, parseSha256('cc'.repeat(32))), NOW_MS);
    const { anchors, counts } = told(board);
    expect(anchors).toEqual([
      { anchor: ANCHOR, clients: 2, handshakes: 6, lastUsedMs: NOW_MS + 900 },
    ]);
    expect(counts.silent).toBe(0);
    board.closed(second, 'well', NOW_MS);
    expect(told(board).anchors).toMatchObject([{ clients: 1, handshakes: 6 }]);
  });

  it('remembers when an anchor was used that is taken out and put back', () => {
    const board = boardAt(1);
    const client = join(board, 1, 1, { reportsUsage: true });
    board.used(client, usage(2), NOW_MS);
    const { anchors } = told(board);
    serveOnly(board, 2, [OTHER_ANCHOR]);
    expect(told(board).anchors).toEqual([]);
    serve(board, 3, NOW_MS);
    expect(told(board).anchors).toEqual(anchors);
    serveOnly(board, 4, [OTHER_ANCHOR]);
    board.closed(client, 'well', NOW_MS);
    serve(board, 5, NOW_MS);
    expect(told(board).anchors).toMatchObject([{ anchor: ANCHOR, clients: 0, handshakes: 2 }]);
  });

  it('keeps uses of anchors that come with the next release', () => {
    const board = boardAt(1);
    serveOnly(board, 1, [OTHER_ANCHOR]);
    const client = join(board, 1, 2, { reportsUsage: true });
    board.used(client, usage(2), NOW_MS);
    board.used(client, usage(3), NOW_MS);
    expect(told(board).anchors).toEqual([]);
    serve(board, 2, NOW_MS);
    const use = { anchor: ANCHOR, handshakes: 5, lastUsedMs: NOW_MS - 100 };
    expect(told(board).anchors).toMatchObject([use]);
  });

  it('I09: does not take one stream without instance for all that departed', () => {
    const board = boardAt(1);
    const clients = [1, 2].map(() => board.open(APP, startOf(1), NOW_MS));
    for (const client of clients) board.closed(client, 'broken', NOW_MS);
    board.closed(board.open(APP, startOf(1), NOW_MS), 'well', NOW_MS);
    expect(told(board)).toMatchObject({ counts: { departed: 0 }, knowledge: 'partial' });
    expect(told(board, NOW_MS + DEPARTED_MS).knowledge).toBe('whole');
  });

  it('counts programs that use anchors unseen', () => {
    const board = boardAt(1);
    const client = join(board, 1, 1, { reportsUsage: true });
    board.used(client, { bundle: BUNDLE, uses: [], untracked: true }, NOW_MS);
    expect(told(board).counts.untracked).toBe(1);
    board.closed(client, 'well', NOW_MS);
    expect(told(board).counts.untracked).toBe(0);
  });

  it('says since when a client is behind: since the first release that it lacks', () => {
    const board = boardAt(1);
    join(board, 1, 1);
    serve(board, 2, NOW_MS + 1000);
    serve(board, 3, NOW_MS + 2000);
    expect(told(board).groups).toMatchObject([{ behindSinceMs: NOW_MS + 1000 }]);
    expect(list(board, { kind: 'behind' }).clients).toMatchObject([
      { behindSinceMs: NOW_MS + 1000, held: { sequence: 1 } },
    ]);
  });

  it('lists clients page by page, by what is asked for', () => {
    const board = boardAt(2);
    const clients = Array.from({ length: 7 }, (_, n) => join(board, n, 1));
    for (const client of clients.slice(0, 5)) board.acknowledged(client, releaseAt(2), 'loaded');
    expect(list(board, { kind: 'loaded' }).clients).toHaveLength(5);
    expect(list(board, { kind: 'behind' }).clients).toHaveLength(2);
    const names: (string | undefined)[] = [];
    let page: ClientPage = list(board, { kind: 'all' }, '', 3);
    while (true) {
      names.push(...page.clients.map((client) => client.instance));
      if (page.next === undefined) break;
      page = list(board, { kind: 'all' }, page.next, 3);
    }
    expect(names).toEqual(clients.map((client) => client.alias).toSorted());
  });

  it('lists who used an anchor', () => {
    const board = boardAt(1);
    const user = join(board, 1, 1, { reportsUsage: true });
    join(board, 2, 1, { reportsUsage: true });
    board.used(user, usage(4), NOW_MS);
    expect(list(board, { kind: 'uses', anchor: ANCHOR }).clients).toMatchObject([
      { instance: aliasOf(APP, instance(1)), uses: [{ anchor: ANCHOR, handshakes: 4 }] },
    ]);
    expect(list(board, { kind: 'uses', anchor: OTHER_ANCHOR }).clients).toEqual([]);
  });

  it('never counts more clients than there are, whatever happens in which order', () => {
    const step = fc.record({
      kind: fc.constantFrom(
        'open',
        'loaded',
        'delivered',
        'refused',
        'close',
        'break',
        'elsewhere',
      ),
      who: fc.integer({ min: 1, max: 4 }),
      sequence: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const board = boardAt(3);
        const clients = new Map<number, Client>();
        let streams = 0;
        for (const { kind, who, sequence } of steps) {
          streams += 1;
          const client = clients.get(who);
          const at = releaseAt(sequence);
          if (kind === 'open') clients.set(who, join(board, who, sequence, { streams }));
          if (kind === 'elsewhere') {
            board.arrivedElsewhere([{ key: clientKey(APP, instance(who)), streams }]);
          }
          if (client === undefined) continue;
          if (kind === 'loaded' || kind === 'delivered') board.acknowledged(client, at, kind);
          if (kind === 'refused') board.refused(client, at, 'POLICY', 'no');
          if (kind === 'close') board.closed(client, 'well', NOW_MS);
          if (kind === 'break') board.closed(client, 'broken', NOW_MS);
        }
        const { groups, counts } = told(board);
        const known = new Set([...board.clients()].map(({ key }) => key));
        expect(counts.connected + counts.departed).toBe(known.size);
        expect(count(groups, () => true)).toBe(known.size);
        expect(known.size).toBeLessThanOrEqual(4);
      }),
    );
  });
});

function usage(
  handshakes: number,
  anchor = ANCHOR,
): Parameters<ReturnType<typeof boardAt>['used']>[1] {
  const use = { anchor, purpose: 'tls-client', handshakes, agoMs: 100 };
  return { bundle: BUNDLE, uses: [use], untracked: false };
}

function serveOnly(board: AdoptionBoard, at: number, anchors: readonly (typeof ANCHOR)[]): void {
  const { sequence, digest } = releaseAt(at);
  board.serve(BUNDLE, { sequence, digest, anchors: new Set(anchors) }, NOW_MS);
}

function named(number: number): Parameters<typeof startOf>[1] {
  return { instance: instance(number), streams: 1 };
}

function list(
  board: ReturnType<typeof boardAt>,
  filter: ClientFilter,
  after = '',
  limit = 100,
): ClientPage {
  return listClients(board, { bundle: BUNDLE, filter, after, limit });
}
