/**
 * A revocation by the revoke role alone, and programs that demand the word of regions: such a head
 * is judged on the release before, which comes first and which no region cosigns as the last one.
 */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { BundleSourceOptions } from '../../src/client/options.ts';
import type { BundleSource } from '../../src/client/source.ts';
import { parseBundleName } from '../../src/core/ids.ts';
import { deliveredAtOnce, revokeAnchor } from '../../src/core/releases/edit.ts';
import type { TrustedState } from '../../src/core/trusted/state.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import type { Store } from '../../src/ports/store.ts';
import { UpdateSource } from '../../src/service/clients/updates.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import {
  addActive,
  anchorAt,
  createTestAnchors,
  type TestAnchor,
} from '../../src/testing/anchors.ts';
import {
  createTestRealm,
  type TestRealm,
  type TestRelease,
  type TestReleaseOptions,
} from '../../src/testing/realm.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { FRA, IAD, regionsOf, SIN } from '../core/log/fixtures.ts';
import { wave } from '../core/rollouts/support.ts';
import { charters, current, shown } from './support/honest.ts';
import { cosigned, cosignedWithin, heartbeat, rowsAt } from './support/regions.ts';
import { type ScriptedNode, startNode, type WatchSession } from './support/scripted-node.ts';
import { BUNDLE, openSource, until } from './support/source.ts';

const NAME = parseBundleName(BUNDLE);
const ALL = [FRA, IAD, SIN] as const;

