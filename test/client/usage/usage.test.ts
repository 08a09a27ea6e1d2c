import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { AnchorUsage, type UsageUrgency } from '../../../src/client/usage/usage.ts';
import { type ReportLine, UsageReports } from '../../../src/client/usage/usage-reports.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { type AnchorId, parseBundleName, parseNodeId } from '../../../src/core/ids.ts';
import type { Usage, WatchRequest } from '../../../src/core/watch/messages.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { fakeBundle } from '../support/fake-source.ts';

const BUNDLE = parseBundleName('payments.test.example.org');
const NODE = parseNodeId('iad-1');
const pkis = [createTestPki({ commonName: 'One' }), createTestPki({ commonName: 'Two' })] as const;
const [one, two] = pkis.map(({ ca }) => ca.facts.id) as [AnchorId, AnchorId];
const withBoth = fakeBundle(
  BUNDLE,
  pkis.map(({ caPem }) => ({ caPem })),
);
const withTwo = fakeBundle(BUNDLE, [{ caPem: pkis[1].caPem }]);

interface Counting {
  readonly clock: SimulatedClock;
  readonly usage: AnchorUsage;
  readonly urgencies: UsageUrgency[];
}

function counting(): Counting {
  const clock = new SimulatedClock();
  const urgencies: UsageUrgency[] = [];
  const onUse = (urgency: UsageUrgency): void => void urgencies.push(urgency);
  const usage = new AnchorUsage({ bundles: [BUNDLE], clock, onUse });
  usage.follow(withBoth);
  return { clock, usage, urgencies };
}

function used(reports: readonly Usage[]): readonly string[] {
  return reports.flatMap(({ uses }) =>
    uses.map(({ anchor, purpose, handshakes, agoMs }) => {
      return `${anchor === one ? 'one' : 'two'} ${purpose} ${handshakes} ${agoMs}`;
    }),
  );
}

