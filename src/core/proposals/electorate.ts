/**
 * Whose signatures count on a proposal, and whose are there.
 *
 * A signature counts when it could be part of a quorum: of the role that carries the statement, or
 * of one that lifts a rule for it. Only signers of the charter that rules now make a statement a
 * proposal; those whom a proposed charter names could otherwise propose themselves.
 *
 * @module
 */
import { type Charter, type Role, releaseRole } from '../charter/charter.ts';
import type { PublicKey } from '../crypto.ts';
import type { SignerId } from '../ids.ts';
import { SIGNATURES_MAX } from '../limits.ts';
import type { Signature, SignedStatement } from '../statements/envelope.ts';
import { countKeys, countSigners } from '../statements/quorum.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import type { Statement } from '../statements/statement.ts';

/** Signers of one charter. */
interface Electorate {
  readonly charter: Charter;
  readonly signers: readonly SignerId[];
  /** Recovery keys that a proposed charter reveals. */
  readonly keys?: readonly PublicKey[];
}

/** Who may sign a proposal: those of the ruling charter first. */
export type Electorates = readonly [Electorate, ...(readonly Electorate[])];

/** The valid signatures of a proposal. */
export interface Support {
  /** Of the ruling charter; distinct, sorted. */
  readonly signers: readonly SignerId[];
  /** One per key. */
  readonly signatures: readonly Signature[];
}

/** Who may sign a statement under `charter`; `next` is what a proposed charter says. */
export function electoratesOf(
  charter: Charter,
  { kind, bundle }: Statement,
  next?: Charter,
): Electorates {
  const { charter: charterRole, release, rollout, revoke } = charter.roles;
  const all: SignerId[] = [];
  if (kind === 'rollout') all.push(...(rollout?.signers ?? []));
  else all.push(...charterRole.signers);
  if (kind === 'release') {
    const role = bundle === undefined ? release : releaseRole(charter, bundle);
    all.push(...role.signers, ...(revoke?.signers ?? []));
  }
  const ruling = { charter, signers: [...new Set(all)].sort() };
  if (next === undefined) return [ruling];
  const { roles, revealed: keys = [] } = next;
  return [ruling, { charter: next, signers: roles.charter.signers, keys }];
}

/** How many of the role that carries a proposal still have to sign it, at least. */
export function missingSigners(
  charter: Charter,
  { statement, signers }: { readonly statement: Statement; readonly signers: readonly SignerId[] },
): number {
  const role = roleOf(charter, statement);
  const signed = signers.filter((signer) => role.signers.includes(signer)).length;
  return Math.max(0, role.threshold - signed);
}

function roleOf(charter: Charter, { kind, bundle }: Statement): Role {
  const { charter: charterRole, release, rollout } = charter.roles;
  if (kind === 'release') return bundle === undefined ? release : releaseRole(charter, bundle);
  return kind === 'rollout' ? (rollout ?? charterRole) : charterRole;
}

/** Finds the signatures that count. Errors: `LIMIT` (more than 64). */
export function supportOf(electorates: Electorates, signed: SignedStatement): Support {
  const checks = new SignatureChecks(signed);
  const counts = electorates.map(({ charter, signers }) =>
    countSigners(charter, signers, signed, checks),
  );
  const revealed = electorates.map(({ keys = [] }) => countKeys(keys, signed, checks));
  const all = [...counts, ...revealed].flatMap(({ valid }) => valid);
  const byKey = new Map(all.map((one) => [one.keyId, one]));
  return { signers: counts[0]?.signers ?? [], signatures: [...byKey.values()] };
}

/** Puts support together: of each key the signature that was there first, and at most 64. */
export function joinSupport(before: Support, added: Support): Support {
  const byKey = new Map(before.signatures.map((one) => [one.keyId, one]));
  for (const one of added.signatures) {
    if (byKey.size < SIGNATURES_MAX && !byKey.has(one.keyId)) byKey.set(one.keyId, one);
  }
  const signers = [...new Set([...before.signers, ...added.signers])].sort();
  return { signers, signatures: [...byKey.values()] };
}

/** Says whether a signature names a key of one who may sign. */
export function isNamed(electorates: Electorates, { keyId }: Signature): boolean {
  const isIt = (key: PublicKey): boolean => key.keyId === keyId;
  return electorates.some(
    ({ charter, signers, keys: revealed = [] }) =>
      revealed.some(isIt) ||
      charter.signers.some(({ id, keys }) => signers.includes(id) && keys.some(isIt)),
  );
}
