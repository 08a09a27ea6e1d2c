/**
 * The rotation of the private CA under traffic: stage, activate, re-issue, retire, remove, with one
 * node killed on the way.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { SecureVersion } from 'node:tls';
import { releaseStream } from '../src/core/ids.ts';
import { activateCa, type Change, removeCa, retireCa, stageCa } from './bundles.ts';
import type { DemoCa } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import type { Fleet } from './fleet.ts';
import { attempt, type OldLeaf, TLS_VERSIONS } from './old-leaf.ts';
import type { Publisher, PublishTimes } from './publishing.ts';
import type { Story } from './story.ts';

/** The region whose node is killed. */
const KILLED = 'fra';
/** Requests of each client between two steps. */
const STEADY = 40;

/** Who and what takes part. */
export interface RotationCast {
  readonly story: Story;
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly payments: Publisher;
  readonly oldCa: DemoCa;
  readonly newCa: DemoCa;
  readonly holdDownSeconds: number;
  /** A leaf of the old CA that somebody kept. */
  readonly oldLeaf: OldLeaf;
  readonly serverPorts: readonly number[];
}

/** Sessions that were saved while the old CA was trusted. */
export type SavedSessions = ReadonlyMap<SecureVersion, Buffer>;

/** What came out. */
export interface RotationOutcome {
  /** Of the releases that were published while all nodes were up. */
  readonly times: readonly PublishTimes[];
  readonly sessions: SavedSessions;
}

/** Performs the rotation. */
export async function rotate(cast: RotationCast): Promise<RotationOutcome> {
  const { story, cluster, fleet, oldCa, newCa } = cast;
  story.chapter('Rotating the private CA while everything runs');
  const staged = await publish(cast, 'staged', stageCa(newCa), 'all');
  story.say('   every program has the new CA now; no program trusts it yet');
  await fleet.traffic(STEADY);

  const killed = cluster.node(KILLED);
  await killed.kill();
  story.say(story.paint('red', `node ${killed.place.id} killed (SIGKILL)`));
  await sleep(1000 * (cast.holdDownSeconds + 1));
  const activated = await publish(cast, 'activated', activateCa(newCa), 'survivors');
  story.say(`   programs in ${KILLED} had it from another region; both CAs are trusted`);
  await fleet.traffic(STEADY);

  const startedMs = performance.now();
  await killed.start();
  await killed.accepted(releaseStream(cast.payments.bundle), activated.sequence);
  const tookMs = performance.now() - startedMs;
  story.good(`node ${killed.place.id} is back and caught up by itself (${tookMs.toFixed(0)} ms)`);

  await fleet.reissue(newCa);
  story.say('all servers and clients show leaves of the new CA, without a restart');
  await fleet.traffic(STEADY);

  const retired = await publish(cast, 'retiring', retireCa(oldCa), 'all');
  const sessions = await saveSessions(cast);
  await fleet.traffic(STEADY);

  const removed = await publish(cast, 'removed', removeCa(oldCa), 'all');
  await fleet.traffic(STEADY);
  return { times: [staged, retired, removed], sessions };
}

/** Publishes one step and tells about it. */
async function publish(
  cast: RotationCast,
  what: 'staged' | 'activated' | 'retiring' | 'removed',
  change: Change,
  who: 'all' | 'survivors',
): Promise<PublishTimes> {
  const { cluster, fleet, payments, story } = cast;
  const nodes =
    who === 'all' ? cluster.nodes : cluster.nodes.filter(({ place }) => place.region !== KILLED);
  const times = await payments.publish(change.edit, change.blobs, {
    nodes,
    programs: fleet.mutual,
  });
  const name = what === 'retiring' || what === 'removed' ? 'old CA' : 'new CA';
  story.good(
    `release ${String(times.sequence)}: ${name} ${what}; ` +
      `last node ${times.lastNodeMs.toFixed(0)} ms, ` +
      `last program ${times.lastClientMs.toFixed(0)} ms`,
  );
  return times;
}

/** Shows that the old leaf still works, also with a saved session, and keeps those sessions. */
async function saveSessions(cast: RotationCast): Promise<SavedSessions> {
  const sessions = new Map<SecureVersion, Buffer>();
  for (const version of TLS_VERSIONS) {
    const port = cast.serverPorts[0] ?? 0;
    const first = await attempt(port, cast.oldLeaf, { version });
    const session = first.outcome === 'answered' ? first.session : undefined;
    const again = await attempt(port, cast.oldLeaf, { version, session });
    if (session === undefined || again.outcome !== 'answered' || !again.resumed) {
      throw new Error(`no ${version} session could be saved while the old CA was trusted`);
    }
    sessions.set(version, again.session ?? session);
  }
  cast.story.say('   a leaf of the old CA still works; it saved its TLS sessions for later');
  return sessions;
}
