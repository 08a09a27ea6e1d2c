/**
 * One call of gRPC served on its HTTP/2 stream, without the call objects of grpc-js.
 *
 * For `trust.Watch`, of which a node has ten thousand open: it writes frames that all streams
 * share, and keeps as little as there can be per stream. What a caller sees is what grpc-js shows
 * it: the same headers, the status in the trailers, or in the headers when nothing was sent before.
 *
 * @module
 */
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { KedgeError } from '../core/errors.ts';
import { WATCH_REQUEST_MAX_BYTES } from '../core/limits.ts';
import type { WatchResponse } from '../core/watch/messages.ts';
import type { Clock } from '../ports/clock.ts';
import { encodeError } from '../wire/status.ts';
import {
  type BidiListener,
  type CallHeaders,
  END_GRACE_MS,
  RESET_WITHIN_MS,
  resetCodeOf,
} from './bidi-call.ts';
import type { AnyCall } from './caller.ts';
import { type Frame, FrameReader, piecesOf } from './frames.ts';

const HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity,deflate,gzip',
  'grpc-encoding': 'identity',
} as const;
const OPTIONS = { waitForTrailers: true } as const;
const NO_METADATA: AnyCall['metadata'] = { get: () => [] };

// Streams call these with themselves as `this`: the same functions for all, none made per stream.
const calls: WeakMap<ServerHttp2Stream, Http2Call> = new WeakMap();

function onData(this: ServerHttp2Stream, chunk: Buffer): void {
  calls.get(this)?.received(chunk);
}

function onEnd(this: ServerHttp2Stream): void {
  calls.get(this)?.ended();
}

function onDrain(this: ServerHttp2Stream): void {
  calls.get(this)?.drained();
}

function onClose(this: ServerHttp2Stream): void {
  calls.get(this)?.closed();
}

function onError(): void {
  // What goes wrong with a stream closes it, and that is listened to.
}

/** A call on a stream whose connection has proved who calls. */
export class Http2Call implements AnyCall {
  readonly metadata: AnyCall['metadata'] = NO_METADATA;
  /** `address:port` of the caller. */
  readonly from: string;
  readonly #stream: ServerHttp2Stream;
  readonly #path: string;
  readonly #altNames: string | undefined;
  readonly #clock: Clock;
  readonly #reader: FrameReader = new FrameReader(WATCH_REQUEST_MAX_BYTES);
  #listener: BidiListener | undefined;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #how: 'well' | 'broken' = 'broken';

  /** `altNames` are those of the caller's certificate, as `node:tls` writes them. */
  constructor(
    stream: ServerHttp2Stream,
    { path, altNames, clock }: { path: string; altNames: string | undefined; clock: Clock },
  ) {
    this.#stream = stream;
    this.#path = path;
    this.#altNames = altNames;
    this.#clock = clock;
    const { remoteAddress = 'unknown', remotePort = 0 } = stream.session?.socket ?? {};
    this.from = `${remoteAddress}:${remotePort}`;
    stream.on('error', onError);
  }

  getPath(): string {
    return this.#path;
  }

  getPeer(): string {
    return this.from;
  }

  getAuthContext(): ReturnType<AnyCall['getAuthContext']> {
    return { sslPeerCertificate: { subjectaltname: this.#altNames } };
  }

  /** Begins to read. A caller that ends its side ends the call. */
  listen(listener: BidiListener): void {
    this.#listener = listener;
    calls.set(this.#stream, this);
    this.#stream.on('data', onData).on('end', onEnd).on('drain', onDrain).on('close', onClose);
  }

  received(chunk: Buffer): void {
    if (this.#state !== 'open') return;
    try {
      for (const message of this.#reader.read(chunk)) {
        this.#listener?.message(message);
        if (this.#isOver()) return;
      }
    } catch (thrown) {
      this.#listener?.failed(thrown);
    }
  }

  drained(): void {
    if (this.#state === 'open') this.#listener?.drained();
  }

  /** The caller has ended its side. */
  ended(): void {
    // Who cancels a call with grpc-js ends it first, and the reset comes right behind.
    this.#clock.setTimer(RESET_WITHIN_MS, () => {
      if (this.#state === 'open' && this.#isWritable()) this.#how = 'well';
      this.end();
    });
  }

  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#listener?.closed(this.#how);
  }

  /** Tells the caller that it was let in, before there is anything to say. */
  accept(headers: CallHeaders): void {
    if (this.#state !== 'open' || !this.#isWritable()) return;
    this.#stream.respond({ ...HEADERS, ...headers }, OPTIONS);
  }

  /** How this call writes messages of a node. */
  frame(responses: readonly WatchResponse[]): readonly Frame[] {
    return piecesOf(responses);
  }

  /** Writes a frame; false means: no more until it is drained. */
  writeFrame(frame: Frame): boolean {
    return this.#state === 'open' && this.#isWritable() ? this.#stream.write(frame) : true;
  }

  /**
   * Ends the call, well or with an error. What was written goes out first; a caller that does not
   * read it is cut off after two seconds.
   */
  end(error?: KedgeError): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    const stream = this.#stream;
    if (!this.#isWritable()) return;
    const status = statusOf(error);
    if (stream.headersSent) {
      stream.once('wantTrailers', () => stream.sendTrailers(status));
      stream.end();
    } else {
      const { ':status': ok, 'content-type': type } = HEADERS;
      stream.respond({ ':status': ok, 'content-type': type, ...status }, { endStream: true });
    }
    this.#clock.setTimer(END_GRACE_MS, () => {
      if (this.#state === 'ending') stream.close(resetCodeOf(error));
    });
  }

  /** Whoever hears a message may end the call. */
  #isOver(): boolean {
    return this.#state !== 'open';
  }

  #isWritable(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed;
  }
}

/** How a call ended, as trailers. */
function statusOf(error: KedgeError | undefined): OutgoingHttpHeaders {
  if (error === undefined) return { 'grpc-status': 0, 'grpc-message': 'OK' };
  const { code, details, trailers } = encodeError(error);
  const status: OutgoingHttpHeaders = { 'grpc-status': code, 'grpc-message': encodeURI(details) };
  for (const [key, value] of trailers) {
    status[key] = typeof value === 'string' ? value : value.toString('base64');
  }
  return status;
}
