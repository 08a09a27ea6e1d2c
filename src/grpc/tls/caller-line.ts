/**
 * A connection whose caller TLS has let in, wherever TLS was done: bytes in, bytes out.
 *
 * @module
 */
import type { Duplex } from 'node:stream';

/** Who hears what happens on a line. */
export interface LineListener {
  data(bytes: Buffer): void;
  /** There is room again. */
  drained(): void;
  /** The line is gone; nothing follows. */
  gone(): void;
}

/** One connection. */
export interface CallerLine {
  /** `address:port` of the caller. */
  readonly from: string;
  /** Those of the caller's certificate, as `node:tls` writes them. */
  readonly altNames: string | undefined;
  /** Whether the caller asked for HTTP/2. */
  readonly isHttp2: boolean;
  /** Bytes that it was given and has not passed on. */
  readonly writableLength: number;
  /** Begins to read; once. */
  listen(listener: LineListener): void;
  /** False: no more until it is drained. */
  write(bytes: Buffer): boolean;
  /** Holds back what is written, to send it as one. */
  cork(): void;
  uncork(): void;
  /** Nothing is read until {@link resume}. */
  pause(): void;
  resume(): void;
  /** Ends it in order, behind what was written. */
  end(): void;
  destroy(): void;
  /** The same as a stream, which says `bytes` first; its listener hears nothing more. */
  detach(bytes: Buffer): Duplex;
}

/** Takes connections that are authenticated, and lets go of all of them together. */
export interface ConnectionTaker {
  inject(line: CallerLine): void;
  /** Asks all callers to come back on another connection; calls under way may end. */
  drain(lines: readonly CallerLine[], withinMs: number): void;
  /** Forgets everything; the lines are gone. */
  close(): void;
}

/** A listening socket with its connections, in this process or in others. */
export interface LineListening {
  /** The port that was given out. */
  readonly port: number;
  /** Takes no new connections and follows no more changes; existing ones stay. */
  stop(): void;
  /** Cuts everything off; resolves when nothing of it runs any more. */
  destroy(): Promise<void>;
}
