/**
 * What a program makes of releases that it is shown and not given: they excuse what a rollout
 * excuses, and nothing else.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { ComingReleases } from '../../../src/client/verified/coming.ts';
import { parseBundleName, releaseStream, rolloutStream } from '../../../src/core/ids.ts';
import { WAITING_MAX } from '../../../src/core/limits.ts';
import type { HeldHead } from '../../../src/core/log/freshness.ts';
import { revokeAnchor } from '../../../src/core/releases/edit.ts';
import type { RolloutBody } from '../../../src/core/rollouts/body.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import {
  emptyTrustedState,
  headOf,
  type ReleaseHead,
  type TrustedState,
} from '../../../src/core/trusted/state.ts';
import type { BundleUpdate } from '../../../src/core/watch/messages.ts';
import {
  addActive,
  anchorAt,
  createTestAnchors,
  type TestAnchor,
} from '../../../src/testing/anchors.ts';
import {
  createTestRealm,
  type TestRealm,
  type TestRelease,
  type TestReleaseOptions,
} from '../../../src/testing/realm.ts';
import { named } from '../../../src/testing/rollouts.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { evidenceOf } from '../../../src/testing/watch-messages.ts';
import { wave } from '../../core/rollouts/support.ts';
import { expectCode } from '../../core/support.ts';
import { shown } from '../support/honest.ts';

const BUNDLE = parseBundleName('payments.test.example.org');
const NOW_MS = TEST_EPOCH_MS;
const DAY_MS = 86_400_000;

describe('releases that wait behind a rollout', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let coming: ComingReleases;

  /** Release 1 is for everybody; 2 is rolled out, 3 waits behind it. */
  beforeEach(() => {
    realm = createTestRealm({
      rolloutSigner: 'deploy',
      holdDownSeconds: 0,
      blastRadiusPercent: 100,
    });
    anchors = createTestAnchors(5);
    publish(0);
    publish(1, 'waves');
    publish(2, 'waves');
    coming = new ComingReleases([BUNDLE]);
    roll({});
  });

  it('are the newest that is not due, by that rollout, before and after its release', () => {
    expect([notDue(1), notDue(2)]).toEqual([undefined, undefined]);
    show(1, 2);
    expect(notDue(1)).toMatchObject({ sequence: 2 });
    expect(notDue(1)?.by).toBeUndefined();
    expect(notDue(2)).toBeUndefined();
    show(1, 3);
    const newest = { stream: releaseStream(BUNDLE), sequence: 3, by: rolloutStream(BUNDLE) };
    expect(notDue(1)).toMatchObject({ ...newest, digest: at(3).digest });
    expect(notDue(2)).toMatchObject(newest);
    expect(notDue(3)).toBeUndefined();
  });

  it('excuse nothing beyond the rollout: expired, aborted, or of another release', () => {
    show(1, 2, 3);
    expect(notDue(2, NOW_MS + 31 * DAY_MS)).toBeUndefined();
    roll({ state: 'paused' });
    expect(notDue(2)?.sequence).toBe(3);
    roll({ state: 'aborted' });
    expect([notDue(1), notDue(2)]).toEqual([undefined, undefined]);
    roll({ from: named(at(2)), to: named(at(3)) });
    expect(notDue(1)).toBeUndefined();
    expect(notDue(2)?.by).toBeUndefined();
  });

  it('excuse nothing without a rollout', () => {
    coming = new ComingReleases([BUNDLE]);
    show(1, 2, 3);
    expect([notDue(1), notDue(2)]).toEqual([undefined, undefined]);
  });

  it('excuse nobody from one that is due to everybody, wherever it stands', () => {
    publish(3);
    publish(4, 'waves');
    show(1, 2, 3, 4, 5);
    expect([notDue(1), notDue(2), notDue(3)]).toEqual([undefined, undefined, undefined]);
  });

  it('excuse nobody from what only takes trust away, though it says that it waits', () => {
    realm.nextRelease(BUNDLE, (body, point) => {
      return { ...revokeAnchor(body, anchor(0).id, point), delivery: 'waves' as const };
    });
    show(1, 2, 3, 4);
    expect(notDue(2)).toBeUndefined();
  });

  it('are known as far as they were shown, without a gap', () => {
    coming.stand(BUNDLE, head(1), 'in-use');
    expect(coming.show(trusted(1), update(3), NOW_MS)).toBe('held');
    expect(notDue(1)).toBeUndefined();
    expect(coming.show(trusted(1), update(2), NOW_MS)).toBe('new');
    expect(coming.show(trusted(1), update(2), NOW_MS)).toBe('held');
    expect(coming.show(trusted(1), update(3), NOW_MS)).toBe('new');
  });

  it('build on one that waits for cosignatures, and are known once that is in use', () => {
    coming.stand(BUNDLE, head(2), 'waits');
    expect(coming.show(trusted(1), update(3), NOW_MS)).toBe('new');
    expect(notDue(1)).toBeUndefined();
    expect(notDue(2)?.sequence).toBe(3);
  });

  it('are refused when nobody signed them who may, and when they are something else', () => {
    coming.stand(BUNDLE, head(3), 'in-use');
    publish(3, 'waves', { signers: ['deploy'] });
    expectCode('THRESHOLD', () => coming.show(trusted(3), update(4), NOW_MS));
    const { statements } = update(2);
    const two = { ...update(3), statements: [...statements, ...update(3).statements] };
    expectCode('TYPE', () => coming.show(trusted(3), two, NOW_MS));
    const other = { ...update(3), bundle: parseBundleName('other.test.example.org') };
    expectCode('TYPE', () => coming.show(trusted(3), other, NOW_MS));
  });

  it.each(['first', 'last'])(
    'prove a theft when two for one place are shown, the stolen one %s, until the charter decides',
    (when) => {
      const options = { after: at(1) };
      const stolen = realm.nextRelease(BUNDLE, (body) => ({ ...body, note: 'theirs' }), options);
      const [ours, theirs] = [update(2), shown(at(1), stolen).update];
      const [before, inUse] = [trusted(1), head(1)];
      coming.stand(BUNDLE, head(1), 'in-use');
      for (const one of when === 'first' ? [theirs, ours] : [ours, theirs]) {
        expect(coming.show(trusted(1), one, NOW_MS)).toBe('new');
      }
      expect(coming.show(trusted(1), when === 'first' ? ours : theirs, NOW_MS)).toBe('held');
      expect(coming.forks()).toEqual([evidenceOf(at(2), stolen)]);
      const { stream, sequence, digest } = at(2);
      const resolution = { stream, sequence, digest };
      const { document } = realm.nextCharter((body) => ({ ...body, resolutions: [resolution] }));
      const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
      const { state } = acceptDocument(before, offer, NOW_MS);
      coming.govern(state);
      expect(coming.forks()).toEqual([]);
      coming.stand(BUNDLE, inUse, 'in-use');
      coming.show(state, ours, NOW_MS);
      expect(coming.notDue(BUNDLE, inUse, NOW_MS)?.digest).toBe(digest);
    },
  );

  it('prove nothing when nobody signed the other one', () => {
    show(1, 2);
    const forged = realm.nextRelease(BUNDLE, (body) => ({ ...body, note: 'no' }), {
      ...{ after: at(1), signers: ['deploy'] },
    });
    const { update: theirs } = shown(at(1), forged);
    expectCode('THRESHOLD', () => coming.show(trusted(1), theirs, NOW_MS));
    expect(coming.forks()).toEqual([]);
  });

  it('are kept up to a bound', () => {
    for (let more = 0; more < WAITING_MAX; more += 1) publish(3 + (more % 2), 'waves');
    show(1, ...Array.from({ length: WAITING_MAX }, (_, index) => index + 2));
    expect(coming.show(trusted(1), update(WAITING_MAX + 2), NOW_MS)).toBe('held');
    expect(notDue(1)?.sequence).toBe(WAITING_MAX + 1);
    coming.stand(BUNDLE, head(3), 'in-use');
    expect(coming.show(trusted(3), update(WAITING_MAX + 2), NOW_MS)).toBe('new');
  });

  function publish(index: number, delivery?: 'waves', options: TestReleaseOptions = {}): void {
    realm.nextRelease(
      BUNDLE,
      (body, point) => {
        const { delivery: _, ...rest } = body;
        const isThere = rest.anchors.some(({ id }) => id === anchor(index).id);
        const note = String(point.sequence);
        const next = isThere ? { ...rest, note } : addActive(anchor(index))(rest, point);
        return delivery === undefined ? next : { ...next, delivery };
      },
      options,
    );
  }

  function roll(change: Partial<Omit<RolloutBody, 'bundle'>>): void {
    const waves = [wave(5), wave(100)];
    const common = { note: '', state: 'running' as const, waves };
    const plan = { ...common, from: named(at(1)), to: named(at(2)), ...change };
    const { document } = realm.nextRollout(BUNDLE, plan);
    expect(coming.take(trusted(1), document, NOW_MS)).toBe('new');
  }

  /** A program that uses the first of these is shown the others. */
  function show(first: number, ...others: readonly number[]): void {
    coming.stand(BUNDLE, head(first), 'in-use');
    for (const sequence of others) {
      expect(coming.show(trusted(first), update(sequence), NOW_MS)).toBe('new');
    }
  }

  function update(sequence: number): BundleUpdate {
    return shown(at(sequence - 1), at(sequence)).update;
  }

  function notDue(sequence: number, nowMs: number = NOW_MS): HeldHead | undefined {
    return coming.notDue(BUNDLE, head(sequence), nowMs);
  }

  /** What a program verified that came so far. */
  function trusted(sequence: number): TrustedState {
    let state = emptyTrustedState(realm.name, realm.firstCharterDigest);
    const releases = realm.releases(BUNDLE).slice(0, sequence);
    for (const { document } of [realm.charter, ...releases]) {
      const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
      ({ state } = acceptDocument(state, offer, NOW_MS));
    }
    return state;
  }

  function head(sequence: number): ReleaseHead {
    const found = headOf(trusted(sequence), releaseStream(BUNDLE));
    if (found === undefined) throw new Error('no head');
    return found;
  }

  function at(sequence: number): TestRelease {
    return realm.release(BUNDLE, sequence);
  }

  function anchor(index: number): TestAnchor {
    return anchorAt(anchors, index);
  }
});
