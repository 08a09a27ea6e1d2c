/**
 * What a program that asks regions is shown while a rollout runs, when what it was shown before
 * falls with a thief's charters.
 */
import { expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../src/core/crypto.ts';
import { releaseStream } from '../../../src/core/ids.ts';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import { Prepared } from '../../../src/service/clients/prepared.ts';
import { UpdateSource } from '../../../src/service/clients/updates.ts';
import { WaitingSource } from '../../../src/service/clients/waiting-source.ts';
import { WatchedBundle } from '../../../src/service/clients/watched-bundle.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import { rolloutPlan } from '../../../src/testing/rollouts.ts';
import { PAYMENTS } from '../../core/releases/bodies.ts';
import { REALM } from '../../core/support.ts';
import { BRANCHED, type BranchedCharter, Branches, OWNERS } from '../support/branches.ts';
import { TestCluster, until } from '../support/cluster.ts';
import { deliveriesOf } from '../support/deliveries.ts';

it('is what the owners publish, after that of a thief (DW-18)', async () => {
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  const realm = new Branches(nowMs, [], 'signed');
  const { root } = realm;
  const cluster = new TestCluster({ realm: REALM, firstCharterDigest: root.digest });
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  const { replicator, store } = cluster.add('iad', ['iad'], await openMemoryStore());
  cluster.start();
  const submit = async (...all: readonly Pick<BranchedCharter, 'document'>[]): Promise<void> => {
    for (const { document } of all) await replicator.submit(document, []);
  };
  const watcher = { changed: () => false, pump: () => undefined, failed: () => undefined };
  const topic = { bundle: PAYMENTS, stream: releaseStream(PAYMENTS) };
  const watched = new WatchedBundle(topic, undefined, watcher);
  const sources = { updates: new UpdateSource(store), waiting: new WaitingSource(store) };
  /** The digests of what it is shown, until it has all that there is. */
  const shown = async (): Promise<readonly string[]> => {
    const state = replicator.durable;
    const deliveries = deliveriesOf(state, store);
    const who = { identity: 'spiffe://test/program', labels: new Map() };
    const context = { ...sources, deliveries, state, who, rollouts: 'explained' } as const;
    const all: WatchResponse[] = [];
    for (let next = watched.next(context); next !== undefined; next = watched.next(context)) {
      if (next instanceof Prepared) await next.settled;
      else all.push(...next);
    }
    await deliveries[Symbol.asyncDispose]();
    return all.flatMap((one) => {
      const payload = one.kind === 'waiting' ? one.update.statements[0]?.payload : undefined;
      return payload === undefined ? [] : [sha256(payload)];
    });
  };

  const first = realm.release(root, undefined, 'ours');
  const stolen = realm.stolen(root, 'stolen');
  const theirs = realm.release(stolen, first, { note: 'theirs', delivery: 'waves' });
  const theirs3 = realm.release(stolen, theirs, { note: 'theirs 3', delivery: 'waves' });
  await submit(root, first);
  expect(await shown()).toEqual([]);
  const nobody = { state: 'paused' } as const;
  const rolled = realm.rollout(stolen, undefined, rolloutPlan(theirs, first, nobody));
  await submit(stolen, theirs, rolled, theirs3);
  expect(await shown()).toEqual([theirs.digest, theirs3.digest]);

  const back = realm.recovered(root, 1);
  await submit(back);
  await until('the realm is back', () => {
    return replicator.durable.streams.get(BRANCHED)?.head?.digest === first.digest;
  });
  const ours = realm.release(back, first, { note: 'ours too', delivery: 'waves' }, OWNERS);
  await submit(ours, realm.rollout(back, rolled, rolloutPlan(ours, first, nobody)));
  expect(await shown()).toEqual([ours.digest]);
});
