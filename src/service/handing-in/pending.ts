/**
 * Requests that wait for the machine's answer.
 *
 * @module
 */
import type { KedgeError } from '../../core/errors.ts';

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: KedgeError): void;
}

/** Requests under way, by number. */
export class Pending<Answer> {
  readonly #waiting: Map<number, Waiting<Answer>> = new Map();
  #nextId = 1;

  /** Starts one; resolves or rejects with its answer. */
  async wait(start: (requestId: number) => void): Promise<Answer> {
    const requestId = this.#nextId++;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(requestId, { resolve, reject });
      start(requestId);
    });
  }

  answer(requestId: number, answer: Answer): void {
    this.#take(requestId)?.resolve(answer);
  }

  refuse(requestId: number, error: KedgeError): void {
    this.#take(requestId)?.reject(error);
  }

  /** Nobody will answer any more. */
  abandon(error: KedgeError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  #take(requestId: number): Waiting<Answer> | undefined {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    return waiting;
  }
}
