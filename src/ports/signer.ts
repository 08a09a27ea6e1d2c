/**
 * Whoever holds a private key and signs with it: a key file, later a hardware token or a cloud key
 * service. The key itself never crosses this port.
 *
 * @module
 */
import type { PublicKey } from '../core/crypto.ts';

/** One key that can sign. */
export interface Signer {
  /** The key whose signatures `sign` returns; checked like any imported public key. */
  readonly publicKey: PublicKey;

  /**
   * Signs `message` as it is (for a statement: its PAE) with the key's algorithm; ECDSA signatures
   * are IEEE P1363. The result is not trusted: `signers/sign.ts` verifies it before it goes on.
   *
   * Errors: `ACCESS` (the holder refuses, a wrong PIN), `UNAVAILABLE` (it does not answer).
   */
  sign(message: Uint8Array): Promise<Uint8Array>;
}
