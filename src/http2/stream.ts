/**
 * One stream of a connection, which carries one call.
 *
 * Data goes out in pieces, the next one when the last is with the socket: who writes is told
 * whether to wait. Fields and the end are sent in order with it.
 *
 * @module
 */
import { headers, resetStream, windowUpdate } from './control-frames.ts';
import { Http2Error } from './errors.ts';
import { WINDOW_BYTES, WINDOW_MAX_BYTES } from './frame.ts';
import type { Output, Waiting } from './output.ts';

/** What the owner of a stream wants to know. */
export interface StreamListener {
  /** Some of the body; it shares memory with what has arrived. */
  data(bytes: Buffer): void;
  /** The peer ended its side. */
  ended(): void;
  /** There is room again, after a write that was told to wait. */
  drained(): void;
  /** The stream is over, nothing comes after. */
  closed(): void;
}

/** The connection, as far as a stream knows it. */
export interface StreamHome {
  /** The stream is over. */
  forget(stream: Http2Stream): void;
}

/** What a stream begins with. */
export interface StreamOptions {
  readonly id: number;
  readonly output: Output;
  /** What the peer takes at first. */
  readonly window: number;
  /** How long the body is to be. */
  readonly bodyBytes: number | undefined;
  readonly home: StreamHome;
}

/** Both sides of a stream; what a write needs stands first, since no cache holds all streams. */
export class Http2Stream implements Waiting {
  readonly id: number;
  readonly #output: Output;
  #window: number;
  #isOpenHere = true;
  /** What is not sent yet of the last write, and how much of it is. */
  #piece: Buffer | undefined;
  #sentOfPiece = 0;
  /** The writer was told to wait. */
  #owesRoom = false;
  /** Fields that end our side, behind the piece. */
  #trailers: Buffer | undefined;
  #listener: StreamListener | undefined;
  /** What the peer may still send. */
  #receivable = WINDOW_BYTES;
  #bodyBytes: number | undefined;
  #isOpenThere = true;
  #isClosed = false;
  #isCut = false;
  /** It stays when both sides have ended, until it is closed or reset. */
  #isKept = false;
  #isAbandoned = false;
  readonly #home: StreamHome;

  constructor({ id, output, window, bodyBytes, home }: StreamOptions) {
    this.id = id;
    this.#output = output;
    this.#window = window;
    this.#bodyBytes = bodyBytes;
    this.#home = home;
  }

  /** True when we reset it: what the peer had on the way by then is no fault. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** True when the peer reset it. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Says who is told from now on. */
  listen(listener: StreamListener): void {
    this.#listener = listener;
  }

  /** Sends fields; `block` is what HPACK makes of them. */
  respond(block: Buffer): void {
    if (this.#isOpenHere) this.#output.send(headers(this.id, block, 'first'));
  }

  /** Sends data; false means: no more until it is drained. */
  write(piece: Buffer): boolean {
    if (!this.#isOpenHere) return true;
    if (this.#piece !== undefined) throw new Error('a piece is not sent yet');
    this.#piece = piece;
    this.#sentOfPiece = 0;
    const isSent = this.#send();
    if (isSent && !this.#output.isFull) return true;
    this.#owesRoom = true;
    if (isSent) this.#output.wait(this);
    return false;
  }

  /** Ends our side with fields, behind what was written. */
  end(block: Buffer): void {
    if (!this.#isOpenHere || this.#trailers !== undefined) return;
    this.#trailers = block;
    if (this.#piece === undefined) this.#sendTrailers(block);
  }

  /**
   * From now on the end of both sides does not close it, so that a reset that follows is heard of;
   * until `release`.
   */
  keep(): void {
    this.#isKept = true;
  }

  /** Is closed by the end of both sides again: now, when that has come. */
  release(): void {
    this.#isKept = false;
    this.#closeIfEnded();
  }

  /** Ends the stream at once. */
  reset(code: number): void {
    if (this.#isClosed) return;
    this.#isCut = true;
    this.#output.send(resetStream(this.id, code));
    this.close();
  }

  pump(): void {
    if (!this.#isOpenHere || !this.#send()) return;
    if (this.#trailers !== undefined) return this.#sendTrailers(this.#trailers);
    if (!this.#owesRoom) return;
    if (this.#output.isFull) return this.#output.wait(this);
    this.#owesRoom = false;
    this.#listener?.drained();
  }

  /** The peer takes more, or less. Errors: `FLOW_CONTROL_ERROR` when that is more than can be. */
  widen(bytes: number, scope: 'connection' | 'stream'): void {
    if (this.#window + bytes > WINDOW_MAX_BYTES) {
      throw new Http2Error('FLOW_CONTROL_ERROR', 'the window of a stream is too large', scope);
    }
    this.#window += bytes;
    if (this.#piece !== undefined) this.pump();
  }

  /**
   * Data of the peer; `frameBytes` is what its window counts.
   * Errors: of the stream, for data behind the end, beyond the window or the announced length.
   */
  receive(bytes: Buffer, frameBytes: number): void {
    this.requireOpenThere();
    this.#receivable -= frameBytes;
    if (this.#receivable < 0) {
      throw new Http2Error('FLOW_CONTROL_ERROR', 'more data than the window allows', 'stream');
    }
    if (this.#bodyBytes !== undefined) this.#bodyBytes -= bytes.length;
    if ((this.#bodyBytes ?? 0) < 0) throw wrongLength();
    if (bytes.length > 0) this.#listener?.data(bytes);
    if (this.#isClosed || this.#receivable > WINDOW_BYTES / 2) return;
    this.#output.send(windowUpdate(this.id, WINDOW_BYTES - this.#receivable));
    this.#receivable = WINDOW_BYTES;
  }

  /** The peer ended its side. Errors: of the stream, when the body is not as long as announced. */
  receiveEnd(): void {
    if (this.#isClosed) return;
    if ((this.#bodyBytes ?? 0) !== 0) throw wrongLength();
    this.#isOpenThere = false;
    if (!this.#isOpenHere) return this.close();
    this.#listener?.ended();
  }

  /** Errors: `STREAM_CLOSED`, when the peer has ended its side. */
  requireOpenThere(): void {
    if (this.#isOpenThere) return;
    throw new Http2Error('STREAM_CLOSED', 'something follows the end of a stream', 'stream');
  }

  /** The peer gave it up. */
  abandon(): void {
    this.#isAbandoned = true;
    this.close();
  }

  /** The stream is over, whoever ended it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isOpenHere = false;
    this.#piece = undefined;
    this.#output.leave(this);
    this.#home.forget(this);
    this.#listener?.closed();
  }

  /** Sends what there is room for; says whether that is all. */
  #send(): boolean {
    while (this.#piece !== undefined) {
      const room = this.#output.room(this.#window);
      if (room <= 0) {
        // Its own window pumps it by itself.
        if (this.#window > 0) this.#output.wait(this);
        return false;
      }
      const bytes = this.#output.sendData(this.#piece, this.id, this.#sentOfPiece, room);
      this.#window -= bytes;
      this.#sentOfPiece += bytes;
      if (this.#sentOfPiece === this.#piece.length) this.#piece = undefined;
    }
    return true;
  }

  #sendTrailers(block: Buffer): void {
    this.#isOpenHere = false;
    this.#output.send(headers(this.id, block, 'last'));
    this.#closeIfEnded();
  }

  #closeIfEnded(): void {
    if (!this.#isOpenHere && !this.#isOpenThere && !this.#isKept) this.close();
  }
}

function wrongLength(): Http2Error {
  return new Http2Error('PROTOCOL_ERROR', 'the body is not as long as announced', 'stream');
}
