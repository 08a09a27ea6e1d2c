/**
 * Signing a statement with a key that somebody else holds: note it, sign it, check it.
 *
 * @module
 */
import { sha256, verifySignature } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { PAYLOAD_TYPE, pae, type SignedStatement } from '../core/statements/envelope.ts';
import { parseStatement } from '../core/statements/statement.ts';
import type { Signer } from '../ports/signer.ts';
import type { Ledger, SecondStatement } from './ledger.ts';

/**
 * Signs a statement's payload, after the ledger has noted it and not before.
 *
 * `second` says what another statement for the sequence is, see {@link SecondStatement}.
 *
 * The result carries one signature, verified with the signer's public key: a token that signs with
 * another key or in another encoding is found here and not at the nodes (conformance J02).
 *
 * Errors: those of `parseStatement`, of the ledger and of the signer; `KEY` when the signature does
 * not verify.
 */
export async function signWithLedger(
  signer: Signer,
  ledger: Ledger,
  payload: Uint8Array,
  second?: SecondStatement,
): Promise<SignedStatement> {
  const { realm, stream, sequence, previous } = parseStatement(payload);
  const digest = sha256(payload);
  await ledger.record({ realm, stream, sequence, digest, previous }, second);
  const message = pae(PAYLOAD_TYPE, payload);
  const signature = await signer.sign(message, { realm, stream, sequence, digest });
  const { publicKey } = signer;
  if (!verifySignature(publicKey, message, signature)) {
    throw new KedgeError(
      'KEY',
      'the signature does not verify with the public key of the signer; check that the token ' +
        `uses the key ${publicKey.keyId.slice(0, 16)}… and signs as ${publicKey.alg}`,
      {
        detail: {
          keyId: publicKey.keyId,
          alg: publicKey.alg,
          hint:
            'the signature was thrown away; compare the key and the kind of signature that the ' +
            'command or the token is told with the table in docs/signers.md',
        },
      },
    );
  }
  return { payload, signatures: [{ keyId: publicKey.keyId, signature }] };
}
