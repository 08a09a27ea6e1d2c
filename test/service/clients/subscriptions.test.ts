/**
 * Fan-out: what a watching client is sent, in which case, and what is counted of its answers.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KedgeError } from '../../../src/core/errors.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  parseBundleName,
  parseSha256,
  releaseStream,
} from '../../../src/core/ids.ts';
import { DELTA_CHAIN_MAX } from '../../../src/core/limits.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import type { HeldRelease, WatchResponse } from '../../../src/core/watch/messages.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { Subscriber } from '../../../src/service/clients/subscriber.ts';
import { Subscriptions } from '../../../src/service/clients/subscriptions.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import {
  activate,
  addActive,
  addStaged,
  anchorAt,
  createTestAnchors,
  type TestAnchor,
} from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../../src/testing/realm.ts';
import { NOW_MS, REALM } from '../../core/support.ts';
import { silentRegions } from '../support/attested.ts';
import { Branches } from '../support/branches.ts';
import { until } from '../support/cluster.ts';
import { deliveriesOf } from '../support/deliveries.ts';

const BUNDLE = parseBundleName('payments.test.example.org');

/** A transport that keeps what it is given; says `full` while `isFull`. */
class RecordingSink {
  readonly messages: WatchResponse[] = [];
  isFull = false;
  closedWith: KedgeError | 'well' | undefined;

  push(responses: readonly WatchResponse[]): 'sent' | 'full' {
    this.messages.push(...responses);
    return this.isFull ? 'full' : 'sent';
  }

  close(error?: KedgeError): void {
    this.closedWith = error ?? 'well';
  }

  kinds(): string[] {
    return this.messages.map((message) => message.kind);
  }

  lastUpdate(): Extract<WatchResponse, { kind: 'update' }>['update'] | undefined {
    const found = this.messages.findLast((message) => message.kind === 'update');
    return found?.kind === 'update' ? found.update : undefined;
  }
}

