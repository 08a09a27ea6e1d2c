/**
 * A program of a realm that a thief had, and that recovery keys took back: what it verifies, keeps
 * and gives up.
 */
import { describe, expect, it } from 'vitest';
import { savedRealm } from '../../src/client/copy/restore.ts';
import {
  encodeIndex,
  mergeIndexes,
  parseIndex,
  type RealmIndex,
} from '../../src/client/copy/saved-realm.ts';
import type { Applied } from '../../src/client/verified/applied.ts';
import { AttestedRealm } from '../../src/client/verified/attested-realm.ts';
import { Pending } from '../../src/client/verified/pending.ts';
import { VerifiedRealm } from '../../src/client/verified/verified-realm.ts';
import type { CharterChange } from '../../src/core/charter/draft.ts';
import { CHARTER_STREAM, type RegionName } from '../../src/core/ids.ts';
import type { Checkpoint } from '../../src/core/log/checkpoint.ts';
import { RegionView } from '../../src/core/log/region-view.ts';
import { treeRoot } from '../../src/core/log/tree.ts';
import { recoveriesOf } from '../../src/core/trusted/lineage.ts';
import { forkOf, headOf } from '../../src/core/trusted/state.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import { rolloutPlan } from '../../src/testing/rollouts.ts';
import { cosign, FRA, IAD, logOf, regionsOf, SIN } from '../core/log/fixtures.ts';
import { PAYMENTS } from '../core/releases/bodies.ts';
import { ed25519Key, expectCode, NOW_MS, REALM, role, signer } from '../core/support.ts';
import {
  BRANCHED,
  type BranchedCharter,
  type BranchedRelease,
  Branches,
  OWNERS,
} from '../service/support/branches.ts';

const MALLORY = ed25519Key(66);
const NEWS = { kind: 'attested' };
const realm = new Branches(NOW_MS, regionsOf(FRA, IAD, SIN));
const { root } = realm;
const first = realm.release(root, undefined, 'ours');
const stolen = realm.stolen(root, 'stolen');
const stolenToo = realm.stolen(stolen, 'stolen too');
const theirs = realm.release(stolenToo, first, 'theirs');
const more = realm.release(stolenToo, theirs, 'theirs 3');
const recovered = realm.recovered(root, 1);
const upon = realm.recovered(stolen, 1);
const twice = realm.recovered(stolen, 2);
const ours = realm.release(recovered, first, 'ours again', OWNERS);
const next = realm.release(recovered, ours, 'ours 3', OWNERS);

const pin = {
  realm: REALM,
  firstCharterDigest: root.digest,
  bundles: [PAYMENTS],
  minSequences: new Map(),
};

/** A program that uses what the thief published. */
function robbed(): { readonly program: VerifiedRealm; readonly pending: Pending } {
  const [program, pending] = [new VerifiedRealm(pin), new Pending()];
  program.apply(charters(root, stolen, stolenToo), pending, NOW_MS);
  for (const release of [first, theirs, more]) program.apply(update(release), pending, NOW_MS);
  expect(program.inUse(PAYMENTS)?.head.digest).toBe(more.digest);
  return { program, pending };
}

