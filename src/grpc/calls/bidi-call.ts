/**
 * One bidirectional call seen from the server: messages out with back-pressure, an orderly or a
 * forced end, and exactly one notice that it is over.
 *
 * @module
 */
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import type { KedgeError } from '../../core/errors.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Frame, framesOf, messageIn } from './frames.ts';
import { isStreamClosed, resetCall } from './reset.ts';
import { callFailure } from './status.ts';

/** How long an ended call may take to deliver its status. */
export const END_GRACE_MS: number = 2_000;

const NGHTTP2_CANCEL = 8;
const NGHTTP2_ENHANCE_YOUR_CALM = 11;

/**
 * How the stream of a call is reset whose caller does not take the status. A caller that was too
 * much or too slow then knows that much: gRPC shows it `RESOURCE_EXHAUSTED`.
 */
export function resetCodeOf(error: KedgeError | undefined): number {
  return error?.code === 'LIMIT' ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_CANCEL;
}

/** How soon after the end of the caller's side a reset follows, if one does. */
export const RESET_WITHIN_MS: number = 50;

/** What a caller that is let in is told beside that. */
export type CallHeaders = Readonly<Record<string, string>>;

/** What the owner of a call wants to know. */
export interface BidiListener {
  message(bytes: Buffer): void;
  drained(): void;
  /** What came is no message. */
  failed(thrown: unknown): void;
  /** The call is over, nothing comes after; `well`: the caller ended its side in order, first. */
  closed(how: 'well' | 'broken'): void;
}

/** A server's side of a bidirectional call. */
export class BidiCall {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #clock: Clock;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #how: 'well' | 'broken' = 'broken';

  constructor(call: ServerDuplexStream<Buffer, Buffer>, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
  }

  /** `address:port` of the caller. */
  get from(): string {
    return this.#call.getPeer();
  }

  /** Begins to read. A caller that ends its side ends the call. */
  listen(listener: BidiListener): void {
    const call = this.#call;
    const close = (): void => {
      if (this.#state === 'closed') return;
      this.#state = 'closed';
      listener.closed(this.#how);
    };
    call.on('drain', () => {
      if (this.#state === 'open') listener.drained();
    });
    call.on('end', () => {
      // Who cancels a call with grpc-js ends it first, and the reset comes right behind.
      this.#clock.setTimer(RESET_WITHIN_MS, () => {
        if (this.#state === 'open' && !isStreamClosed(call)) this.#how = 'well';
        this.end();
      });
    });
    call.on('cancelled', close);
    call.on('close', close);
    call.on('data', (bytes: Buffer) => {
      if (this.#state === 'open') listener.message(bytes);
    });
  }

  /** Tells the caller that it was let in, before there is anything to say. */
  accept(headers: CallHeaders): void {
    if (this.#state !== 'open') return;
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    this.#call.sendMetadata(metadata);
  }

  /** Stops to read, or goes on; what is in the transport already may still come. */
  reading(state: 'on' | 'off'): void {
    if (state === 'off') this.#call.pause();
    else this.#call.resume();
  }

  /** Writes a message; false means: no more until it is drained. */
  write(bytes: Buffer): boolean {
    return this.#state === 'open' ? this.#call.write(bytes) : true;
  }

  /** How this call writes messages of a node. */
  frame(responses: readonly WatchResponse[]): readonly Frame[] {
    return framesOf(responses);
  }

  /** Writes a message that has its head already. */
  writeFrame(frame: Frame): boolean {
    return this.write(messageIn(frame));
  }

  /**
   * Ends the call, well or with an error. What was written goes out first; a caller that does not
   * read it is cut off after two seconds.
   */
  end(error?: KedgeError): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    if (error === undefined) this.#call.end();
    else this.#call.emit('error', callFailure(error));
    this.#clock.setTimer(END_GRACE_MS, () => {
      if (this.#state === 'ending') resetCall(this.#call, resetCodeOf(error));
    });
  }
}
