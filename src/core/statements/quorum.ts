/**
 * Who signed: the distinct signers of a role whose keys verify.
 *
 * Counted are signers, found through public keys: one key under two names, one signer with two
 * keys and one signature many times each count once. A role may want several kinds of keys of each
 * signer. Only keys of the role are tried, so a
 * signature by anybody else is garbage like any other; garbage never makes a good statement bad.
 * Spec section 3.
 *
 * @module
 */
import type { Charter, Role } from '../charter/model.ts';
import type { Algorithm, PublicKey } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { SignerId } from '../ids.ts';
import { SIGNATURES_MAX } from '../limits.ts';
import type { Signature, SignedStatement } from './envelope.ts';
import { SignatureChecks } from './signature-checks.ts';

/** The outcome of counting. */
export interface SignerCount {
  /** Distinct, sorted. What counts for a role is {@link countedFor}. */
  readonly signers: readonly SignerId[];
  /** With keys of which algorithms each of them signed. */
  readonly algorithms: ReadonlyMap<SignerId, ReadonlySet<Algorithm>>;
  /** One per key that verified, in the order of the statement, hints corrected. */
  readonly valid: readonly Signature[];
}

interface Candidate {
  readonly signer: SignerId;
  readonly key: PublicKey;
}

/**
 * Counts the distinct signers among `signerIds` that signed the payload. `checks` are those of the
 * same statement, where several counts share them.
 *
 * Errors: `LIMIT`, before any signature is verified, when there are more than 64. Rules SIG-1 to
 * SIG-5.
 */
export function countSigners(
  charter: Charter,
  signerIds: readonly SignerId[],
  statement: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(statement),
): SignerCount {
  const found = matchSignatures(candidateKeys(charter, signerIds), statement, checks);
  const algorithms = new Map<SignerId, Set<Algorithm>>();
  for (const { signer, key } of found.values()) {
    algorithms.set(signer, (algorithms.get(signer) ?? new Set()).add(key.alg));
  }
  return {
    signers: [...algorithms.keys()].sort(),
    algorithms,
    valid: validOf(found, statement),
  };
}

/**
 * The signers of a role who count: those who signed with keys of all algorithms that it requires.
 * Rule SIG-8.
 */
export function countedFor(
  role: Role,
  { algorithms }: Pick<SignerCount, 'algorithms'>,
): readonly SignerId[] {
  const { requiredAlgs = [] } = role;
  return [...new Set(role.signers)].filter((id) => {
    const signed = algorithms.get(id);
    return signed !== undefined && requiredAlgs.every((alg) => signed.has(alg));
  });
}

/**
 * Counts the distinct ones among `keys` that signed the payload, whoever holds them. Errors and
 * rules as {@link countSigners}.
 */
export function countKeys(
  keys: readonly PublicKey[],
  statement: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(statement),
): Pick<SignerCount, 'valid'> {
  const candidates = new Map(keys.map((key) => [key.keyId, { key }]));
  return { valid: validOf(matchSignatures(candidates, statement, checks), statement) };
}

/**
 * Requires that `role`'s threshold of distinct signers signed. `what` names the role in the
 * message, `checks` as in {@link countSigners}. Errors: `THRESHOLD`, `LIMIT`. Rule SIG-6.
 */
export function requireQuorum(
  charter: Charter,
  role: Role,
  statement: SignedStatement,
  what: string,
  checks: SignatureChecks = new SignatureChecks(statement),
): SignerCount {
  const count = countSigners(charter, role.signers, statement, checks);
  const counted = countedFor(role, count);
  if (counted.length >= role.threshold) return count;
  throw new KedgeError(
    'THRESHOLD',
    `${counted.length} of the ${role.threshold} needed signers of ${what} ` +
      `(charter version ${charter.version}) signed`,
    {
      detail: {
        role: what,
        needed: role.threshold,
        signed: counted,
        charterVersion: charter.version,
      },
    },
  );
}

/** Says whether `role`'s threshold of distinct signers signed. Errors: `LIMIT`. Rule SIG-6. */
export function hasQuorum(
  charter: Charter,
  role: Role,
  statement: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(statement),
): boolean {
  const count = countSigners(charter, role.signers, statement, checks);
  return countedFor(role, count).length >= role.threshold;
}

/** Each key once, under the first signer that lists it. */
function candidateKeys(charter: Charter, signerIds: readonly SignerId[]): Map<string, Candidate> {
  const wanted = new Set(signerIds);
  const candidates = new Map<string, Candidate>();
  for (const signer of charter.signers) {
    if (!wanted.has(signer.id)) continue;
    for (const key of signer.keys) {
      if (!candidates.has(key.keyId)) candidates.set(key.keyId, { signer: signer.id, key });
    }
  }
  return candidates;
}

/** By which key each signature is, by its index. Each key is found once and leaves `candidates`. */
function matchSignatures<Owned extends { readonly key: PublicKey }>(
  candidates: Map<string, Owned>,
  { signatures }: SignedStatement,
  checks: SignatureChecks,
): ReadonlyMap<number, Owned> {
  if (signatures.length > SIGNATURES_MAX) {
    throw new KedgeError('LIMIT', `a statement carries at most ${SIGNATURES_MAX} signatures`, {
      detail: { size: signatures.length, max: SIGNATURES_MAX },
    });
  }
  const found = new Map<number, Owned>();
  const take = (index: number, candidate: Owned): void => {
    found.set(index, candidate);
    candidates.delete(candidate.key.keyId);
  };
  const unnamed: number[] = [];
  for (const [index, { keyId }] of signatures.entries()) {
    const hinted = candidates.get(keyId);
    if (hinted !== undefined && checks.named(index, hinted.key)) take(index, hinted);
    else unnamed.push(index);
  }
  for (const index of unnamed) {
    const signer = [...candidates.values()].find(({ key }) => checks.unnamed(index, key));
    if (signer !== undefined) take(index, signer);
  }
  return found;
}

function validOf(
  found: ReadonlyMap<number, { readonly key: PublicKey }>,
  { signatures }: SignedStatement,
): readonly Signature[] {
  return signatures.flatMap(({ signature }, index) => {
    const candidate = found.get(index);
    return candidate === undefined ? [] : [{ keyId: candidate.key.keyId, signature }];
  });
}