describe('a source that requires regions, when the revoke role acts alone', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let store: Store;
  let node: ScriptedNode;
  let source: BundleSource;
  let clock: SimulatedClock;
  let trusted: TrustedState;

  beforeEach(async () => {
    realm = createTestRealm({
      ...{ regions: regionsOf(...ALL), revokeThreshold: 1, rolloutSigner: 'deploy' },
    });
    trusted = realm.trustedState();
    clock = new SimulatedClock();
    anchors = createTestAnchors(8);
    store = await openMemoryStore();
    onTestFinished(() => store[Symbol.asyncDispose]());
    await publish(addActive(...anchors.slice(0, 6)));
    node = await startNode((session) => greet(session));
  });

  it('takes it when it has nothing yet', async () => {
    await revoke(0);
    await open();
    await saySoon();
    await inUse(2);
    expect(isTrusted(0)).toBe(false);
  });

  it('takes two in a row', async () => {
    await revoke(0);
    await revoke(1);
    await open();
    await saySoon();
    await inUse(3);
    expect([isTrusted(0), isTrusted(1), isTrusted(2)]).toEqual([false, false, true]);
  });

  it('takes it when it lags behind by several releases', async () => {
    await open();
    await saySoon();
    await inUse(1);
    await publish(addActive(anchor(6)));
    await publish(addActive(anchor(7)));
    await revoke(0);
    await tell(release(1));
    await saySoon();
    await inUse(4);
    expect([isTrusted(0), isTrusted(7)]).toEqual([false, true]);
  });

  it('takes it when it starts from its disk', async () => {
    await using dir = await createTempDir();
    await open({ cacheDir: dir.path });
    await saySoon();
    await inUse(1);
    await source.close();
    await publish(addActive(anchor(6)));
    await revoke(0);
    await open({ cacheDir: dir.path });
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
    await saySoon();
    await inUse(3);
    expect([isTrusted(0), isTrusted(6)]).toEqual([false, true]);
  });

  it('takes it while a rollout holds the release before back', async () => {
    await open();
    await saySoon();
    await inUse(1);
    await publish((body, point) => ({
      ...addActive(anchor(6))(body, point),
      delivery: 'waves' as const,
    }));
    roll(release(1), release(2));
    session().send(shown(release(1), release(2)));
    session().send(cosignedWithin(realm, NAME, { size: 2, at: 1 }, ...ALL));
    beat();
    await until(() => state() === 'fresh');
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
    await revoke(0);
    await tell(release(1));
    await saySoon();
    await inUse(3);
    expect([isTrusted(0), isTrusted(6)]).toEqual([false, true]);
    clock.advance(30_000);
    beat();
    await until(() => state() === 'fresh');
  });

  it('starts with it where a newer release is held back', async () => {
    await revoke(0);
    await publish((body, point) => ({
      ...addActive(anchor(6))(body, point),
      delivery: 'waves' as const,
    }));
    node = await startNode(async (session) => {
      session.send(charters(...realm.charters), ...(await updates(undefined, release(2))));
    });
    await open();
    session().send(cosignedWithin(realm, NAME, { size: 3, at: 2 }, ...ALL));
    roll(release(2), release(3));
    session().send(cosignedWithin(realm, NAME, { size: 3, at: 2 }, FRA));
    await inUse(2);
    expect(isTrusted(0)).toBe(false);
  });

  it('waits for regions all the same', async () => {
    await revoke(0);
    await open();
    await until(() => status().waitingSequence === 2);
    session().send(cosigned(realm, NAME, 1, ...ALL), cosigned(realm, NAME, 2, FRA));
    await until(() => status().lastError?.message.startsWith('1 of 2') ?? false);
    expect(source.bundle(BUNDLE)).toBeUndefined();
  });

  it('refuses it where it adds something, and keeps what it has', async () => {
    await publish(addActive(anchor(6)), { signers: ['alice'] });
    await open();
    await until(() => status().lastError?.code === 'THRESHOLD');
    expect(source.bundle(BUNDLE)).toBeUndefined();
  });

  async function greet(session: WatchSession): Promise<void> {
    session.send(charters(...realm.charters.slice(session.start.charterVersion)));
    const [{ held } = { held: undefined }] = session.start.bundles;
    const base = realm.releases(BUNDLE).find(({ digest }) => digest === held?.digest);
    const head = realm.releases(BUNDLE).at(-1);
    if (base === head) session.send(current(NAME, head));
    else if (head !== undefined) session.send(...(await updates(base, head)));
  }

  /** What a real node sends for it. */
  async function updates(
    base: TestRelease | undefined,
    head: TestRelease,
  ): Promise<readonly WatchResponse[]> {
    return await new UpdateSource(store).update(base, head, NAME, trusted.charters).settled;
  }

  async function tell(base: TestRelease): Promise<void> {
    session().send(...(await updates(base, newest())));
  }

  /** Regions cosign the newest: nodes keep their word about that one alone. */
  async function saySoon(): Promise<void> {
    await until(() => status().waitingSequence !== undefined, 'waiting');
    session().send(cosigned(realm, NAME, newest().sequence, FRA, SIN));
  }

  function beat(): void {
    const rows = rowsAt(realm, new Map([[NAME, newest().sequence]]));
    for (const region of [FRA, SIN]) {
      session().send(heartbeat(realm, region, clock.nowMs(), rows));
    }
  }

  function roll(from: TestRelease, to: TestRelease): void {
    const { document } = realm.nextRollout(BUNDLE, {
      ...{ note: '', state: 'running', waves: [wave(5), wave(100)] },
      from: { sequence: from.sequence, digest: from.digest },
      to: { sequence: to.sequence, digest: to.digest },
    });
    session().send({ kind: 'rollout', document });
  }

  async function open(options: Partial<BundleSourceOptions> = {}): Promise<void> {
    const before = node.sessions.length;
    source = await openSource(realm, [node.endpoint], {
      ...{ requireRegions: 2, silenceTimeoutMs: 2 ** 31 - 1, clock },
      ...options,
    });
    await until(() => node.sessions.length > before);
  }

  async function publish(
    edit: Parameters<TestRealm['nextRelease']>[1],
    options: TestReleaseOptions = {},
  ): Promise<void> {
    const made = realm.nextRelease(BUNDLE, edit, options);
    const blobs = anchors.map(({ id, facts }) => ({ id, der: facts.der }));
    await store.append({ documents: [made], blobs });
  }

  async function revoke(index: number): Promise<void> {
    await publish((body, point) => deliveredAtOnce(revokeAnchor(body, anchor(index).id, point)), {
      signers: ['alice'],
    });
  }

  async function inUse(sequence: number): Promise<void> {
    await until(() => source.bundle(BUNDLE)?.sequence === sequence, `release ${sequence}`);
  }

  function isTrusted(index: number): boolean {
    const { id } = anchor(index);
    return source.bundle(BUNDLE)?.anchors.some((one) => one.id === id) ?? false;
  }

  function status(): ReturnType<BundleSource['status']>['bundles'][number] {
    const [one] = source.status().bundles;
    if (one === undefined) throw new Error('no bundle');
    return one;
  }

  function state(): string {
    return status().state;
  }

  function session(): WatchSession {
    const found = node.sessions.at(-1);
    if (found === undefined) throw new Error('nobody watches');
    return found;
  }

  function newest(): TestRelease {
    return release(realm.releases(BUNDLE).length);
  }

  function release(sequence: number): TestRelease {
    return realm.release(BUNDLE, sequence);
  }

  function anchor(index: number): TestAnchor {
    return anchorAt(anchors, index);
  }
});
