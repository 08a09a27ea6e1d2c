/**
 * What came on one connection and is not in use yet: anchors that a node sent ahead of the update
 * that needs them, and charters and updates that wait until enough regions cosigned them.
 *
 * Bounded: a node that sends more than any update could need is cut off (conformance H01), and of
 * each bundle one update waits.
 *
 * @module
 */
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId, BundleName, Sha256 } from '../../core/ids.ts';
import { ANCHOR_MAX_BYTES, ANCHORS_MAX, HISTORY_BUFFER_MAX_BYTES } from '../../core/limits.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';

/** A verified update that waits: everything from what is in use to its head. */
export interface ParkedUpdate {
  readonly statements: readonly SignedStatement[];
  readonly body: Uint8Array;
  readonly bodyDigest: Sha256;
  /** The bodies of the statements before the last one, as far as they are known. */
  readonly below: readonly (Uint8Array | undefined)[];
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
  /** When it was judged; it is good for as long as it waits. */
  readonly judgedMs: number;
}

/** Verified charters that wait, ascending. */
export interface WaitingList {
  readonly charters: readonly SignedDocument[];
  readonly version: number;
  /** What they lack. */
  readonly error: KedgeError;
  /** Whether they take the place of charters that are in use. */
  readonly kind: 'next' | 'instead';
}

/** The arrivals of one connection. */
export class Pending {
  readonly #blobs: Map<AnchorId, Uint8Array> = new Map();
  readonly #parked: Map<BundleName, ParkedUpdate> = new Map();
  #charters: WaitingList | undefined;
  #rivals: readonly SignedDocument[] = [];
  #isLate = false;

  /** Verified charters that wait until enough regions cosigned them. */
  get waiting(): WaitingList | undefined {
    return this.#charters;
  }

  /** Whether an update was left out that needs charters which wait. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** Keeps charters, in place of what waited before. */
  hold(charters: WaitingList | undefined): void {
    this.#charters = charters;
  }

  /**
   * Charters together with those that came before and lead to them: what waits, or contradicts
   * those in use until one follows that decides. A node that gave some of these up says what it has
   * in their place. Errors: those of `parseStatement`.
   */
  leadingTo(more: readonly SignedDocument[]): readonly SignedDocument[] {
    const before = [...this.#rivals, ...(this.#charters?.charters ?? [])];
    const first = more[0] && sequenceOf(more[0]);
    return [...before.filter((one) => first === undefined || sequenceOf(one) < first), ...more];
  }

  /** Keeps charters that contradict those in use, in place of those before. Errors: `LIMIT`. */
  oppose(rivals: readonly SignedDocument[]): void {
    const bytes = rivals.reduce((sum, { body }) => sum + body.length, 0);
    if (bytes > HISTORY_BUFFER_MAX_BYTES) {
      throw new KedgeError('LIMIT', 'a node sent too many charters that nothing proves');
    }
    this.#rivals = rivals;
  }

  /** An update is left out that needs charters which wait. */
  leaveOut(): void {
    this.#isLate = true;
  }

  /** Takes blobs. Errors: `LIMIT`. */
  add(blobs: readonly Uint8Array[]): void {
    for (const der of blobs) {
      if (der.length > ANCHOR_MAX_BYTES || this.#blobs.size >= ANCHORS_MAX) {
        throw new KedgeError('LIMIT', 'a node sent more or larger anchors than a bundle may have');
      }
      this.#blobs.set(sha256(der), der);
    }
  }

  /** The bytes of an anchor, by the digest of what really came. */
  get(id: AnchorId): Uint8Array | undefined {
    const held = this.#blobs.get(id);
    if (held !== undefined) return held;
    for (const { blobs } of this.#parked.values()) {
      const parked = blobs.get(id);
      if (parked !== undefined) return parked;
    }
    return undefined;
  }

  parked(bundle: BundleName): ParkedUpdate | undefined {
    return this.#parked.get(bundle);
  }

  /** Keeps an update, in place of an earlier one of the bundle. */
  park(bundle: BundleName, update: ParkedUpdate): void {
    this.#parked.set(bundle, update);
  }

  unpark(bundle: BundleName): void {
    this.#parked.delete(bundle);
  }

  clear(): void {
    this.#blobs.clear();
  }
}

function sequenceOf({ statement }: SignedDocument): number {
  return parseStatement(statement.payload).sequence;
}