describe('AnchorUsage', () => {
  it('counts handshakes by anchor and purpose until they are told', () => {
    const { clock, usage } = counting();
    usage.note(BUNDLE, 'tls-server', [one]);
    clock.advance(5000);
    usage.note(BUNDLE, 'tls-server', [one]);
    usage.note(BUNDLE, 'tls-client', [one, two]);
    clock.advance(10);
    const told = usage.take(8);
    expect(used(told)).toEqual([
      'one tls-server 2 10',
      'one tls-client 1 10',
      'two tls-client 1 10',
    ]);
    expect(told[0]).toMatchObject({ bundle: BUNDLE, untracked: false });
    expect(usage.take(8)).toEqual([]);
  });

  it('knows what is used for the first time since a change', () => {
    const { usage, urgencies } = counting();
    usage.note(BUNDLE, 'tls-server', [one]);
    usage.note(BUNDLE, 'tls-server', [one]);
    usage.note(BUNDLE, 'tls-server', [two]);
    usage.follow(withTwo);
    usage.note(BUNDLE, 'tls-server', [two]);
    expect(urgencies).toEqual(['soon', 'later', 'soon', 'soon']);
  });

  it('keeps what was not told over a change that takes the anchor away, and no longer', () => {
    const { usage } = counting();
    usage.note(BUNDLE, 'tls-server', [one]);
    usage.follow(withTwo);
    expect(used(usage.take(8))).toEqual(['one tls-server 1 0']);
    usage.repeat();
    expect(usage.hasNews).toBe(false);
  });

  it('repeats what it told for a node that does not know it', () => {
    const { clock, usage } = counting();
    usage.note(BUNDLE, 'tls-server', [one]);
    usage.take(8);
    clock.advance(60_000);
    usage.repeat();
    expect(used(usage.take(8))).toEqual(['one tls-server 0 60000']);
  });

  it('takes back what may not have arrived', () => {
    const { clock, usage } = counting();
    usage.note(BUNDLE, 'tls-server', [one]);
    const lost = usage.take(8);
    usage.note(BUNDLE, 'tls-server', [one]);
    clock.advance(100);
    usage.giveBack(lost);
    expect(used(usage.take(8))).toEqual(['one tls-server 2 0']);
  });

  it('says when certificates are taken out of a bundle, once', () => {
    const { usage, urgencies } = counting();
    expect(withBoth.trusted('tls-server').length).toBe(2);
    expect(usage.hasNews).toBe(false);
    withBoth.caPems('tls-server');
    withBoth.anchors[0]?.pem();
    expect(urgencies).toEqual(['soon']);
    expect(usage.take(8)).toEqual([{ bundle: BUNDLE, uses: [], untracked: true }]);
    expect(usage.take(8)).toEqual([]);
    usage.note(BUNDLE, 'tls-server', [one]);
    expect(usage.take(8)).toMatchObject([{ untracked: true }]);
  });

  it('says when it is not known on what a handshake rests', () => {
    const { usage } = counting();
    usage.note(BUNDLE, 'tls-client', []);
    expect(usage.take(8)).toEqual([{ bundle: BUNDLE, uses: [], untracked: true }]);
  });

  it('tells no more at once than fits messages, and the rest next', () => {
    const { usage } = counting();
    const ids = Array.from({ length: 600 }, (_, index) => sha256(Buffer.from(String(index))));
    usage.note(BUNDLE, 'tls-server', ids);
    expect(usage.take(2).map(({ uses }) => uses.length)).toEqual([256, 256]);
    expect(usage.hasNews).toBe(true);
    expect(usage.take(2).map(({ uses }) => uses.length)).toEqual([88]);
  });

  it('has an anchor in use as long as a connection that rests on it is open', () => {
    const { clock, usage, urgencies } = counting();
    const connection = new EventEmitter();
    usage.note(BUNDLE, 'tls-server', [one], Object.assign(connection, { destroyed: false }));
    usage.take(8);
    clock.advance(60_000);
    expect(usage.hasNews).toBe(false);
    usage.refresh();
    expect(used(usage.take(8))).toEqual(['one tls-server 0 0']);
    connection.emit('close');
    expect(urgencies).toEqual(['soon', 'later']);
    clock.advance(10);
    expect(used(usage.take(8))).toEqual(['one tls-server 0 10']);
    usage.refresh();
    expect(usage.hasNews).toBe(false);
  });

  it('forgets the oldest where there are more than a bundle can have', () => {
    const { usage } = counting();
    for (let index = 0; index < 2500; index += 1) {
      usage.note(BUNDLE, 'tls-server', [sha256(Buffer.from(String(index)))]);
    }
    const told = usage.take(64).reduce((sum, { uses }) => sum + uses.length, 0);
    expect(told).toBe(2000);
  });

  it('passes over bundles that are not watched', () => {
    const { usage, urgencies } = counting();
    usage.note('other.test.example.org', 'tls-server', [one]);
    usage.note('other.test.example.org', 'tls-server', []);
    expect(urgencies).toEqual([]);
  });
});

class Line implements ReportLine {
  readonly sent: WatchRequest[] = [];
  nodeId: typeof NODE | undefined = NODE;

  send(request: WatchRequest): void {
    this.sent.push(request);
  }

  get told(): readonly string[] {
    return used(this.sent.flatMap((one) => (one.kind === 'usage' ? [one.usage] : [])));
  }
}

function reporting(): { clock: SimulatedClock; reports: UsageReports } {
  const clock = new SimulatedClock();
  const reports = new UsageReports({ bundles: [BUNDLE], clock, random: () => 0.5 });
  reports.follow(withBoth);
  return { clock, reports };
}

