/**
 * What a program believes of rollouts: their signers, and nothing that a node adds; and nothing
 * about a release that it was not shown.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { ComingReleases } from '../../../src/client/verified/coming.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import {
  parseBundleName,
  parseSequence,
  releaseStream,
  type Sha256,
} from '../../../src/core/ids.ts';
import { revokeAnchor } from '../../../src/core/releases/edit.ts';
import type { RolloutBody } from '../../../src/core/rollouts/body.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import {
  emptyTrustedState,
  headOf,
  type ReleaseHead,
  type TrustedState,
} from '../../../src/core/trusted/state.ts';
import { addActive, createTestAnchors, type TestAnchor } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../../src/testing/realm.ts';
import { named } from '../../../src/testing/rollouts.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { wave } from '../../core/rollouts/support.ts';
import { expectCode } from '../../core/support.ts';
import { shown } from '../support/honest.ts';

const BUNDLE = parseBundleName('payments.test.example.org');
const NOW_MS = TEST_EPOCH_MS;
const DAY_MS = 86_400_000;

type Plan = Omit<RolloutBody, 'bundle'>;

describe('ComingReleases', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let trusted: TrustedState;
  let coming: ComingReleases;

  /** A program has release 1 of 3. */
  beforeEach(() => {
    realm = createTestRealm({ rolloutSigner: 'deploy' });
    anchors = createTestAnchors(3);
    for (const [index, anchor] of anchors.entries()) {
      realm.nextRelease(BUNDLE, (before, point) => {
        const next = addActive(anchor)(before, point);
        return index === 0 ? next : { ...next, delivery: 'waves' };
      });
    }
    trusted = emptyTrustedState(realm.name, realm.firstCharterDigest);
    for (const { document } of [realm.charter, at(1)]) {
      const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
      ({ state: trusted } = acceptDocument(trusted, offer, NOW_MS));
    }
    coming = new ComingReleases([BUNDLE]);
    coming.stand(BUNDLE, head(), 'in-use');
  });

  it('holds back what a verified rollout names, once the program was shown that', () => {
    expect(take({})).toBe('new');
    expect(notDue()).toBeUndefined();
    show(2);
    expect(notDue()).toMatchObject({ stream: releaseStream(BUNDLE), sequence: 2 });
    expect(take({ state: 'paused' })).toBe('new');
    expect(notDue()?.digest).toBe(at(2).digest);
  });

  it('holds back nothing that takes trust away alone, whatever a rollout names (DW-9)', () => {
    realm.nextRelease(BUNDLE, (before, point) => {
      const next = revokeAnchor(before, anchors[0]?.id ?? at(1).digest, point);
      return { ...next, delivery: 'waves' as const };
    });
    show(2, 3);
    take({ to: named(at(3)) });
    expect(notDue()?.sequence).toBe(3);
    take({ to: named(at(4)) });
    expect(notDue()).toBeUndefined();
    show(4);
    expect(notDue()).toBeUndefined();
  });

  it.each([
    ['the first', 2],
    ['one between', 3],
    ['the last', 4],
  ])('knows what it was shown when the charter decides for %s of it (RF-6)', (_, sequence) => {
    publishMore();
    show(2, 3, 4);
    take({});
    expect(decide(sequence)).toBe(4);
  });

  it('forgets what it was shown when the charter decides against one of it', () => {
    publishMore();
    show(2, 3, 4);
    take({});
    expect(decide(3, sha256(Buffer.from('another')))).toBeUndefined();
  });

  it('holds nothing back once the rollout is aborted or expired', () => {
    show(2);
    take({});
    expect(notDue()).toBeDefined();
    expect(notDue(NOW_MS + 31 * DAY_MS)).toBeUndefined();
    take({ state: 'aborted' });
    expect(notDue()).toBeUndefined();
  });

  it('holds nothing back from a program that should have had something newer before', () => {
    show(2, 3);
    take({ from: named(at(2)), to: named(at(3)) });
    expect(notDue()).toBeUndefined();
  });

  it('keeps the newer one of two rollouts, whoever shows which', () => {
    show(2, 3);
    const first = realm.nextRollout(BUNDLE, body({})).document;
    const second = realm.nextRollout(BUNDLE, body({ to: named(at(3)) })).document;
    expect(coming.take(trusted, second, NOW_MS)).toBe('new');
    expect(coming.take(trusted, first, NOW_MS)).toBe('held');
    expect(notDue()?.sequence).toBe(3);
    expect(coming.take(trusted, second, NOW_MS)).toBe('held');
  });

  it.each([
    ['another one for the same place', 0],
    ['one far ahead', 1000],
  ])('is kept from rollouts by %s for as long as that is valid', (_, ahead) => {
    show(2, 3);
    const theirs = stolen(ahead);
    const ours = realm.nextRollout(BUNDLE, body({})).document;
    const later = realm.nextRollout(BUNDLE, body({ note: 'later' })).document;
    expect(coming.take(trusted, theirs, NOW_MS)).toBe('new');
    coming.take(trusted, ours, NOW_MS);
    expect(coming.take(trusted, later, NOW_MS)).toBe('held');
    const overMs = NOW_MS + DAY_MS;
    expect(notDue(overMs)).toBeUndefined();
    expect(coming.take(trusted, later, overMs)).toBe('new');
    expect(coming.take(trusted, ours, overMs)).toBe('held');
    expect(notDue(overMs)?.sequence).toBe(3);
  });

  it.each([
    ['another one for the same place', 0, 'theirs'],
    ['another one for the same place', 0, 'ours'],
    ['one far ahead', 1000, 'theirs'],
  ] as const)('takes what %s kept out once that is over (%i, %s first)', (_, ahead, first) => {
    show(2);
    const theirs = stolen(ahead);
    const ours = realm.nextRollout(BUNDLE, body({})).document;
    for (const one of first === 'ours' ? [ours, theirs] : [theirs, ours]) {
      coming.take(trusted, one, NOW_MS);
    }
    expect(coming.leftMs(NOW_MS)).toBe(DAY_MS);
    expect(coming.settle(trusted, NOW_MS + DAY_MS - 1)).toEqual([]);
    expect(coming.settle(trusted, NOW_MS + DAY_MS)).toEqual([BUNDLE]);
    expect(notDue(NOW_MS + DAY_MS)?.sequence).toBe(2);
    expect(coming.settle(trusted, NOW_MS + DAY_MS)).toEqual([]);
    expect(coming.leftMs(NOW_MS + DAY_MS)).toBe(29 * DAY_MS);
    expect(coming.settle(trusted, NOW_MS + 30 * DAY_MS)).toEqual([BUNDLE]);
    expect(coming.leftMs(NOW_MS + 30 * DAY_MS)).toBeUndefined();
  });

  it('obeys neither of two that one far ahead kept out, for the same place', () => {
    show(2);
    const theirs = stolen(1000);
    const [one, other] = ['one', 'other'].map(
      (note) => realm.nextRollout(BUNDLE, body({ note }), { after: 'nothing' }).document,
    );
    for (const document of [theirs, one, other]) {
      if (document !== undefined) coming.take(trusted, document, NOW_MS);
    }
    coming.settle(trusted, NOW_MS + DAY_MS);
    expect(notDue(NOW_MS + DAY_MS)).toBeUndefined();
  });

  it('does not go back to what the one that is over replaced', () => {
    show(2);
    const { document } = realm.nextRollout(BUNDLE, body({}));
    const next = realm.nextRollout(BUNDLE, body({ state: 'aborted' }), {
      expiresMs: NOW_MS + DAY_MS,
    });
    for (const one of [document, next.document, document]) coming.take(trusted, one, NOW_MS);
    expect(coming.settle(trusted, NOW_MS + DAY_MS)).toEqual([BUNDLE]);
    expect(notDue(NOW_MS + DAY_MS)).toBeUndefined();
  });

  it('does not blame whoever shows the one that follows what a thief contradicts', () => {
    show(2);
    const theirs = stolen(0);
    realm.nextRollout(BUNDLE, body({}));
    const later = realm.nextRollout(BUNDLE, body({ note: 'later' })).document;
    expect(coming.take(trusted, theirs, NOW_MS)).toBe('new');
    expect(coming.take(trusted, later, NOW_MS)).toBe('held');
    coming.settle(trusted, NOW_MS + DAY_MS);
    expect(notDue(NOW_MS + DAY_MS)?.sequence).toBe(2);
  });

  it('refuses one that the rollout role did not sign, and changes nothing', () => {
    show(2);
    take({});
    const forged = realm.nextRollout(BUNDLE, body({ to: named(at(3)) }), {
      signers: ['alice', 'bob'],
    });
    expectCode('THRESHOLD', () => coming.take(trusted, forged.document, NOW_MS));
    expect(notDue()?.sequence).toBe(2);
  });

  it('takes it well when the signers of a rollout have left since, and holds nothing back', () => {
    const { document } = realm.nextRollout(BUNDLE, body({}));
    const charter = realm.nextCharter((before) => {
      const { rollout: _, ...roles } = before.roles;
      return { ...before, roles };
    });
    const { statement, body: bytes } = charter.document;
    const offer = { chain: [statement], body: bytes, mode: 'linked' } as const;
    const later = acceptDocument(trusted, offer, NOW_MS).state;
    expect(coming.take(later, document, NOW_MS)).toBe('held');
    expect(notDue()).toBeUndefined();
  });

  it('refuses what is no rollout, or of a bundle that is not watched', () => {
    expectCode('TYPE', () => coming.take(trusted, at(2).document, NOW_MS));
    const other = realm.nextRollout('other.test.example.org', body({}));
    expectCode('TYPE', () => coming.take(trusted, other.document, NOW_MS));
  });

  function take(change: Partial<Plan>): 'new' | 'held' {
    return coming.take(trusted, realm.nextRollout(BUNDLE, body(change)).document, NOW_MS);
  }

  /** A thief's, which is over after a day; it follows nothing, or something that nobody has. */
  function stolen(ahead: number): SignedDocument {
    const before = realm.nextRollout('other.test.example.org', body({}));
    const after = ahead === 0 ? 'nothing' : { ...before, sequence: parseSequence(ahead) };
    const alone = { after, expiresMs: NOW_MS + DAY_MS } as const;
    return realm.nextRollout(BUNDLE, body({ note: 'theirs' }), alone).document;
  }

  function body(change: Partial<Plan>): Plan {
    const waves = [wave(5), wave(100)];
    const common = { note: '', state: 'running' as const, waves };
    return { ...common, from: named(at(1)), to: named(at(2)), ...change };
  }

  /** A node shows these, each after the one before. */
  function show(...sequences: readonly number[]): void {
    for (const sequence of sequences) {
      const { update } = shown(at(sequence - 1), at(sequence));
      expect(coming.show(trusted, update, NOW_MS)).toBe('new');
    }
  }

  /** Release 4 waits too. */
  function publishMore(): void {
    realm.nextRelease(BUNDLE, (before) => ({ ...before, note: 'more', delivery: 'waves' }));
  }

  /** What is not due once the charter quorum decided about a fork. */
  function decide(sequence: number, digest: Sha256 = at(sequence).digest): number | undefined {
    const resolution = { stream: releaseStream(BUNDLE), sequence: at(sequence).sequence, digest };
    const next = realm.nextCharter((before) => ({ ...before, resolutions: [resolution] }));
    const { statement, body: bytes } = next.document;
    const offer = { chain: [statement], body: bytes, mode: 'linked' } as const;
    const inUse = head();
    ({ state: trusted } = acceptDocument(trusted, offer, NOW_MS));
    coming.govern(trusted);
    return coming.notDue(BUNDLE, inUse, NOW_MS)?.sequence;
  }

  function notDue(nowMs: number = NOW_MS): ReturnType<ComingReleases['notDue']> {
    return coming.notDue(BUNDLE, head(), nowMs);
  }

  function head(): ReleaseHead {
    const found = headOf(trusted, releaseStream(BUNDLE));
    if (found === undefined) throw new Error('no head');
    return found;
  }

  function at(sequence: number): TestRelease {
    return realm.release(BUNDLE, sequence);
  }
});
