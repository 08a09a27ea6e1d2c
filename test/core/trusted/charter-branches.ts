/**
 * A realm whose charter quorum was stolen, in all that may become of it: charters of the thief,
 * recoveries here and there, and statements of recovery keys whose charters nobody can take.
 *
 * @module
 */
import type { SigningKey } from '../../../src/core/crypto.ts';
import { parseSequence, type ReleaseStream, type Sha256 } from '../../../src/core/ids.ts';
import { ALICE, BOB, CAROL, DAVE, ERIN } from '../support.ts';
import {
  type Branch,
  bare,
  branch,
  type Proof,
  recoveryKey,
  revealing,
  rolesOf,
} from './charter-tree.ts';

/** Recovery keys by their numbers. */
function keysOf(...numbers: readonly number[]): readonly SigningKey[] {
  return numbers.map(recoveryKey);
}

const HONEST = ['carol', 'dave', 'erin'] as const;
export const THIEF: readonly SigningKey[] = [ALICE, BOB];

// Who has the keys of Alice and Bob goes on as he likes.
export const second: Branch = branch('second', undefined, {}, ...THIEF);
export const third: Branch = branch('third', second, {}, ...THIEF);
export const fourth: Branch = branch('fourth', third, {}, ...THIEF);
export const rival: Branch = branch('rival', undefined, {}, ...THIEF);
export const another: Branch = branch('another', undefined, {}, ...THIEF);
export const rivalThird: Branch = branch('rival third', rival, {}, ...THIEF);
// Recovery in the place of the second, upon it, and upon the rival.
const given = { roles: rolesOf(HONEST, 4, 5, 6) };
const owners = [CAROL, DAVE] as const;
export const early: Branch = branch(
  'early',
  undefined,
  { ...given, ...revealing(1, 2) },
  recoveryKey(1),
  recoveryKey(2),
  ...owners,
);
/** As early, and it says which release is the first of a bundle. */
export function deciding(stream: ReleaseStream, digest: Sha256): Branch {
  const resolutions = [{ stream, sequence: parseSequence(1), digest }];
  const change = { ...given, ...revealing(1, 2), resolutions };
  return branch('deciding', undefined, change, recoveryKey(1), recoveryKey(2), ...owners);
}
export const upon: Branch = branch(
  'upon',
  second,
  { ...given, ...revealing(1, 2) },
  recoveryKey(1),
  recoveryKey(2),
  ...owners,
);
export const twice: Branch = branch(
  'twice',
  rivalThird,
  { ...given, ...revealing(2, 3) },
  recoveryKey(2),
  recoveryKey(3),
  ...owners,
);
// The realm goes on, and is recovered once more.
export const after: Branch = branch('after', early, {}, CAROL, DAVE);
export const afterRival: Branch = branch('after rival', early, {}, DAVE, ERIN);
export const again: Branch = branch(
  'again',
  after,
  { roles: rolesOf(HONEST, 7, 8, 9), ...revealing(4, 5) },
  recoveryKey(4),
  recoveryKey(5),
  ...owners,
);
const againTwice: Branch = branch(
  'again twice',
  early,
  { roles: rolesOf(HONEST, 7, 8, 9), ...revealing(5, 6) },
  recoveryKey(5),
  recoveryKey(6),
  ...owners,
);
export const last: Branch = branch('last', again, {}, CAROL, ERIN);

// Recovery keys signed these, and nobody can take them.
const first = revealing(1, 2);
const next = revealing(4, 5);
const bareSecond = bare('bare second', undefined, { ...given, ...first }, ...keysOf(1, 2));
export const bareThird: Branch = bare(
  'bare third',
  second,
  { ...given, ...first },
  ...keysOf(1, 2),
);
export const bareFourth: Branch = bare(
  'bare fourth',
  third,
  { ...given, ...revealing(1, 3) },
  ...keysOf(1, 3),
);
const later = { roles: rolesOf(HONEST, 7, 8, 9), ...next };
const bareLater = bare('bare later', after, later, ...keysOf(4, 5));
const rivalLater = branch('rival later', after, { note: 'other' }, CAROL, ERIN);
/** Proofs with what nobody can take. */
export const PROOFS: readonly Proof[] = [
  { bare: bareSecond, other: rival, ...first },
  { bare: bareThird, other: third, ...first },
  { bare: bareFourth, other: fourth, ...revealing(1, 3) },
  { bare: bareLater, other: rivalLater, ...next },
];

/** All charters that somebody can take. */
export const ALL: readonly Branch[] = [
  second,
  third,
  fourth,
  rival,
  another,
  rivalThird,
  early,
  upon,
  twice,
  after,
  afterRival,
  again,
  againTwice,
  last,
];
