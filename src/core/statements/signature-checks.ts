/**
 * The signature checks of one statement: each signature with each key once, and not without end.
 *
 * A statement may be held against many charters, for example to find out whether it was ever valid.
 * Whoever sends garbage must not choose how often that is paid for, so that one of these goes along
 * with the statement. Spec rule SIG-5.
 *
 * @module
 */
import { type PublicKey, verifyCost, verifySignature } from '../crypto.ts';
import { VERIFY_COST_MAX } from '../limits.ts';
import { PAYLOAD_TYPE, pae, type SignedStatement } from './envelope.ts';

/** What is known of the signatures beside one statement. */
export class SignatureChecks {
  readonly #statement: SignedStatement;
  readonly #message: Uint8Array;
  readonly #outcomes: Map<string, boolean> = new Map();
  /** Which signature was tried because its hint names the key. */
  readonly #followed: Map<string, number> = new Map();
  /** What checks without a hint have cost. */
  #cost = 0;

  constructor(statement: SignedStatement) {
    this.#statement = statement;
    this.#message = pae(PAYLOAD_TYPE, statement.payload);
  }

  /** Checks made so far, each a public key operation at most. */
  get count(): number {
    return this.#outcomes.size;
  }

  /**
   * Says whether the signature at `index`, whose hint names `key`, is by it. A key is named once:
   * with further hints at it this costs as much as without one.
   */
  named(index: number, key: PublicKey): boolean {
    const followed = this.#followed.get(key.keyId) ?? index;
    this.#followed.set(key.keyId, followed);
    if (followed !== index) return this.unnamed(index, key);
    return this.#known(index, key) ?? this.#verify(index, key);
  }

  /** The same without a hint; nothing is by anybody once these checks are used up. */
  unnamed(index: number, key: PublicKey): boolean {
    const known = this.#known(index, key);
    if (known !== undefined) return known;
    if (this.#cost >= VERIFY_COST_MAX) return false;
    this.#cost += verifyCost(key);
    return this.#verify(index, key);
  }

  #known(index: number, key: PublicKey): boolean | undefined {
    return this.#outcomes.get(outcomeKey(index, key));
  }

  #verify(index: number, key: PublicKey): boolean {
    const signature = this.#statement.signatures[index]?.signature;
    const isValid = signature !== undefined && verifySignature(key, this.#message, signature);
    this.#outcomes.set(outcomeKey(index, key), isValid);
    return isValid;
  }
}

function outcomeKey(index: number, key: PublicKey): string {
  return `${index} ${key.keyId}`;
}