describe('Subscriptions', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let store: Store;
  let subscriptions: Subscriptions;
  let sink: RecordingSink;

  beforeEach(async () => {
    realm = createTestRealm({ holdDownSeconds: 0 });
    anchors = createTestAnchors(4);
    store = await openMemoryStore();
    subscriptions = new Subscriptions({
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      state: realm.trustedState(),
      store,
      attested: silentRegions(realm, store),
      deliveries: deliveriesOf(realm.trustedState(), store),
      logger: noLogger,
      metrics: noMetrics,
      maxSubscribers: 3,
      maxSubscribersPerClient: 2,
    });
    sink = new RecordingSink();
    await release(addActive(anchor(0)));
  });

  afterEach(async () => {
    await store[Symbol.asyncDispose]();
  });

  it('sends a new client the charters, the blobs and a snapshot', async () => {
    watch(undefined, 0);
    await until('the update', () => sink.lastUpdate() !== undefined);
    expect(sink.kinds()).toEqual(['charters', 'blobs', 'update']);
    expect(sink.lastUpdate()?.content.kind).toBe('whole');
  });

  it('makes one snapshot for all clients whose place is not in its history', async () => {
    const others = ['1', '2'].map((digit) => {
      const other = new RecordingSink();
      watch({ ...newest(), digest: parseSha256(digit.repeat(64)) }, 0, other);
      return other;
    });
    await until('both updates', () => others.every((one) => one.lastUpdate() !== undefined));
    expect(others[0]?.lastUpdate()).toBe(others[1]?.lastUpdate());
  });

  it('sends nothing but its place to a client that has the newest', async () => {
    const held = newest();
    watch(held);
    await until('an answer', () => sink.messages.length === 1);
    expect(sink.messages).toMatchObject([{ kind: 'current', at: { bundle: BUNDLE } }]);
    expect(sink.messages).toMatchObject([{ at: { held: { digest: held.digest } } }]);
  });

  it('never sends a snapshot to a client that has the previous sequence', async () => {
    watch(newest());
    await until('its place', () => sink.messages.length === 1);
    await release(addStaged(anchor(1)));
    await until('the update', () => sink.lastUpdate() !== undefined);
    const update = sink.lastUpdate();
    expect(update?.content.kind).toBe('delta');
    expect(update?.statements).toHaveLength(1);
    expect(sink.kinds()).toEqual(['current', 'blobs', 'update']);
  });

  it('sends all statements in between, and new blobs only, to a client behind', async () => {
    const held = newest();
    await release(addStaged(anchor(1)));
    await release(activate(anchor(1)));
    await release(addStaged(anchor(2)));
    watch(held);
    await until('the update', () => sink.lastUpdate() !== undefined);
    expect(sink.lastUpdate()?.statements).toHaveLength(3);
    const blobs = sink.messages.flatMap((each) => (each.kind === 'blobs' ? each.blobs : []));
    expect(blobs).toHaveLength(2);
  });

  it('sends what moved in each of its bundles, also while the client does not read', async () => {
    const other = parseBundleName('others.test.example.org');
    const subscriber = watch(newest(), 1, sink, [other]);
    await until('its places', () => sink.messages.length === 2);
    sink.isFull = true;
    await release(addStaged(anchor(1)));
    await until('the first update', () => sink.lastUpdate() !== undefined);
    await release(activate(anchor(1)));
    await release(addActive(anchor(2)), other);
    sink.isFull = false;
    subscriber.drained();
    const updated = (): readonly string[] =>
      sink.messages.flatMap((each) => (each.kind === 'update' ? [each.update.bundle] : []));
    await until('all updates', () => updated().length === 3);
    expect(updated()).toEqual([BUNDLE, BUNDLE, other]);
  });

  it('announces a gap as a snapshot to a client that is too far behind', async () => {
    const held = newest();
    for (let turn = 0; turn <= DELTA_CHAIN_MAX; turn += 1) await release((body) => body);
    watch(held);
    await until('the update', () => sink.lastUpdate() !== undefined);
    expect(sink.lastUpdate()?.content.kind).toBe('whole');
    expect(sink.lastUpdate()?.statements).toHaveLength(1);
  });

  it('queues only the newest for a client that does not read', async () => {
    sink.isFull = true;
    const subscriber = watch(newest());
    await until('its place', () => sink.messages.length === 1);
    for (let turn = 0; turn < 5; turn += 1) await release((body) => body);
    expect(sink.messages).toHaveLength(1);
    sink.isFull = false;
    subscriber.drained();
    await until('the update', () => sink.lastUpdate() !== undefined);
    expect(sink.messages.filter((each) => each.kind === 'update')).toHaveLength(1);
    expect(sink.lastUpdate()?.statements).toHaveLength(5);
  });

  it('gives clients with the same base the very same messages', async () => {
    const other = new RecordingSink();
    const held = newest();
    watch(held);
    watch(held, 1, other);
    await release(addStaged(anchor(1)));
    await until('both updates', () => [sink, other].every((each) => each.lastUpdate()));
    expect(other.lastUpdate()).toBe(sink.lastUpdate());
  });

  it('counts delivered, loaded and refused for the newest release only', async () => {
    const subscriber = watch(newest());
    const at = newest();
    subscriber.receive({ kind: 'acknowledgement', at, stage: 'delivered' });
    expect(subscriptions.status()).toMatchObject([{ delivered: 1, loaded: 0, refused: 0 }]);
    subscriber.receive({ kind: 'acknowledgement', at, stage: 'loaded' });
    expect(subscriptions.status()).toMatchObject([{ delivered: 1, loaded: 1, refused: 0 }]);
    await release(addStaged(anchor(1)));
    expect(subscriptions.status()).toMatchObject([{ sequence: 2, delivered: 0, loaded: 0 }]);
    const refused = { at: newest(), code: 'POLICY', reason: 'no' } as const;
    subscriber.receive({ kind: 'refusal', ...refused });
    expect(subscriptions.status()).toMatchObject([{ delivered: 0, loaded: 0, refused: 1 }]);
  });

  it('sends a recovery to clients that have the charters whose place it took', async () => {
    const branches = new Branches(NOW_MS);
    const stolen = branches.stolen(branches.stolen(branches.root, 'two'), 'three');
    const recovered = branches.recovered(branches.root, 1);
    const pin = { realm: REALM, firstCharterDigest: branches.root.digest };
    const robbed = new Subscriptions({
      ...pin,
      state: stolen.state,
      store,
      attested: silentRegions(realm, store),
      deliveries: deliveriesOf(stolen.state, store),
      logger: noLogger,
      metrics: noMetrics,
      maxSubscribers: 3,
      maxSubscribersPerClient: 3,
    });
    const sinks = [0, 3].map((charterVersion) => {
      const to = new RecordingSink();
      const digest = charterVersion > 0 ? { charterDigest: stolen.digest } : {};
      const start = { ...startWith(undefined, charterVersion), ...pin, ...digest };
      robbed.open(to, identity()).receive({ kind: 'start', start });
      return to;
    });
    await until('all are answered', () => sinks.every(({ messages }) => messages.length > 0));
    robbed.serve(recovered.state, [CHARTER_STREAM]);
    const shown = ({ messages }: RecordingSink): readonly number[] =>
      messages
        .flatMap((message) => (message.kind === 'charters' ? message.charters : []))
        .map(({ statement }) => parseStatement(statement.payload).sequence);
    await until('the recovery', () => sinks.every((one) => shown(one).at(-1) === 2));
    expect(sinks.map(shown)).toEqual([[1, 2, 3, 2], [2]]);
  });

  it('keeps nothing of a client that left, whatever it watched and how often it said so', () => {
    const staff = parseBundleName('staff.test.example.org');
    const subscriber = watch(newest(), 1, sink, [staff, BUNDLE]);
    expect(subscriptions.status().map(({ bundle }) => bundle)).toEqual([BUNDLE, staff]);
    subscriber.closed();
    expect(subscriptions.status()).toEqual([]);
  });

  it('ends a watch of another realm or another first charter with REALM', () => {
    const wrong = newest().digest;
    const subscriber = subscriptions.open(sink, identity());
    const start = { ...startWith(undefined, 0), firstCharterDigest: wrong };
    subscriber.receive({ kind: 'start', start });
    expect(sink.closedWith).toMatchObject({ code: 'REALM' });
    expect(subscriptions.size).toBe(0);
  });

  it('ends a watch that acknowledges a bundle which it does not watch', () => {
    const subscriber = watch(newest());
    const at = { ...newest(), bundle: parseBundleName('other') };
    subscriber.receive({ kind: 'acknowledgement', at, stage: 'loaded' });
    expect(sink.closedWith).toMatchObject({ code: 'PARSE' });
  });

  it('refuses one client more than it may have', () => {
    watch(undefined);
    watch(undefined, 1, new RecordingSink());
    subscriptions.open(sink, { ...identity(), id: 'spiffe://other' });
    const third = { ...identity(), id: 'spiffe://third' };
    expect(() => subscriptions.open(sink, third)).toThrow('maximum of 3 clients');
  });

  it('refuses one client more of one identity than that may have, until one leaves', () => {
    const first = watch(undefined);
    watch(undefined, 1, new RecordingSink());
    const open = (): unknown => subscriptions.open(sink, identity());
    expect(open).toThrow('has its maximum of 2 watch streams open at this node');
    first.closed();
    expect(open).not.toThrow();
  });

  it('tells every client to go elsewhere when the node shuts down', () => {
    watch(undefined);
    subscriptions.close();
    const detail: unknown = { retryAfterMs: expect.any(Number) };
    expect(sink.closedWith).toMatchObject({ code: 'UNAVAILABLE', detail });
    expect(() => subscriptions.open(sink, identity())).toThrow('shutting down');
  });

  function anchor(index: number): TestAnchor {
    return anchorAt(anchors, index);
  }

  async function release(
    edit: Parameters<TestRealm['nextRelease']>[1],
    bundle = BUNDLE,
  ): Promise<TestRelease> {
    const made = realm.nextRelease(bundle, edit);
    const blobs = anchors.map(({ id, der }) => ({ id, der }));
    await store.append({ documents: [made], blobs });
    subscriptions.serve(realm.trustedState(), [releaseStream(bundle)]);
    return made;
  }

  function newest(): HeldRelease {
    const made = realm.releases(BUNDLE).at(-1);
    if (made === undefined) throw new Error('no release yet');
    return { bundle: BUNDLE, sequence: made.sequence, digest: made.digest };
  }

  function watch(
    held: HeldRelease | undefined,
    charterVersion = 1,
    to = sink,
    others: readonly BundleName[] = [],
  ): Subscriber {
    const subscriber = subscriptions.open(to, identity());
    const start = startWith(held, charterVersion);
    const also = others.map((bundle) => ({ bundle, held: undefined }));
    const bundles = [...start.bundles, ...also];
    subscriber.receive({ kind: 'start', start: { ...start, bundles } });
    return subscriber;
  }

  function startWith(held: HeldRelease | undefined, charterVersion: number) {
    const { name, firstCharterDigest } = realm;
    const bundles = [{ bundle: BUNDLE, held }];
    const pin = { realm: name, firstCharterDigest };
    const labels = new Map<string, string>();
    return { ...pin, charterVersion, bundles, labels, wantsAttestations: false };
  }
});

function identity(): { id: string; roles: readonly ['client'] } {
  return { id: 'spiffe://test.example.org/program', roles: ['client'] };
}
