/**
 * What a peer checks of a server that it trusts with nothing: that each frame is one that the
 * server may send now (RFC 9113 sections 5.1, 5.2 and 6.5).
 */
import { FLAGS, FRAME_TYPES, type Frame } from '../../../src/http2/frame.ts';

const WINDOW = 65_535;

interface Watched {
  window: number;
  /** What the server has done: nothing, sent fields, ended its side. */
  state: 'silent' | 'open' | 'ended' | 'reset';
}

/** The peer's books. */
export class Auditor {
  readonly faults: string[] = [];
  readonly #streams: Map<number, Watched> = new Map();
  /** Initial windows that were announced and not acknowledged; the first one counts already. */
  readonly #announced: (number | undefined)[] = [];
  #initialWindow = WINDOW;
  #window = WINDOW;
  #goneFrom = Number.POSITIVE_INFINITY;

  /** The peer sends a request. */
  asked(streamId: number): void {
    this.#streams.set(streamId, { window: this.#initialWindow, state: 'silent' });
  }

  /** The peer sends settings. */
  announced(initialWindow: number | undefined): void {
    this.#announced.push(initialWindow);
  }

  /** The peer widens a window. */
  widened(streamId: number, bytes: number): void {
    const stream = this.#streams.get(streamId);
    if (streamId === 0) this.#window += bytes;
    else if (stream !== undefined) stream.window += bytes;
  }

  /** The peer reset a stream: what is on its way does not count. */
  forget(streamId: number): void {
    this.#streams.delete(streamId);
  }

  /** The server sent frames. */
  check(frames: readonly Frame[]): void {
    for (const frame of frames) this.#check(frame);
  }

  #check({ type, flags, streamId, payload }: Frame): void {
    if (payload.length > 16_384) this.faults.push('a frame is too large');
    if (type === FRAME_TYPES.settings && (flags & FLAGS.ack) !== 0) return this.#acknowledged();
    if (type === FRAME_TYPES.goAway) {
      const last = payload.readUInt32BE(0);
      if (last > this.#goneFrom) this.faults.push(`GOAWAY rises to ${last}`);
      this.#goneFrom = last;
    }
    if (streamId === 0) return;
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    const isEnd = (flags & FLAGS.endStream) !== 0;
    if (type === FRAME_TYPES.headers) this.#headers(stream, streamId, isEnd ? 'end' : 'more');
    if (type === FRAME_TYPES.data) this.#data(stream, streamId, payload.length);
    if (type === FRAME_TYPES.resetStream) stream.state = 'reset';
    else if (isEnd && (type === FRAME_TYPES.headers || type === FRAME_TYPES.data)) {
      stream.state = 'ended';
    }
  }

  #headers(stream: Watched, id: number, place: 'end' | 'more'): void {
    if (stream.state === 'ended' || stream.state === 'reset') {
      this.faults.push(`fields on ${id}, which is ${stream.state}`);
    }
    if (stream.state === 'open' && place === 'more') this.faults.push(`fields twice on ${id}`);
    if (stream.state === 'silent') stream.state = 'open';
  }

  #data(stream: Watched, id: number, bytes: number): void {
    if (stream.state !== 'open') this.faults.push(`data on ${id}, which is ${stream.state}`);
    stream.window -= bytes;
    this.#window -= bytes;
    if (bytes === 0) return;
    if (stream.window < 0) this.faults.push(`the window of ${id} is ${stream.window}`);
    if (this.#window < 0) this.faults.push(`the window is ${this.#window}`);
  }

  /** Settings count from the moment of their acknowledgement. */
  #acknowledged(): void {
    if (this.#announced.length === 0) this.faults.push('an acknowledgement of nothing');
    const initialWindow = this.#announced.shift();
    if (initialWindow === undefined) return;
    for (const stream of this.#streams.values()) {
      stream.window += initialWindow - this.#initialWindow;
    }
    this.#initialWindow = initialWindow;
  }
}
