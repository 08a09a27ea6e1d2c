/**
 * Taking a proposal back: one signature, of somebody who signed it or of a charter signer.
 *
 * It ends the gathering on the nodes and nothing else: what was signed stays signed, and whoever
 * has enough signatures can still hand them in. The payload follows from the statement, so that
 * only the signature travels; its type keeps it apart from statements. Spec rule PP-9.
 *
 * @module
 */
import { encodeCanonical } from '../canonical.ts';
import type { Charter } from '../charter/charter.ts';
import { type PublicKey, verifySignature } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { SignerId } from '../ids.ts';
import { pae } from '../statements/envelope.ts';
import { parseStatement } from '../statements/statement.ts';
import { type Electorates, supportOf } from './electorate.ts';
import type { Withdrawal } from './model.ts';

const WITHDRAWAL_PAYLOAD_TYPE = 'application/vnd.kedge.withdrawal+json';

/** The bytes that are signed to withdraw a statement. Errors: those of `parseStatement`. */
export function withdrawalMessage(payload: Uint8Array): Uint8Array {
  const { digest, realm, sequence, stream } = parseStatement(payload);
  const body = { digest, realm, sequence, stream, type: 'urn:kedge:withdrawal:v1' };
  return pae(WITHDRAWAL_PAYLOAD_TYPE, encodeCanonical(body));
}

/** A withdrawal that counts. */
export interface VerifiedWithdrawal {
  readonly withdrawal: Withdrawal;
  readonly by: SignerId;
  /** Who signed the statement. */
  readonly signers: readonly SignerId[];
}

/**
 * Verifies a withdrawal under the ruling charter, the first of `electorates`. Errors: `THRESHOLD`
 * (nobody who may has signed the statement), `KEY` (it is not by one of those, nor by a charter
 * signer), `LIMIT`.
 */
export function verifyWithdrawal(
  electorates: Electorates,
  { statement, signature }: Withdrawal,
): VerifiedWithdrawal {
  const { signers, signatures } = supportOf(electorates, statement);
  if (signers.length === 0) {
    throw new KedgeError('THRESHOLD', 'what is withdrawn was signed by nobody who may sign it');
  }
  const [{ charter }] = electorates;
  const owner = ownerOf(charter, signature.keyId);
  const isEntitled =
    owner !== undefined &&
    (signers.includes(owner.id) || charter.roles.charter.signers.includes(owner.id));
  const message = withdrawalMessage(statement.payload);
  if (!isEntitled || !verifySignature(owner.key, message, signature.signature)) {
    throw new KedgeError(
      'KEY',
      'only somebody who signed a proposal, or a signer of the charter role, can withdraw it',
    );
  }
  const clean = { payload: statement.payload, signatures };
  return { withdrawal: { statement: clean, signature }, by: owner.id, signers };
}

function ownerOf(
  charter: Charter,
  keyId: string,
): { readonly id: SignerId; readonly key: PublicKey } | undefined {
  for (const { id, keys } of charter.signers) {
    const key = keys.find((one) => one.keyId === keyId);
    if (key !== undefined) return { id, key };
  }
  return undefined;
}
