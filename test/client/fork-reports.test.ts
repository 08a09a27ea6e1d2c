/**
 * A program that was shown two valid statements for one place tells the nodes that it meets, and
 * only those that have not told of it.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { parseBundleName, rolloutStream } from '../../src/core/ids.ts';
import type { Evidence } from '../../src/core/trusted/state.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import { addActive, anchorAt, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/realm.ts';
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
    const [one, other] = ['one', 'other'].map((note) =>
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note }), { after }),
    );
    if (one === undefined || other === undefined) throw new Error('no releases');
    const proof = evidence(one, other);
    const first = await startNode((session) => {
      session.send(charters(...realm.charters), blobs(...anchors), snapshot(after), proof);
      if (first.sessions.length === 1) setTimeout(() => session.end(), 50);
    });
    const unaware = await startNode((session) => {
      session.send(current(NAME, after));
    });
    await openSource(realm, [first.endpoint, unaware.endpoint]);
    await until(() => told(unaware).length === 1, 'a fork that is told');
    unaware.sessions[0]?.end();
    await until(() => first.sessions.length === 2 && first.sessions[1]?.requests.length === 0);
    expect(told(first)).toHaveLength(0);
  });

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
