/**
 * Submits that wait for the machine's answer.
 *
 * @module
 */
import type { SubmitReceipt } from '../core/admin/messages.ts';
import type { KedgeError } from '../core/errors.ts';
import type { SubmitResult } from '../core/gossip/events.ts';

interface Waiting {
  resolve(receipt: SubmitReceipt): void;
  reject(error: KedgeError): void;
}

/** Submits under way, by request. */
export class PendingSubmits {
  readonly #waiting: Map<number, Waiting> = new Map();
  #nextId = 1;

  /** Starts one; resolves or rejects with its answer. */
  async wait(start: (requestId: number) => void): Promise<SubmitReceipt> {
    const requestId = this.#nextId++;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(requestId, { resolve, reject });
      start(requestId);
    });
  }

  answer(requestId: number, result: SubmitResult): void {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    if (result.kind === 'refused') waiting?.reject(result.error);
    else waiting?.resolve(result);
  }

  /** Nobody will answer any more. */
  abandon(error: KedgeError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
