/**
 * The streams of one connection: which may begin, and what of the peer belongs to which.
 *
 * @module
 */
import { resetStream, windowUpdate } from './control-frames.ts';
import { HTTP2_CODES, type Http2Code, Http2Error } from './errors.ts';
import type { FirstRequests } from './first-requests.ts';
import { FLAGS, type Frame, hasFlag, WINDOW_BYTES } from './frame.ts';
import type { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import type { Field } from './hpack/field.ts';
import type { Output } from './output.ts';
import { withoutPadding } from './padding.ts';
import { checkTrailers, Request } from './request.ts';
import { Http2Stream, type StreamHome } from './stream.ts';

/** Who serves the streams of a connection. */
export interface StreamHost {
  /** Says whether a request is served here. */
  takes(request: Request): boolean;
  /** Serves a request that it takes. Must not throw. */
  open(stream: Http2Stream, request: Request): void;
}

/** The connection, as far as its streams know it. */
export interface StreamsOwner {
  /** A request is served here. */
  taken(): void;
  /** A request is not served here; nothing has been made of it. */
  notTaken(): void;
  /** A stream is over. */
  streamOver(): void;
}

/** What the streams of a connection work with. */
export interface StreamsOptions {
  readonly host: StreamHost;
  readonly owner: StreamsOwner;
  readonly output: Output;
  /** Shared by connections. */
  readonly firsts: FirstRequests;
  /** Streams that are open at once. */
  readonly max: number;
}

const TABLE_BYTES = 4_096;
/** All fields of a request, counted as RFC 9113 section 6.5.2 does. */
const LIST_BYTES = 16_384;
const FIELDS_MAX = 128;
const HPACK_LIMITS = {
  tableBytes: TABLE_BYTES,
  listBytes: LIST_BYTES,
  fields: FIELDS_MAX,
} as const;

/** The streams that a peer has open. */
export class Streams implements StreamHome {
  readonly #options: StreamsOptions;
  /** Absent before the first block. */
  #hpack: HpackDecoder | undefined;
  readonly #open: Map<number, Http2Stream> = new Map();
  #initialWindow = WINDOW_BYTES;
  /** What the peer may still send, on all streams together. */
  #receivable = WINDOW_BYTES;
  #lastId = 0;
  /** How many numbers were used; fewer than there are when the peer left some out. */
  #begun = 0;
  #lastTakenId = 0;
  #isLeaving = false;
  /** Those that we reset last. */
  #cut: Set<number> | undefined;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The last stream that was looked at: those above it may be asked for elsewhere. */
  get lastTakenId(): number {
    return this.#lastTakenId;
  }

  /** From now on nothing is served that was not taken before. */
  leave(): void {
    this.#isLeaving = true;
  }

  forget({ id, isCut }: Http2Stream): void {
    this.#open.delete(id);
    if (isCut) this.#noteCut(id);
    this.#options.owner.streamOver();
  }

  /** Ends all of them; nothing is sent. */
  closeAll(): void {
    for (const stream of [...this.#open.values()]) stream.close();
  }

  /** DATA. Errors: of the connection or of the stream. */
  data(frame: Frame): void {
    const { streamId, payload } = frame;
    const content = withoutPadding(frame);
    this.#requireBegun(streamId);
    this.#receivable -= payload.length;
    if (this.#receivable < 0) {
      throw new Http2Error('FLOW_CONTROL_ERROR', 'more data than the window allows');
    }
    if (this.#receivable <= WINDOW_BYTES / 2) {
      this.#options.output.send(windowUpdate(0, WINDOW_BYTES - this.#receivable));
      this.#receivable = WINDOW_BYTES;
    }
    if (this.#isIgnored(streamId)) return;
    const stream = this.#open.get(streamId);
    if (stream === undefined) throw closed();
    stream.receive(content, payload.length);
    if (hasFlag(frame, FLAGS.endStream)) stream.receiveEnd();
  }

  /** A whole block of fields. Errors: of the connection or of the stream. */
  fields(block: HeaderBlock): void {
    const { streamId } = block;
    const stream = this.#open.get(streamId);
    const isNew = stream === undefined && !this.#isIgnored(streamId);
    if (isNew) this.#number(streamId);
    if (isNew && this.#hpack === undefined) return this.#begin(block, this.#first(block.bytes));
    // Also what is ignored: the table of the peer goes on.
    this.#hpack ??= new HpackDecoder(HPACK_LIMITS);
    const fields = this.#hpack.decode(block.bytes);
    if (stream !== undefined) endWith(stream, block, fields);
    else if (isNew) this.#begin(block, new Request(fields));
  }

  /** RST_STREAM. Errors: of the connection. */
  reset({ streamId, payload }: Frame): void {
    if (payload.length !== 4) throw new Http2Error('FRAME_SIZE_ERROR', 'a reset has four bytes');
    this.#requireBegun(streamId);
    this.#open.get(streamId)?.abandon();
  }

  /** WINDOW_UPDATE of a stream. Errors: of the connection or of the stream. */
  widen({ streamId }: Frame, bytes: number): void {
    this.#requireBegun(streamId);
    if (bytes === 0) {
      throw new Http2Error('PROTOCOL_ERROR', 'a window is widened by nothing', 'stream');
    }
    this.#open.get(streamId)?.widen(bytes, 'stream');
  }

  /** The peer takes so much of each stream at first. Errors: of the connection. */
  setInitialWindow(bytes: number): void {
    const more = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    for (const stream of [...this.#open.values()]) stream.widen(more, 'connection');
  }

  /** Ends a stream for a fault of the peer. */
  fail(streamId: number, code: Http2Code): void {
    // What the peer was told when it had to leave does not change.
    if (!this.#isLeaving) this.#lastTakenId = Math.max(this.#lastTakenId, streamId);
    const stream = this.#open.get(streamId);
    if (stream !== undefined) return stream.reset(HTTP2_CODES[code]);
    // Who goes on behind the end of a stream is told each time.
    if (code !== 'STREAM_CLOSED') this.#noteCut(streamId);
    this.#options.output.send(resetStream(streamId, HTTP2_CODES[code]));
  }

  /** The first request. Errors: those of its fields. */
  #first(block: Buffer): Request {
    const { firsts } = this.#options;
    const known = firsts.find(block);
    this.#hpack = new HpackDecoder(HPACK_LIMITS, known?.table);
    if (known !== undefined) return known.request;
    const request = new Request(this.#hpack.decode(block));
    firsts.keep(block, { request, table: this.#hpack.shareTable() });
    return request;
  }

  #begin(block: HeaderBlock, request: Request): void {
    if (block.isOwnParent) {
      throw new Http2Error('PROTOCOL_ERROR', 'a stream depends on itself', 'stream');
    }
    const { streamId } = block;
    const { bodyBytes } = request;
    const { host, owner, output, max } = this.#options;
    if (!host.takes(request)) return owner.notTaken();
    this.#lastTakenId = streamId;
    owner.taken();
    if (this.#open.size >= max) {
      throw new Http2Error('REFUSED_STREAM', `more than ${max} streams`, 'stream');
    }
    const stream = new Http2Stream({
      id: streamId,
      output,
      window: this.#initialWindow,
      bodyBytes,
      home: this,
    });
    this.#open.set(streamId, stream);
    host.open(stream, request);
    if (block.isLast) stream.receiveEnd();
  }

  /** A number that the peer gives to a new stream. Errors: of the connection. */
  #number(streamId: number): void {
    if (streamId % 2 === 0) throw new Http2Error('PROTOCOL_ERROR', 'a stream has an even number');
    if (streamId <= this.#lastId) {
      const wasUsed = this.#lastId === 2 * this.#begun - 1;
      const code = wasUsed ? 'STREAM_CLOSED' : 'PROTOCOL_ERROR';
      throw new Http2Error(code, 'a stream begins again, or below another one');
    }
    this.#lastId = streamId;
    this.#begun += 1;
  }

  /** Errors: `PROTOCOL_ERROR` for a stream that has not begun. */
  #requireBegun(streamId: number): void {
    if (streamId > this.#lastId || streamId % 2 === 0) {
      throw new Http2Error('PROTOCOL_ERROR', 'a frame for a stream that has not begun');
    }
  }

  /** We reset it, or the peer was told to ask for it elsewhere. */
  #isIgnored(streamId: number): boolean {
    if (this.#cut?.has(streamId) === true) return true;
    if (!this.#isLeaving || streamId <= this.#lastTakenId) return false;
    this.#lastId = Math.max(this.#lastId, streamId);
    return true;
  }

  #noteCut(streamId: number): void {
    this.#cut ??= new Set();
    this.#cut.add(streamId);
    if (this.#cut.size <= this.#options.max) return;
    const [oldest = streamId] = this.#cut;
    this.#cut.delete(oldest);
  }
}

/** Errors: of the stream. */
function endWith(stream: Http2Stream, { isLast }: HeaderBlock, fields: readonly Field[]): void {
  stream.requireOpenThere();
  if (!isLast) {
    throw new Http2Error('PROTOCOL_ERROR', 'fields amidst the body of a request', 'stream');
  }
  checkTrailers(fields);
  stream.receiveEnd();
}

function closed(): Http2Error {
  return new Http2Error('STREAM_CLOSED', 'data for a stream that is over', 'stream');
}
