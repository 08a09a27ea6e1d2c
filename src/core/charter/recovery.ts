/**
 * Recovery: how the holders of hidden keys replace a charter quorum that is lost or stolen.
 *
 * A charter lists digests of recovery keys and nothing else of them; the charter that they sign
 * reveals the keys. Each must have one of those digests, so it does not matter who brings it.
 * Spec section 4.
 *
 * @module
 */
import type { PublicKey } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { KeyId } from '../ids.ts';
import type { Signature, SignedStatement } from '../statements/envelope.ts';
import { countKeys } from '../statements/quorum.ts';
import type { SignatureChecks } from '../statements/signature-checks.ts';
import type { Charter, RecoveryRole } from './model.ts';

/**
 * The signatures of revealed keys. Rule CH-22. Errors: `KEY` (a key that the charter before has no
 * digest of), `THRESHOLD`, `LIMIT`.
 */
export function requireRecoveryQuorum(
  before: Charter,
  revealed: readonly PublicKey[],
  statement: SignedStatement,
  checks: SignatureChecks,
): readonly Signature[] {
  const recovery = requireRecoveryKeys(before, revealed);
  const { valid } = countKeys(revealed, statement, checks);
  if (valid.length >= recovery.threshold) return valid;
  throw new KedgeError(
    'THRESHOLD',
    `${valid.length} of the ${recovery.threshold} needed recovery keys of charter version ` +
      `${before.version} signed`,
    {
      detail: {
        role: 'role recovery',
        needed: recovery.threshold,
        signed: valid.map(({ keyId }) => keyId),
        charterVersion: before.version,
      },
    },
  );
}

/** CH-22: each revealed key has a digest in the charter before. Errors: `KEY`. */
export function requireRecoveryKeys(before: Charter, revealed: readonly PublicKey[]): RecoveryRole {
  const { recovery } = before.roles;
  const known = new Set(recovery?.keyDigests);
  const stranger = revealed.find(({ keyId }) => !known.has(keyId));
  if (recovery !== undefined && stranger === undefined) return recovery;
  throw new KedgeError(
    'KEY',
    `charter version ${before.version} has no digest of the revealed key ` +
      `${stranger?.keyId ?? ''}: it is none of its recovery keys`,
    { detail: { keyId: stranger?.keyId ?? '', charterVersion: before.version } },
  );
}

/**
 * CH-23: whoever stole the charter quorum does not get rid of those who can take it back.
 * Errors: `POLICY`.
 */
export function requireSameRecovery(before: Charter, next: Charter): void {
  const { recovery } = before.roles;
  if (recovery === undefined || isSame(recovery, next.roles.recovery)) return;
  throw new KedgeError(
    'POLICY',
    `charter version ${next.version} changes the role recovery, which takes the recovery keys ` +
      `of version ${before.version}: reveal them and sign with them`,
    { detail: { role: 'recovery', needed: recovery.threshold, charterVersion: before.version } },
  );
}

/** CH-24: a revealed key is used up. Errors: `KEY`. */
export function requireUnburnt(burnt: ReadonlySet<KeyId>, next: Charter): void {
  if (burnt.size === 0) return;
  const listed = [
    ...[...next.signers, ...next.regions].flatMap(({ keys }) => keys.map(({ keyId }) => keyId)),
    ...(next.roles.recovery?.keyDigests ?? []),
    ...(next.revealed ?? []).map(({ keyId }) => keyId),
  ];
  const found = listed.find((keyId) => burnt.has(keyId));
  if (found === undefined) return;
  throw new KedgeError(
    'KEY',
    `key ${found} was revealed by an earlier charter and cannot be listed any more`,
    { detail: { keyId: found } },
  );
}

/** All keys revealed so far, once `next` is accepted. */
export function burntBy(burnt: ReadonlySet<KeyId>, next: Charter): ReadonlySet<KeyId> {
  if (next.revealed === undefined) return burnt;
  return new Set([...burnt, ...next.revealed.map(({ keyId }) => keyId)]);
}

function isSame(a: RecoveryRole, b: RecoveryRole | undefined): boolean {
  return (
    b !== undefined &&
    a.threshold === b.threshold &&
    a.expiryDays === b.expiryDays &&
    a.keyDigests.join() === b.keyDigests.join()
  );
}
