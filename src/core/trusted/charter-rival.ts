/**
 * What a statement in the place of a charter is worth, without its body.
 *
 * @module
 */
import type { RecoveryRole } from '../charter/model.ts';
import type { PublicKey } from '../crypto.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { countedFor, countKeys, countSigners } from '../statements/quorum.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import { charterAt, type TrustedState } from './state.ts';

/** What a statement in the place of a charter is worth; absent without the one before. */
export interface Rival {
  readonly isSigned: boolean;
  /** The payload with the valid signatures alone. */
  readonly statement: SignedStatement;
}

/**
 * QU-3: a charter of a fork needs the quorum of the version before it, or of its recovery keys. Its
 * own quorum is in a body that evidence does not carry. The first one is pinned and cannot fork.
 */
export function countRival(
  state: TrustedState,
  sequence: number,
  signed: SignedStatement,
  revealed: readonly PublicKey[],
): Rival | undefined {
  const before = charterAt(state, sequence - 1)?.charter;
  if (before === undefined) return undefined;
  const { charter: role, recovery } = before.roles;
  const checks = new SignatureChecks(signed);
  const counted = countSigners(before, role.signers, signed, checks);
  const recovered = countRecovery(recovery, signed, revealed, checks);
  const { payload } = signed;
  return {
    isSigned: recovered.isSigned || countedFor(role, counted).length >= role.threshold,
    statement: { payload, signatures: [...counted.valid, ...recovered.statement.signatures] },
  };
}

/** The same by recovery keys alone, wherever in their epoch the statement stands. */
export function countRecovery(
  recovery: RecoveryRole | undefined,
  signed: SignedStatement,
  revealed: readonly PublicKey[],
  checks?: SignatureChecks,
): Rival {
  const listed = new Set(recovery?.keyDigests);
  const keys = revealed.filter(({ keyId }) => listed.has(keyId));
  const { valid } = countKeys(keys, signed, checks);
  return {
    isSigned: recovery !== undefined && valid.length >= recovery.threshold,
    statement: { payload: signed.payload, signatures: valid },
  };
}
