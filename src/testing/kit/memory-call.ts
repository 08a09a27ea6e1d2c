/**
 * A watch call that goes through memory: what the SDK has over gRPC otherwise.
 *
 * @module
 */
import type { WatchCall } from '../../client/connection/grpc-watch.ts';
import type { KedgeError } from '../../core/errors.ts';
import type { WatchRequest, WatchResponse } from '../../core/watch/messages.ts';
import type { NodeSession, TestNode } from './node.ts';

/** One call of one source. */
export class MemoryCall implements WatchCall {
  /** It says no name, so it is told nothing of what programs use. */
  readonly nodeId: undefined = undefined;
  readonly #waiting: WatchResponse[] = [];
  readonly #session: NodeSession;
  #end: KedgeError | 'well' | undefined;
  #wake: () => void = () => undefined;

  /** Errors: `UNAVAILABLE` while the realm is offline. */
  constructor(node: TestNode, requireRegions?: number) {
    this.#session = node.open({
      ...(requireRegions !== undefined && { requireRegions }),
      send: (response) => {
        this.#waiting.push(response);
        this.#wake();
      },
      end: (error) => this.#finish(error),
    });
  }

  get responses(): AsyncIterable<WatchResponse> {
    return this.#read();
  }

  send(request: WatchRequest): void {
    if (this.#end === undefined) this.#session.receive(request);
  }

  finish(): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  cancel(): void {
    this.#session.leave();
    this.#finish('well');
  }

  #finish(end: KedgeError | 'well'): void {
    this.#end ??= end;
    this.#wake();
  }

  async *#read(): AsyncGenerator<WatchResponse> {
    for (;;) {
      const response = this.#waiting.shift();
      if (response !== undefined) {
        yield response;
      } else if (this.#end === 'well') {
        return;
      } else if (this.#end !== undefined) {
        throw this.#end;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
