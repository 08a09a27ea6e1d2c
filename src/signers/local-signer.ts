/**
 * A signer whose private key is in this process.
 *
 * @module
 */
import type { PublicKey, SigningKey } from '../core/crypto.ts';
import type { Signer } from '../ports/signer.ts';

/** Signs with a key in memory. */
export class LocalSigner implements Signer {
  readonly #key: SigningKey;

  constructor(key: SigningKey) {
    this.#key = key;
  }

  get publicKey(): PublicKey {
    return this.#key.publicKey;
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#key.sign(message);
  }
}
