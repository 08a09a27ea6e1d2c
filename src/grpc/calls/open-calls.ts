/**
 * The calls that one server has open, so that it can end them and wait for the rest.
 *
 * @module
 */
import type { KedgeError } from '../../core/errors.ts';

/** A call that is open. */
export interface OpenCall {
  /** `stream`: lives until somebody ends it. `answer`: ends by itself soon. */
  readonly kind: 'stream' | 'answer';
  /** `address:port` of the caller's end of the connection. */
  readonly from: string;
  /** Ends the call with an error. */
  end(error: KedgeError): void;
}

/** All open calls of a server. */
export class OpenCalls {
  readonly #calls: Set<OpenCall> = new Set();
  #onIdle: (() => void)[] = [];

  /** Calls open now. */
  get size(): number {
    return this.#calls.size;
  }

  /** Adds a call; the returned function takes it out. */
  add(call: OpenCall): () => void {
    this.#calls.add(call);
    return () => {
      this.#calls.delete(call);
      if (this.#calls.size > 0) return;
      for (const resolve of this.#onIdle) resolve();
      this.#onIdle = [];
    };
  }

  /**
   * Ends the calls that would not end by themselves, those of `callers` when given. `errorFor` is
   * told how many they are.
   */
  endStreams(errorFor: (count: number) => KedgeError, callers?: ReadonlySet<string>): void {
    const streams = [...this.#calls].filter(
      ({ kind, from }) => kind === 'stream' && (callers?.has(from) ?? true),
    );
    for (const stream of streams) stream.end(errorFor(streams.length));
  }

  /** Resolves when no call is open. */
  async idle(): Promise<void> {
    if (this.#calls.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle.push(resolve);
    });
  }
}