describe('a program whose realm was recovered', () => {
  it('gives the charters up, keeps what it uses, and takes the next release (RV-6)', () => {
    const { program, pending } = robbed();
    expect(program.apply(charters(recovered), pending, NOW_MS)).toMatchObject({ version: 2 });
    expect(program.inUse(PAYMENTS)?.head.digest).toBe(more.digest);
    expect(program.isOverruled(PAYMENTS)).toBe(true);
    const taken = program.apply(update(ours), pending, NOW_MS);
    expect(taken).toMatchObject({ kind: 'released' });
    expect(program.inUse(PAYMENTS)?.head.sequence).toBe(2);
    expect(program.apply(update(next), pending, NOW_MS)).toMatchObject({ kind: 'released' });
  });

  it('goes back to nothing that was signed before', () => {
    const { program, pending } = robbed();
    program.apply(charters(recovered), pending, NOW_MS);
    expectCode('THRESHOLD', () => program.apply(update(first), pending, NOW_MS));
    // Nor does it take what says that it was: an old charter, whoever signs.
    const dated = realm.release(root, first, 'dated', OWNERS);
    expect(program.apply(update(dated), pending, NOW_MS)).toEqual({
      kind: 'overruled',
      bundle: PAYMENTS,
    });
    expect(program.inUse(PAYMENTS)?.head.digest).toBe(more.digest);
  });

  it('takes it from charters that come in parts, upon another side of a fork', () => {
    const [program, pending] = [new VerifiedRealm(pin), new Pending()];
    const other = realm.stolen(root, 'other');
    const attested = new AttestedRealm({
      realm: program,
      regions: undefined,
      bundles: [PAYMENTS],
      knownCharter: undefined,
    });
    const apply = (...all: readonly BranchedCharter[]): Applied =>
      attested.apply(charters(...all), pending, NOW_MS);
    apply(root, other);
    expect(apply(stolen)).toMatchObject({ kind: 'forked' });
    expect(apply(stolenToo)).toEqual({ kind: 'nothing' });
    expect(apply(realm.recovered(stolenToo, 1))).toMatchObject({ kind: 'charters', version: 4 });
    expect(forkOf(program.trusted, CHARTER_STREAM)).toBeUndefined();
  });

  it('stops where recovery keys signed twice', () => {
    const { program, pending } = robbed();
    program.apply(charters(upon), pending, NOW_MS);
    expect(program.apply(charters(twice), pending, NOW_MS)).toMatchObject({ kind: 'forked' });
    expect(program.inUse(PAYMENTS)?.head.digest).toBe(more.digest);
  });

  it('starts again with what it took, and never with what fell', () => {
    const { program, pending } = robbed();
    program.apply(charters(recovered), pending, NOW_MS);
    program.apply(update(ours), pending, NOW_MS);
    const { program: other, pending: others } = robbed();
    other.apply(charters(recovered), others, NOW_MS);
    expect(savedRealm(other.trusted, other.allInUse()).fallen).toEqual(new Set([more.digest]));
    const again = new VerifiedRealm(pin);
    const saved = savedRealm(program.trusted, program.allInUse(), program.fallen);
    expect(again.restore(saved)).toEqual([]);
    expect(headOf(again.trusted, BRANCHED)?.digest).toBe(ours.digest);
    const { program: old } = robbed();
    const stale = savedRealm(old.trusted, old.allInUse());
    const kept = new VerifiedRealm(pin);
    expect(kept.restore({ ...stale, charters: saved.charters })).toHaveLength(1);
    expect(kept.inUse(PAYMENTS)).toBeUndefined();
  });
});

describe('the index of a copy', () => {
  it('lets the chain prevail that was recovered, with its releases, whoever wrote last', () => {
    const robbers = indexOf(stolenToo, more);
    const owners = indexOf(recovered, ours);
    for (const merged of [mergeIndexes(robbers, owners), mergeIndexes(owners, robbers)]) {
      expect(merged).toEqual({ ...owners, evidence: [] });
    }
  });

  it('comes back as it was written, with the place of a fork that stays', () => {
    const program = new VerifiedRealm(pin);
    const pending = new Pending();
    program.apply(charters(root, stolen, realm.recovered(stolen, 1)), pending, NOW_MS);
    program.apply(charters(twice), pending, NOW_MS);
    const evidence = forkOf(program.trusted, CHARTER_STREAM);
    if (evidence === undefined) throw new Error('no fork');
    const index = { ...indexOf(recovered, ours), evidence: [evidence] };
    expect(parseIndex(encodeIndex(index))).toEqual(index);
    const used = { ...evidence, recovered: evidence.second };
    const further = { ...index, evidence: [used] };
    expect(parseIndex(encodeIndex(further))).toEqual(further);
  });

  it('forgets a release that fell, also with a higher sequence', () => {
    const before = indexOf(recovered, more);
    const after = indexOf(recovered, ours);
    const fallen = new Set([more.digest]);
    expect(mergeIndexes(after, before, fallen).releases).toEqual(after.releases);
    expect(mergeIndexes(before, after, fallen).releases).toEqual(after.releases);
    expect(mergeIndexes(before, before, fallen).releases).toEqual(before.releases);
    expect(mergeIndexes(after, before).releases).toEqual(before.releases);
  });
});

