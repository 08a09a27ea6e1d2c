/**
 * Makes signatures and puts those of several people together.
 *
 * What leaves here was verified with the public key first, so that a wrong key, a faulty token or a
 * wrong encoding is found by the signer and not by every node. Spec section 3.
 *
 * @module
 */
import { equalBytes } from '../bytes.ts';
import { type SigningKey, verifySignature } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { SIGNATURES_MAX } from '../limits.ts';
import { PAYLOAD_TYPE, pae, type Signature, type SignedStatement } from './envelope.ts';
import { parseStatement } from './statement.ts';

/**
 * Signs a payload with each key.
 *
 * Errors: those of `parseStatement` (nothing is signed that no node would read), `KEY` (a
 * signature does not verify with its own public key), `LIMIT` (more than 64 keys). Rule SIG-7.
 */
export function signStatement(
  payload: Uint8Array,
  signerKeys: readonly SigningKey[],
): SignedStatement {
  parseStatement(payload);
  requireCount(signerKeys.length);
  const message = pae(PAYLOAD_TYPE, payload);
  const signatures = signerKeys.map((key): Signature => {
    const { publicKey } = key;
    const signature = key.sign(message);
    if (!verifySignature(publicKey, message, signature)) {
      throw new KedgeError(
        'KEY',
        `the signature made with key ${publicKey.keyId} does not verify: wrong key or encoding`,
        { detail: { keyId: publicKey.keyId } },
      );
    }
    return { keyId: publicKey.keyId, signature };
  });
  return { payload, signatures };
}

/**
 * The union of the signatures over one payload; equal ones once, `a`'s first.
 *
 * Errors: `CONFLICT` (the payloads differ), `LIMIT` (more than 64 signatures).
 */
export function addSignatures(a: SignedStatement, b: SignedStatement): SignedStatement {
  if (!equalBytes(a.payload, b.payload)) {
    throw new KedgeError('CONFLICT', 'the signatures are over different statements');
  }
  const signatures = [...a.signatures];
  for (const added of b.signatures) {
    if (!signatures.some((one) => equalBytes(one.signature, added.signature))) {
      signatures.push(added);
    }
  }
  requireCount(signatures.length);
  return { payload: a.payload, signatures };
}

function requireCount(count: number): void {
  if (count <= SIGNATURES_MAX) return;
  throw new KedgeError('LIMIT', `a statement carries at most ${SIGNATURES_MAX} signatures`, {
    detail: { size: count, max: SIGNATURES_MAX },
  });
}
