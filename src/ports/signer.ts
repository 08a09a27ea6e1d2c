/**
 * Whoever holds a private key and signs with it: a key file, a hardware token or a command. The key
 * itself never crosses this port.
 *
 * @module
 */
import type { PublicKey } from '../core/crypto.ts';
import type { RealmName, Sequence, Sha256, StreamName } from '../core/ids.ts';

/** Which statement a message is: for holders that have rules of their own. */
export interface SignedSubject {
  readonly realm: RealmName;
  readonly stream: StreamName;
  readonly sequence: Sequence;
  /** Digest of the statement's payload. */
  readonly digest: Sha256;
}

/** One key that can sign. */
export interface Signer {
  /** The key whose signatures `sign` returns; checked like any imported public key. */
  readonly publicKey: PublicKey;

  /**
   * Signs `message` as it is (for a statement: its PAE) with the key's algorithm; ECDSA signatures
   * are IEEE P1363. The result is not trusted: `signers/sign.ts` verifies it before it goes on.
   * `subject` is what the message is said to be; a holder that decides by it reads the message.
   *
   * Errors: `ACCESS` (the holder refuses, a wrong PIN), `UNAVAILABLE` (it does not answer).
   */
  sign(message: Uint8Array, subject?: SignedSubject): Promise<Uint8Array>;
}
