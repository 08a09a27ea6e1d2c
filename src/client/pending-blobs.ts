/**
 * Anchors that a node sent ahead of the update that needs them. Bounded: a node that sends more
 * than any update could need is cut off (conformance H01).
 *
 * @module
 */
import { sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import type { AnchorId } from '../core/ids.ts';
import { ANCHOR_MAX_BYTES, ANCHORS_MAX } from '../core/limits.ts';

/** Blobs of one connection, by the digest of what really came. */
export class PendingBlobs {
  readonly #blobs: Map<AnchorId, Uint8Array> = new Map();

  /** Takes blobs. Errors: `LIMIT`. */
  add(blobs: readonly Uint8Array[]): void {
    for (const der of blobs) {
      if (der.length > ANCHOR_MAX_BYTES || this.#blobs.size >= ANCHORS_MAX) {
        throw new KedgeError('LIMIT', 'a node sent more or larger anchors than a bundle may have');
      }
      this.#blobs.set(sha256(der), der);
    }
  }

  get(id: AnchorId): Uint8Array | undefined {
    return this.#blobs.get(id);
  }

  clear(): void {
    this.#blobs.clear();
  }
}
