/**
 * What of the proposals has to go to the disk, and who waits for it.
 *
 * Unlike statements, proposals are told before they are durable: nothing rests on them, and who
 * proposed is told when they are. What the disk refuses is written again at a steady pace.
 *
 * @module
 */
import type { KedgeError } from '../../errors.ts';
import type { Sha256 } from '../../ids.ts';
import type { KeptProposal } from '../../proposals/model.ts';
import type { Outbox } from '../outbox.ts';

interface Waiter {
  readonly requestId: number;
  readonly digest: Sha256;
}

interface Write {
  readonly digests: ReadonlySet<Sha256>;
  readonly waiters: readonly Waiter[];
}

/** Writes changes of the book, in order. */
export class ProposalKeeping {
  readonly #outbox: Outbox;
  readonly #keptOf: (digest: Sha256) => KeptProposal | undefined;
  #dirty: Set<Sha256> = new Set();
  #waiters: Waiter[] = [];
  readonly #writes: Map<number, Write> = new Map();
  #nextWriteId = 1;

  /** `keptOf`: what is to be on disk under a digest; absent: nothing. */
  constructor(outbox: Outbox, keptOf: (digest: Sha256) => KeptProposal | undefined) {
    this.#outbox = outbox;
    this.#keptOf = keptOf;
  }

  /** What is kept under a digest is another thing now; `requestId` waits until it is durable. */
  note(digest: Sha256, requestId?: number): void {
    this.#dirty.add(digest);
    if (requestId !== undefined) this.#waiters.push({ requestId, digest });
  }

  /** Asks for the writes of all that was noted. */
  flush(): void {
    if (this.#dirty.size === 0) return;
    const keep: { readonly digest: Sha256; readonly kept: KeptProposal }[] = [];
    const drop: Sha256[] = [];
    for (const digest of this.#dirty) {
      const kept = this.#keptOf(digest);
      if (kept === undefined) drop.push(digest);
      else keep.push({ digest, kept });
    }
    const writeId = this.#nextWriteId++;
    this.#writes.set(writeId, { digests: this.#dirty, waiters: this.#waiters });
    this.#dirty = new Set();
    this.#waiters = [];
    this.#outbox.emit({ kind: 'keep-proposals', writeId, change: { keep, drop } });
  }

  /** It is on disk. */
  kept(writeId: number): void {
    for (const { requestId, digest } of this.#take(writeId).waiters) {
      this.#outbox.emit({ kind: 'proposed', requestId, result: { kind: 'kept', digest } });
    }
  }

  /** It may be on disk or not: it is written again with the next. */
  failed(writeId: number, error: KedgeError): void {
    const { digests, waiters } = this.#take(writeId);
    for (const digest of digests) this.#dirty.add(digest);
    for (const { requestId } of waiters) {
      this.#outbox.emit({ kind: 'proposed', requestId, result: { kind: 'refused', error } });
    }
    this.#outbox.notice({ kind: 'persist-failed', error });
  }

  #take(writeId: number): Write {
    const write = this.#writes.get(writeId) ?? { digests: new Set(), waiters: [] };
    this.#writes.delete(writeId);
    return write;
  }
}
