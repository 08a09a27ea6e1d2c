/**
 * What one fetch has collected and not yet adopted.
 *
 * An old statement may be signed by signers who have left since. It is good as history, not as a
 * head, so it waits here until a later statement of the same answer, valid under the current
 * charter, covers it by the hash chain. The buffer is bounded; a normal answer never fills it,
 * since each statement is adopted as it comes.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import type { AnchorId } from '../../ids.ts';
import { HISTORY_BUFFER_MAX_BYTES } from '../../limits.ts';
import type { SignedDocument } from '../../statements/envelope.ts';
import { parseStatement } from '../../statements/statement.ts';
import type { BaseBody } from '../replica/push.ts';

/** What one entry takes beside its bytes, so that many small ones are bounded too. */
const ENTRY_BYTES = 512;

/** Documents and blobs that wait for a statement that proves them. */
export class FetchBuffer {
  #documents: SignedDocument[] = [];
  #blobs: Map<AnchorId, Uint8Array> = new Map();
  #bytes = 0;
  #reason: KedgeError | undefined;

  get documents(): readonly SignedDocument[] {
    return this.#documents;
  }

  get blobs(): ReadonlyMap<AnchorId, Uint8Array> {
    return this.#blobs;
  }

  /** The body that the next delta builds on, when documents wait. */
  get tip(): BaseBody | undefined {
    const last = this.#documents.at(-1);
    if (last === undefined) return undefined;
    const { sequence, bodyDigest } = parseStatement(last.statement.payload);
    return { sequence, bodyDigest, bodyBytes: last.body };
  }

  /** Errors: `LIMIT`. */
  addBlobs(blobs: ReadonlyMap<AnchorId, Uint8Array>): void {
    for (const [id, der] of blobs) {
      if (!this.#blobs.has(id)) this.#grow(der.length + ENTRY_BYTES);
      this.#blobs.set(id, der);
    }
  }

  /** Why the documents that wait are not good by themselves; nothing when none wait. */
  unproven(): KedgeError | undefined {
    return this.#reason;
  }

  /** `reason`: why it is not good by itself, when that was found out. Errors: `LIMIT`. */
  addDocument(document: SignedDocument, reason: KedgeError | undefined): void {
    this.#reason ??= reason;
    const { payload, signatures } = document.statement;
    let bytes = ENTRY_BYTES + document.body.length + payload.length;
    for (const { signature } of signatures) bytes += signature.length;
    this.#grow(bytes);
    this.#documents.push(document);
  }

  /** All was adopted. */
  clear(): void {
    this.#documents = [];
    this.#blobs = new Map();
    this.#bytes = 0;
    this.#reason = undefined;
  }

  #grow(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= HISTORY_BUFFER_MAX_BYTES) return;
    throw new KedgeError('LIMIT', 'a fetch brought too much that nothing proves');
  }
}
