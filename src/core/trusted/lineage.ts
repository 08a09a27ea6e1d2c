/**
 * Which charters a recovery covers: how the rank of a chain, and what may still rival it, follow
 * from the charters that recovery keys signed.
 *
 * Between two recoveries the role `recovery` does not change (CH-23), so the charters in between,
 * the one that recovers included, are what one set of keys has stood for: that is an epoch. The
 * signature of its last charter covers, by the hash chain, all of the epoch. Spec section 7, RV-1.
 *
 * @module
 */
import type { Charter, RecoveryRole } from '../charter/model.ts';
import type { PublicKey } from '../crypto.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import type { AcceptedCharter, Evidence } from './state.ts';

/** The rank of a fork that nothing ends. */
export const RANK_FOR_EVER: number = 2 ** 32 - 1;

type Charters = readonly Pick<AcceptedCharter, 'version' | 'charter'>[];

/** Says whether recovery keys signed a charter. */
export function isRecovery({ revealed }: Pick<Charter, 'revealed'>): boolean {
  return revealed !== undefined;
}

/** How often a chain was recovered: of two that part, the one with more prevails. Rule RV-2. */
export function recoveriesOf(charters: Charters): number {
  return charters.filter(({ charter }) => isRecovery(charter)).length;
}

/** The version of the newest charter that recovery keys signed; 0: none. */
export function lastRecovery(charters: Charters): number {
  return charters.findLast(({ charter }) => isRecovery(charter))?.version ?? 0;
}

/** The role whose keys may sign in the place of the quorum for a version. */
export function recoveryFor(charters: Charters, version: number): RecoveryRole | undefined {
  return charters[version - 2]?.charter.roles.recovery;
}

/** The charter that ends the epoch in which a version lies; absent while that is open. */
export function coveredBy<One extends Charters[number]>(
  charters: readonly One[],
  version: number,
): One | undefined {
  if (recoveryFor(charters, version) === undefined) return undefined;
  return charters.slice(version - 1).find(({ charter }) => isRecovery(charter));
}

/** The charter with which the epoch of `version` begins: the one that set its recovery keys. */
export function epochOf(charters: Charters, version: number): number {
  for (let at = version; at > 1; at -= 1) {
    const charter = charters[at - 1]?.charter;
    if (charter === undefined || isRecovery(charter)) return at;
    if (recoveryFor(charters, at) === undefined) return at;
  }
  return 1;
}

/**
 * The first places of the epochs of whose recovery keys these are a quorum. Until keys are used
 * nobody else knows them, so that nobody else can name them.
 */
export function epochsOf(
  charters: Charters,
  revealed: readonly PublicKey[] = [],
): readonly number[] {
  if (revealed.length === 0) return [];
  const named = new Set<string>(revealed.map(({ keyId }) => keyId));
  return charters.flatMap(({ charter }, at) => {
    const { keyDigests = [], threshold = Infinity } = charter.roles.recovery ?? {};
    const isFirst = isRecovery(charter) || charters[at - 1]?.charter.roles.recovery === undefined;
    const count = keyDigests.filter((digest) => named.has(digest)).length;
    return isFirst && count >= threshold ? [at + 2] : [];
  });
}

/** Tells statements that a quorum of recovery keys signed; their signatures were verified. */
export function recoveredWith(
  recovery: RecoveryRole | undefined,
  revealed: readonly PublicKey[],
): (statement: SignedStatement) => boolean {
  const listed = new Set<string>(recovery?.keyDigests);
  const known = new Set<string>(
    revealed.flatMap(({ keyId }) => (listed.has(keyId) ? [keyId] : [])),
  );
  return ({ signatures }) => {
    if (recovery === undefined) return false;
    const signed = new Set(signatures.flatMap(({ keyId }) => (known.has(keyId) ? [keyId] : [])));
    return signed.size >= recovery.threshold;
  };
}

/**
 * Says whether nothing can end a fork of the charters: recovery keys signed both sides, or there
 * are none. Rule RV-4.
 */
export function isForEver(charters: Charters, evidence: Evidence): boolean {
  const { sequence, first, second, revealed = [] } = evidence;
  const recovery = recoveryFor(charters, sequence);
  if (recovery === undefined) return true;
  return [first, second].every(recoveredWith(recovery, revealed));
}
