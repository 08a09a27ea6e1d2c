/**
 * A program that was shown two valid statements for one place tells the nodes that it meets, and
 * only those that have not told of it.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { parseBundleName, releaseStream, rolloutStream } from '../../src/core/ids.ts';
import type { Evidence } from '../../src/core/trusted/state.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { addActive, anchorAt, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { named, rolloutPlan } from '../../src/testing/rollouts.ts';
import { IAD, regionsOf } from '../core/log/fixtures.ts';
import { blobs, charters, current, evidence, snapshot } from './support/honest.ts';
import { cosigned } from './support/regions.ts';
import { type ScriptedNode, startNode, type WatchSession } from './support/scripted-node.ts';
import { BUNDLE, openSource, until } from './support/source.ts';

const NAME = parseBundleName(BUNDLE);

describe('a source that saw a fork', () => {
  const anchors = createTestAnchors(1);
  let realm: TestRealm;

  beforeEach(() => {
    realm = createTestRealm({
      ...{ holdDownSeconds: 0, regions: regionsOf(IAD), rolloutSigner: 'deploy' },
    });
    realm.nextRelease(BUNDLE, addActive(anchorAt(anchors, 0)));
  });

  it('tells each node once of two rollouts that different nodes showed', async () => {
    const [theirs, ours] = [rollout('theirs'), rollout('ours')];
    const thief = await startNode((session) => {
      session.send(...honest(), theirs);
      void until(() => session.requests.length > 1).then(() => session.end());
    });
    const node = await startNode((session) => {
      session.send(...honest(), ours, current(NAME, realm.release(BUNDLE, 1)));
    });
    const source = await openSource(realm, [thief.endpoint, node.endpoint], { requireRegions: 1 });
    await until(() => told(node).length > 0, 'a fork that is told');
    await until(() => source.status().bundles[0]?.confirmedAtMs !== undefined);
    expect(told(node)).toHaveLength(1);
    expect(told(node)[0]).toMatchObject({ stream: rolloutStream(NAME), sequence: 1 });
    expect(told(thief)).toHaveLength(0);
  });

  it('tells a node of a fork of releases, unless the node tells of it', async () => {
    const after = realm.release(BUNDLE, 1);
    const proof = evidence(...rivals());
    const aware = await startNode((session, index) => {
      session.send(charters(...realm.charters), blobs(...anchors));
      session.send(...(index === 0 ? [snapshot(after)] : []), proof);
      setTimeout(() => session.end(), 50);
    });
    const unaware = await startNode((session) => {
      session.send(current(NAME, after));
      void until(() => told(unaware).length > 0).then(() => session.end());
    });
    await openSource(realm, [aware.endpoint, unaware.endpoint]);
    await until(() => told(unaware).length === 1, 'a fork that is told');
    // All that the node said on the second connection is read by then.
    await until(() => aware.sessions[1]?.isEnded === true, 'the second connection');
    expect(told(aware)).toHaveLength(0);
  });

  it('tells a node again that does not tell of it then, ever more seldom', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const after = realm.release(BUNDLE, 1);
    const [one, other] = rivals();
    const proof = evidence(one, other);
    const aware = await startNode((session) => {
      session.send(charters(...realm.charters), blobs(...anchors), snapshot(after), proof);
      session.end();
    });
    const unaware = await startNode((session) => session.send(current(NAME, after)));
    const source = await openSource(realm, [aware.endpoint, unaware.endpoint], { clock });
    await until(() => told(unaware).length === 1, 'a fork that is told');
    const hear = async (laterMs: number, said: WatchResponse): Promise<number> => {
      aheadMs += laterMs;
      const confirmed = source.status().bundles[0]?.confirmedAtMs ?? 0;
      unaware.sessions.at(-1)?.send(said);
      await until(() => (source.status().bundles[0]?.confirmedAtMs ?? 0) > confirmed, 'an answer');
      return told(unaware).length;
    };
    const nothingNew = current(NAME, after);
    expect(await hear(30_000, nothingNew)).toBe(1);
    await hear(30_000, nothingNew);
    await until(() => told(unaware).length === 2, 'a fork that is told again');
    expect(await hear(90_000, nothingNew)).toBe(2);
    await hear(30_000, nothingNew);
    await until(() => told(unaware).length === 3, 'a fork that is told again');
    await hear(1000, proof);
    await hear(7_200_000, nothingNew);
    expect(await hear(1000, nothingNew)).toBe(3);
  });

  it('tells a node that goes on along one side', async () => {
    const [one, other] = rivals();
    const aware = await startNode((session) => {
      const after = realm.release(BUNDLE, 1);
      const proof = evidence(one, other);
      session.send(charters(...realm.charters), blobs(...anchors), snapshot(after), proof);
      session.end();
    });
    const unaware = await startNode((session) => session.send(snapshot(one)));
    const source = await openSource(realm, [aware.endpoint, unaware.endpoint]);
    await until(() => told(unaware).length > 0, 'a fork that is told');
    expect(told(unaware)[0]).toMatchObject({ stream: releaseStream(NAME), sequence: 2 });
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
  });

  /** Two releases for the place after the first one. */
  function rivals(): readonly [TestRelease, TestRelease] {
    const after = realm.release(BUNDLE, 1);
    const signed = (note: string): TestRelease =>
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note }), { after });
    return [signed('one'), signed('other')];
  }

  /** All that a node has, but for rollouts. */
  function honest(): readonly WatchResponse[] {
    return [
      charters(...realm.charters),
      blobs(...anchors),
      snapshot(realm.release(BUNDLE, 1)),
      cosigned(realm, NAME, 1, IAD),
    ];
  }

  function rollout(note: string): WatchResponse {
    const plan = rolloutPlan(named(realm.release(BUNDLE, 1)), undefined, { note });
    const { document } = realm.nextRollout(BUNDLE, plan, { after: 'nothing' });
    return { kind: 'rollout', document };
  }
});

function told(node: ScriptedNode): readonly Evidence[] {
  return node.sessions.flatMap(({ requests }: WatchSession) =>
    requests.flatMap((one) => (one.kind === 'fork' ? [one.evidence] : [])),
  );
}
