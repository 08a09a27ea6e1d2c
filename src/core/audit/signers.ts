/**
 * Whose signatures an accepted statement carries, by name.
 *
 * Accepted statements are kept with their valid signatures alone and with the right key ids, so the
 * charters say whose keys these are and nothing is verified again.
 *
 * @module
 */
import { type KeyId, parseSha256, type SignerId } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import type { AcceptedCharter } from '../trusted/state.ts';
import type { AuditSigner } from './entry.ts';

const KEY_ID = /^[0-9a-f]{64}$/;

/** The signers of a statement that is accepted; a key belongs to the newest charter that has it. */
export function auditSigners(
  charters: readonly AcceptedCharter[],
  { signatures }: SignedStatement,
): readonly AuditSigner[] {
  const keyIds = signatures.filter(({ keyId }) => KEY_ID.test(keyId));
  return keyIds.map(({ keyId: hint }) => {
    const keyId = parseSha256(hint);
    const id = ownerOf(charters, keyId);
    return id === undefined ? { keyId } : { id, keyId };
  });
}

function ownerOf(charters: readonly AcceptedCharter[], keyId: KeyId): SignerId | undefined {
  for (const { charter } of charters.toReversed()) {
    const owner = charter.signers.find(({ keys }) => keys.some((key) => key.keyId === keyId));
    if (owner !== undefined) return owner.id;
  }
  return undefined;
}