describe('UsageReports', () => {
  it('tells soon what is used for the first time, and seldom what goes on', () => {
    const { clock, reports } = reporting();
    const line = new Line();
    using _ = reports.begin(line);
    reports.note(BUNDLE, 'tls-server', [one]);
    expect(line.sent).toEqual([]);
    clock.advance(2000);
    expect(line.told).toEqual(['one tls-server 1 1000']);
    for (let second = 0; second < 30; second += 1) {
      reports.note(BUNDLE, 'tls-server', [one]);
      clock.advance(1000);
    }
    expect(line.told).toEqual(['one tls-server 1 1000', 'one tls-server 29 1000']);
    reports.note(BUNDLE, 'tls-server', [two]);
    clock.advance(2000);
    expect(line.told.length).toBe(4);
    expect(clock.pendingTimers).toBe(1);
  });

  it('tells soon what is used after a silence', () => {
    const { clock, reports } = reporting();
    const line = new Line();
    using _ = reports.begin(line);
    reports.note(BUNDLE, 'tls-server', [one]);
    clock.advance(60_000);
    reports.note(BUNDLE, 'tls-server', [one]);
    clock.advance(2000);
    expect(line.told).toEqual(['one tls-server 1 1000', 'one tls-server 1 1000']);
  });

  it('keeps what happens without a connection for the next one', () => {
    const { clock, reports } = reporting();
    reports.note(BUNDLE, 'tls-server', [one]);
    clock.advance(60_000);
    const line = new Line();
    using _ = reports.begin(line);
    clock.advance(2000);
    expect(line.told).toEqual(['one tls-server 1 61000']);
  });

  it('repeats what it used to another node, and what may have been lost', () => {
    const { clock, reports } = reporting();
    const before = new Line();
    const first = reports.begin(before);
    reports.note(BUNDLE, 'tls-server', [one]);
    clock.advance(2000);
    reports.heard();
    reports.note(BUNDLE, 'tls-server', [two]);
    clock.advance(2000);
    first[Symbol.dispose]();
    const line = new Line();
    using _ = reports.begin(line);
    clock.advance(2000);
    expect(before.told.length).toBe(2);
    expect(line.told.map((text) => text.split(' ').slice(0, 3).join(' '))).toEqual([
      'one tls-server 0',
      'two tls-server 1',
    ]);
  });

  it('tells every ten minutes that an anchor with open connections is in use', () => {
    const { clock, reports } = reporting();
    const line = new Line();
    using _ = reports.begin(line);
    const connection = Object.assign(new EventEmitter(), { destroyed: false });
    reports.note(BUNDLE, 'tls-server', [one], connection);
    clock.advance(20 * 60_000 + 2000);
    expect(line.told).toEqual(['one tls-server 1 0', 'one tls-server 0 0', 'one tls-server 0 0']);
  });

  it('holds back what it has until the node says its name', () => {
    const { clock, reports } = reporting();
    const line = new Line();
    line.nodeId = undefined;
    using _ = reports.begin(line);
    reports.note(BUNDLE, 'tls-server', [one]);
    clock.advance(60_000);
    reports.heard();
    clock.advance(2000);
    expect(line.told).toEqual([]);
    line.nodeId = NODE;
    reports.heard();
    clock.advance(2000);
    expect(line.told).toEqual(['one tls-server 1 63000']);
  });

  it('tells at the end what it has', () => {
    const { reports } = reporting();
    const line = new Line();
    using _ = reports.begin(line);
    reports.note(BUNDLE, 'tls-server', [one]);
    reports.farewell();
    expect(line.told).toEqual(['one tls-server 1 0']);
  });

  it('tells at the end what is in use until then', () => {
    const { clock, reports } = reporting();
    const line = new Line();
    using _ = reports.begin(line);
    const connection = Object.assign(new EventEmitter(), { destroyed: false });
    reports.note(BUNDLE, 'tls-server', [one], connection);
    reports.note(BUNDLE, 'tls-server', [two]);
    clock.advance(5 * 60_000);
    line.sent.length = 0;
    reports.farewell();
    expect(line.told).toEqual(['one tls-server 0 0']);
  });

  it('says who it is, how often it connected, and where it was before', () => {
    const { reports } = reporting();
    const first = reports.introduce();
    expect(first).toMatchObject({ streams: 1, reportsUsage: true });
    expect(first.instance).toMatch(/^[0-9a-f]{32}$/);
    expect(first.previousNode).toBeUndefined();
    reports.begin(new Line())[Symbol.dispose]();
    expect(reports.introduce()).toEqual({ ...first, streams: 2, previousNode: NODE });
    expect(reporting().reports.introduce().instance).not.toBe(first.instance);
  });
});