describe('a program that requires regions', () => {
  it('goes on under the charter that it has while the next one waits (CO-22)', () => {
    const { apply } = attestedProgram();
    apply(charters(root));
    expect(apply(charters(stolen))).toMatchObject({ kind: 'charters-wait', version: 2 });
    expect(apply(update(first))).toMatchObject({ kind: 'unattested' });
    expect(apply(update(theirs))).toMatchObject({ kind: 'charters-wait', bundle: PAYMENTS });
  });

  it('takes a recovery in the place of a charter that waits', () => {
    const { program, apply } = attestedProgram();
    apply(charters(root));
    expect(apply(charters(stolen, stolenToo))).toMatchObject({ kind: 'charters-wait', version: 3 });
    expect(apply(charters(upon))).toMatchObject({ kind: 'charters-wait', version: 3 });
    expect(apply(charters(recovered))).toMatchObject({ kind: 'charters-wait', version: 2 });
    expect(apply(cosigned([root, recovered], FRA, SIN))).toMatchObject({ kind: 'charters' });
    expect(program.trusted.charters.at(-1)?.digest).toBe(recovered.digest);
  });

  it('stops at a fork of the charters, and waits for the regions of before', () => {
    const { program, apply } = attestedProgram();
    apply(charters(root, stolen));
    apply(cosigned([root, stolen], FRA, IAD));
    expect(program.charterVersion).toBe(2);
    expect(apply(charters(realm.stolen(root, 'other')))).toMatchObject({ kind: 'forked' });
    expect(program.charterVersion).toBe(1);
    expect(apply(charters(recovered))).toMatchObject({ kind: 'charters-wait', version: 2 });
    expect(apply(update(first))).toMatchObject({ kind: 'charters-wait', bundle: PAYMENTS });
    expect(forkOf(program.trusted, CHARTER_STREAM)).toBeDefined();
    expect(apply(cosigned([root, recovered], FRA, SIN))).toMatchObject({ kind: 'charters' });
    expect(forkOf(program.trusted, CHARTER_STREAM)).toBeUndefined();
  });

  it('takes a recovery when regions of the charter before both cosigned its log (CO-23)', () => {
    const { program, apply } = attestedProgram();
    apply(charters(root, stolen));
    apply(cosigned([root, stolen], FRA, IAD));
    expect(program.charterVersion).toBe(2);
    expect(program.trusted.charters.at(-1)?.digest).toBe(stolen.digest);
    expect(apply(update(first))).toMatchObject({ kind: 'unattested' });
    expect(apply(charters(recovered))).toMatchObject({ kind: 'charters-wait', version: 2 });
    // Releases are left out meanwhile; what was cosigned in the log before says nothing.
    expect(apply(update(ours))).toMatchObject({ kind: 'charters-wait', bundle: PAYMENTS });
    const shown = { ...update(ours), kind: 'waiting' } as const;
    expect(apply(shown)).toMatchObject({ kind: 'charters-wait', version: 2 });
    expect(apply(cosigned([root, recovered], FRA))).toMatchObject({ kind: 'charters-wait' });
    expect(program.trusted.charters.at(-1)?.digest).toBe(stolen.digest);
    expect(apply(cosigned([root, recovered], SIN))).toMatchObject({ kind: 'charters', version: 2 });
    expect(program.trusted.charters.at(-1)?.digest).toBe(recovered.digest);
  });

  it('leaves what a thief rolled out, and takes what the owners roll out (RV-5)', () => {
    const waved = new Branches(NOW_MS, regionsOf(FRA, IAD, SIN), 'signed');
    const theft = waved.stolen(waved.root, 'stolen', seized(waved.root));
    const ground = waved.release(waved.root, undefined, 'ours');
    const theirs2 = waved.release(theft, ground, { note: 'theirs', delivery: 'waves' });
    const back = waved.recovered(waved.root, 1);
    const ours2 = waved.release(back, ground, { note: 'ours', delivery: 'waves' }, OWNERS);
    const pending = new Pending();
    const attested = new AttestedRealm({
      realm: new VerifiedRealm({ ...pin, firstCharterDigest: waved.root.digest }),
      regions: new RegionView({ realm: REALM, threshold: 1, localMs: NOW_MS }),
      bundles: [PAYMENTS],
      knownCharter: undefined,
    });
    const apply = (message: WatchResponse): Applied => attested.apply(message, pending, NOW_MS);
    const rolled = (by: BranchedRelease): WatchResponse => ({ ...by, kind: 'rollout' });
    const shown = (one: BranchedRelease): WatchResponse => ({ ...update(one), kind: 'waiting' });
    apply(charters(waved.root, theft));
    apply(cosigned([waved.root, theft], FRA));
    apply(update(ground));
    const log = logOf([ground.document.statement.payload]);
    apply(cosignedLog({ stream: BRANCHED, size: 1, root: treeRoot(log.frontier) }, FRA));
    const plan = rolloutPlan(theirs2, ground);
    expect(apply(rolled(waved.rollout(theft, undefined, plan, MALLORY)))).toMatchObject(NEWS);
    expect(apply(shown(theirs2))).toMatchObject(NEWS);
    apply(charters(back));
    expect(apply(cosigned([waved.root, back], FRA))).toMatchObject({ kind: 'charters' });
    const mine = waved.rollout(back, undefined, rolloutPlan(ours2, ground));
    const paused = rolloutPlan(ours2, ground, { state: 'paused' });
    expect(apply(rolled(mine))).toMatchObject(NEWS);
    expect(apply(rolled(waved.rollout(back, mine, paused)))).toMatchObject(NEWS);
    expect(apply(shown(ours2))).toMatchObject(NEWS);
  });
});

