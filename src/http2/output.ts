/**
 * The sending half of a connection: its window, whether the socket takes more, and the streams
 * that wait for either.
 *
 * What has to wait is a piece that others share and how far it is sent; nothing is copied for it.
 *
 * @module
 */
import { type DataFrames, payloadBytes } from './data-frames.ts';
import { Http2Error } from './errors.ts';
import { WINDOW_BYTES, WINDOW_MAX_BYTES } from './frame.ts';

/** A socket, as far as connections know it. */
export interface Wire {
  /** Bytes that it was given and has not passed on. */
  readonly writableLength: number;
  /** False: no more until it is drained. */
  write(bytes: Buffer): boolean;
  /** Holds back what is written, to send it as one. */
  cork(): void;
  uncork(): void;
  /** Ends it in order, behind what was written. */
  end(): void;
  destroy(): void;
}

/** Somebody that waits for room. */
export interface Waiting {
  /** There may be room; whoever has to wait on waits again. */
  pump(): void;
}

/** Payload that goes out in one write. */
const WRITE_MAX_BYTES = 256 * 1024;

/** What a connection sends. */
export class Output {
  readonly #wire: Wire;
  readonly #frames: DataFrames;
  #window = WINDOW_BYTES;
  #isFull = false;
  /** Absent while nobody waits, as nearly always. */
  #waiting: Set<Waiting> | undefined;
  #sentBytes = 0;

  constructor(wire: Wire, frames: DataFrames) {
    this.#wire = wire;
    this.#frames = frames;
  }

  /** True while the socket takes no more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Sends a frame that no window counts. */
  send(frame: Buffer): void {
    if (!this.#wire.write(frame)) this.#isFull = true;
  }

  /** How much of data may be sent now, if `window` is that of its stream. */
  room(window: number): number {
    return this.#isFull ? 0 : Math.min(window, this.#window, WRITE_MAX_BYTES);
  }

  /** Sends of a piece from `from` on what `room` allows; returns how much it was. */
  sendData(piece: Buffer, streamId: number, from: number, room: number): number {
    const frames = this.#frames.cut(piece, streamId, from, room);
    const bytes = payloadBytes(frames);
    this.#window -= bytes;
    this.#sentBytes += bytes;
    this.send(frames);
    return bytes;
  }

  /** Pumps somebody when the socket or the window of the connection has room. */
  wait(waiting: Waiting): void {
    this.#waiting ??= new Set();
    this.#waiting.add(waiting);
  }

  /** Forgets somebody that waits. */
  leave(waiting: Waiting): void {
    this.#waiting?.delete(waiting);
  }

  /** The socket takes more. */
  drained(): void {
    this.#isFull = false;
    this.#pump();
  }

  /** The peer lets more be sent. Errors: `FLOW_CONTROL_ERROR` when that is more than can be. */
  widen(bytes: number): void {
    if (this.#window + bytes > WINDOW_MAX_BYTES) {
      throw new Http2Error('FLOW_CONTROL_ERROR', 'the window of the connection is too large');
    }
    this.#window += bytes;
    this.#pump();
  }

  /** Bytes of data since the last time that this was asked. */
  takeSentBytes(): number {
    const bytes = this.#sentBytes;
    this.#sentBytes = 0;
    return bytes;
  }

  #pump(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const each of waiting ?? []) each.pump();
  }
}
