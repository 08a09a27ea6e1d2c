/**
 * Evidence: two validly signed statements for one place in one stream, and how proofs merge.
 *
 * Merging is a minimum over (sequence, digests, signatures), hence commutative, associative and
 * idempotent: every party ends with the same evidence whatever arrives in which order. There is no
 * tie-break between the statements themselves; an attacker would grind for it. What recovery keys
 * signed comes first, because nobody else can make it. Spec section 7.
 *
 * @module
 */
import { encodeHex } from '../bytes.ts';
import { type PublicKey, sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, type Sequence, type Sha256, type StreamName } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import type { Evidence } from './state.ts';

/**
 * Makes evidence of two or more verified statements of one stream and sequence. Of one statement
 * in several sets of signatures the smallest set stays; of many statements the two smallest; of
 * `revealed` those recovery keys that signed what stays. Of charters, sets and statements that
 * recovery keys signed (`isRecovered`) come before all others.
 */
export function makeEvidence(
  stream: StreamName,
  sequence: Sequence,
  statements: readonly SignedStatement[],
  revealed: readonly PublicKey[] = [],
  isRecovered: (statement: SignedStatement) => boolean = () => false,
): Evidence {
  const byDigest = new Map<Sha256, SignedStatement>();
  const textOf = (statement: SignedStatement): string =>
    `${isRecovered(statement) ? 0 : 1} ${signatureText(statement)}`;
  for (const statement of statements) {
    const digest = sha256(statement.payload);
    const other = byDigest.get(digest);
    if (other === undefined || textOf(statement) < textOf(other)) byDigest.set(digest, statement);
  }
  const rankOf = ([digest, statement]: [Sha256, SignedStatement]): string =>
    `${isRecovered(statement) ? 0 : 1} ${digest}`;
  const [first, second] = [...byDigest]
    .sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1))
    .slice(0, 2)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (first === undefined || second === undefined) {
    throw new KedgeError('BUG', 'evidence needs two different statements');
  }
  return withKeys({ stream, sequence, first: first[1], second: second[1] }, revealed);
}

/**
 * The evidence with what recovery keys signed further up: statements with one payload, of which the
 * smallest set of signatures stays. Nothing is added that is one of the two already.
 */
export function withRecovered(
  { stream, sequence, first, second }: Evidence,
  recovered: readonly SignedStatement[],
  revealed: readonly PublicKey[],
): Evidence {
  const pair = { stream, sequence, first, second };
  const [least] = [...recovered].sort((a, b) => (signatureText(a) < signatureText(b) ? -1 : 1));
  const isThere = least !== undefined && [first, second].some((one) => hasSamePayload(one, least));
  return withKeys(least === undefined || isThere ? pair : { ...pair, recovered: least }, revealed);
}

/** The statements of evidence: the two, and what recovery keys signed further up. */
export function statementsOf({ first, second, recovered }: Evidence): readonly SignedStatement[] {
  return recovered === undefined ? [first, second] : [first, second, recovered];
}

/** Only keys that signed something of it. */
function withKeys(evidence: Evidence, revealed: readonly PublicKey[]): Evidence {
  const signed = new Set(
    statementsOf(evidence).flatMap(({ signatures }) => signatures.map(({ keyId }) => keyId)),
  );
  const keys = new Map(
    revealed.filter(({ keyId }) => signed.has(keyId)).map((key) => [key.keyId, key]),
  );
  if (keys.size === 0) return evidence;
  return {
    ...evidence,
    revealed: [...keys.values()].sort((a, b) => (a.keyId < b.keyId ? -1 : 1)),
  };
}

/** Merges two proofs for a bundle's stream: the lowest sequence, then the two smallest digests. */
export function mergeEvidence(a: Evidence, b: Evidence): Evidence {
  if (a.sequence !== b.sequence) return a.sequence < b.sequence ? a : b;
  const statements = [a.first, a.second, b.first, b.second];
  return makeEvidence(a.stream, a.sequence, statements, revealedIn(a, b));
}

/**
 * Says whether `known` stays as it is when `other`, of the same stream, is merged into it, whatever
 * the signatures beside `other` are good for: nothing of it need be verified then.
 */
export function isCovered(known: Evidence, other: Evidence): boolean {
  if (other.sequence !== known.sequence) return other.sequence > known.sequence;
  return statementsOf(other).every((one) => isLeftOut(known, one));
}

/** The same for one statement of the stream and sequence of `known`. */
export function isLeftOut(known: Evidence, other: SignedStatement): boolean {
  const { stream, second } = known;
  // Of charters, what recovery keys signed stays whatever its digest.
  const isByDigest = stream !== CHARTER_STREAM;
  if (isByDigest && sha256(other.payload) > sha256(second.payload)) return true;
  return statementsOf(known).some((one) => statementText(one) === statementText(other));
}

/** Says whether two proofs are the same to the last signature. */
export function isSameEvidence(a: Evidence, b: Evidence): boolean {
  return (
    a.stream === b.stream &&
    a.sequence === b.sequence &&
    statementsOf(a).map(statementText).join() === statementsOf(b).map(statementText).join()
  );
}

function hasSamePayload(a: SignedStatement, b: SignedStatement): boolean {
  return sha256(a.payload) === sha256(b.payload);
}

function revealedIn(...evidence: readonly Evidence[]): readonly PublicKey[] {
  return evidence.flatMap(({ revealed = [] }) => revealed);
}

function statementText(statement: SignedStatement): string {
  return sha256(statement.payload) + signatureText(statement);
}

function signatureText(statement: SignedStatement): string {
  const texts = statement.signatures.map(
    ({ keyId, signature }) => `${keyId}:${encodeHex(signature)}`,
  );
  return texts.join(',');
}