/** A program that demands two regions, and what is said to it. */
function attestedProgram(): {
  readonly program: VerifiedRealm;
  readonly apply: (message: WatchResponse) => Applied;
} {
  const [program, pending] = [new VerifiedRealm(pin), new Pending()];
  const regions = new RegionView({ realm: REALM, threshold: 2, localMs: NOW_MS });
  const options = { realm: program, regions, bundles: [PAYMENTS], knownCharter: undefined };
  const attested = new AttestedRealm(options);
  return { program, apply: (message) => attested.apply(message, pending, NOW_MS) };
}

function charters(
  ...all: readonly BranchedCharter[]
): Extract<WatchResponse, { kind: 'charters' }> {
  return { kind: 'charters', charters: all.map(({ document }) => document) };
}

function update({ document }: BranchedRelease): Extract<WatchResponse, { kind: 'update' }> {
  const { statement, body } = document;
  const content = { kind: 'whole', body } as const;
  return { kind: 'update', update: { bundle: PAYMENTS, statements: [statement], content } };
}

function indexOf(charter: BranchedCharter, release: BranchedRelease): RealmIndex {
  return {
    realm: REALM,
    firstCharterDigest: root.digest,
    charters: charter.state.charters.map(({ document }) => document.statement),
    releases: [{ statement: release.document.statement, objects: [] }],
    evidence: [],
    recoveries: recoveriesOf(charter.state.charters),
  };
}

/** The log of these charters, as regions cosign it after a recovery. */
function cosigned(
  all: readonly BranchedCharter[],
  ...regions: readonly RegionName[]
): WatchResponse {
  const log = logOf(all.map(({ document }) => document.statement.payload));
  const size = all.length;
  const isBack = all.at(-1)?.state.charters.at(-1)?.charter.signers[0]?.id === 'dave';
  const head = { stream: CHARTER_STREAM, size, root: treeRoot(log.frontier) };
  return cosignedLog(isBack ? { ...head, recoveredBy: size } : head, ...regions);
}

function cosignedLog(
  head: Omit<Checkpoint, 'realm'>,
  ...regions: readonly RegionName[]
): WatchResponse {
  const checkpoint = { realm: REALM, ...head };
  const lines = regions.map((region) => cosign(region, checkpoint, 1));
  return { kind: 'cosigned', leaf: { checkpoint, lines, proof: [] } };
}

/** A charter by which a thief has the rollouts. */
function seized({ state }: BranchedCharter): CharterChange {
  const { signers = [], roles } = state.charters[0]?.charter ?? {};
  if (roles === undefined) throw new Error('no charter');
  return {
    signers: [...signers, signer('mallory', MALLORY)].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    roles: { ...roles, rollout: role(1, 'mallory') },
  };
}
