import { beforeEach, describe, expect, it } from 'vitest';
import { type SignedArrivals, verifyArrivals } from '../../../src/core/adoption/arrivals.ts';
import { type Client, clientKey } from '../../../src/core/adoption/client.ts';
import { ROW_AGAIN_MS, ROW_AGE_MAX_MS } from '../../../src/core/adoption/freshness.ts';
import { type AdoptionRow, verifyRow } from '../../../src/core/adoption/row.ts';
import { generateSigningKey } from '../../../src/core/crypto.ts';
import { parseBundleName, parseNodeId, releaseStream } from '../../../src/core/ids.ts';
import type { WatchStart } from '../../../src/core/watch/messages.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { Reporting } from '../../../src/service/clients/reporting.ts';
import { addActive, createTestAnchor } from '../../../src/testing/anchors.ts';
import { testHello } from '../../../src/testing/members.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../../src/testing/realm.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

const BUNDLE = parseBundleName('payments.test.example.org');
const KEY = generateSigningKey('ed25519');
const APP = 'spiffe://test.example.org/client/app';
const ANCHOR = createTestAnchor('CA 1');

describe('Reporting', () => {
  let realm: TestRealm;
  let clock: SimulatedClock;
  let rows: AdoptionRow[];
  let notices: SignedArrivals[];
  let nodes: number;
  let release: TestRelease;
  let reporting: Reporting;

  beforeEach(() => {
    realm = createTestRealm();
    release = realm.nextRelease(BUNDLE, addActive(ANCHOR));
    clock = new SimulatedClock();
    rows = [];
    notices = [];
    nodes = 3;
    const writer = { realm: realm.name, publicKey: KEY.publicKey.spki };
    reporting = new Reporting({
      self: testHello('iad-1', realm),
      sign: (message) => KEY.sign(message),
      board: { labels: ['service'], departedMs: 3_600_000, departedMax: 10 },
      state: realm.trustedState(),
      clock,
      logger: noLogger,
      countNodes: () => nodes,
      report: (row) => rows.push(verifyRow(row, writer)),
      arrived: (arrivals) => notices.push(arrivals),
    });
    reporting.start();
  });

  it('tells at once that nobody is there, and then every ten minutes while nothing changes', () => {
    expect(rows).toMatchObject([{ version: 1, bundles: [] }]);
    clock.advance(ROW_AGAIN_MS - 1);
    expect(rows).toHaveLength(1);
    clock.advance(1);
    expect(rows).toMatchObject([{ version: 1 }, { version: 2, issuedAtMs: clock.nowMs() }]);
    clock.advance(ROW_AGE_MAX_MS);
    expect(rows).toHaveLength(5);
  });

  it('says for how long it has observed, whatever the clock was when it began', () => {
    clock.advance(60_000);
    clock.setWallTime(clock.nowMs() + 48 * 3_600_000);
    open(1);
    clock.advance(1000);
    const [row] = rows.slice(-1);
    expect((row?.issuedAtMs ?? 0) - (row?.sinceMs ?? 0)).toBeLessThanOrEqual(61_000);
  });

  it('tells of all that came together after a moment', () => {
    clock.advance(5000);
    for (let number = 0; number < 50; number += 1) open(number);
    expect(rows).toHaveLength(1);
    clock.advance(200);
    expect(rows).toMatchObject([{}, { version: 2, bundles: [{ counts: { connected: 50 } }] }]);
  });

  it('tells once per second while things go on changing, and the last of it', () => {
    for (let number = 0; number < 100; number += 1) {
      open(number);
      clock.advance(100);
    }
    clock.advance(1000);
    expect(rows.length).toBeLessThanOrEqual(13);
    expect(rows.at(-1)?.bundles).toMatchObject([{ counts: { connected: 100 } }]);
  });

  it('tells less often the more nodes there are', () => {
    nodes = 1000;
    clock.advance(10_000);
    for (let number = 0; number < 100; number += 1) {
      open(number);
      clock.advance(100);
    }
    expect(rows).toHaveLength(2);
    clock.advance(10_000);
    expect(rows).toHaveLength(3);
  });

  it('tells of handshakes alone once a minute, of a new use at once', () => {
    const client = open(1);
    use(client);
    clock.advance(1200);
    expect(rows.at(-1)?.bundles).toMatchObject([{ anchors: [{ clients: 1, handshakes: 1 }] }]);
    const before = rows.length;
    for (let turn = 0; turn < 118; turn += 1) {
      use(client);
      clock.advance(500);
    }
    expect(rows).toHaveLength(before);
    clock.advance(5000);
    expect(rows).toHaveLength(before + 1);
    expect(rows.at(-1)?.bundles).toMatchObject([{ anchors: [{ handshakes: 119 }] }]);
  });

  it('knows since when a client is behind, from the release that it did not get', () => {
    const { sequence, digest } = release;
    const old = { sequence, digest };
    open(1, { bundles: [{ bundle: BUNDLE, held: old }] });
    clock.advance(60_000);
    const next = realm.nextRelease(BUNDLE, (body) => body);
    reporting.serve(realm.trustedState(), [releaseStream(BUNDLE)]);
    const sinceMs = clock.nowMs();
    clock.advance(60_000);
    expect(next.sequence).toBe(2);
    expect(rows.at(-1)?.bundles).toMatchObject([
      { groups: [{ sequence: 1, behindSinceMs: sinceMs }] },
    ]);
  });

  it('tells the node where a client was that it is here, once a row counts it', () => {
    open(1, { previousNode: parseNodeId('fra-1'), streams: 4 });
    open(2, { previousNode: parseNodeId('iad-1') });
    open(3);
    clock.advance(999);
    expect([rows.length, notices.length]).toEqual([1, 0]);
    clock.advance(1);
    expect([rows.length, notices.length]).toEqual([2, 0]);
    clock.advance(200);
    const [notice] = notices;
    if (notice === undefined) throw new Error('nothing was told');
    expect(notices).toHaveLength(1);
    const writer = { realm: realm.name, publicKey: KEY.publicKey.spki };
    expect(verifyArrivals(notice, writer)).toMatchObject({
      to: 'fra-1',
      clients: [{ key: clientKey(APP, instance(1)), streams: 4 }],
    });
  });

  it('tells it again a few times, in case it was lost, and then no more', () => {
    open(1, { previousNode: parseNodeId('fra-1'), streams: 4 });
    clock.advance(6000);
    expect(notices).toHaveLength(3);
    clock.advance(600_000);
    expect(notices).toHaveLength(5);
  });

  it('tells it of no client that does not say how many streams it opened', () => {
    open(1, { previousNode: parseNodeId('fra-1'), streams: 0 });
    clock.advance(600_000);
    expect(notices).toEqual([]);
  });

  it('tells when a departed client is forgotten, without anything else happening', () => {
    reporting.closed(open(1), 'broken');
    clock.advance(1200);
    expect(rows.at(-1)?.bundles).toMatchObject([{ counts: { departed: 1 } }]);
    clock.advance(3_660_000);
    expect(rows.at(-1)?.bundles).toEqual([]);
  });

  it('tells nothing more once it is closed', () => {
    reporting[Symbol.dispose]();
    open(1);
    clock.advance(60_000);
    expect(rows).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  function open(number: number, change: Partial<WatchStart> = {}): Client {
    return reporting.open(APP, {
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      charterVersion: 1,
      bundles: [{ bundle: BUNDLE, held: undefined }],
      labels: new Map(),
      wantsAttestations: false,
      instance: instance(number),
      streams: 1,
      reportsUsage: true,
      ...change,
    });
  }

  function use(client: Client): void {
    const uses = [{ anchor: ANCHOR.id, purpose: 'tls-server', handshakes: 1, agoMs: 0 }];
    reporting.heard(client, { kind: 'usage', usage: { bundle: BUNDLE, uses, untracked: false } });
  }
});

function instance(number: number): string {
  return number.toString(16).padStart(32, '0');
}
