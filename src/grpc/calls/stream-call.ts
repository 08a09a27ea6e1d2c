/**
 * One call of gRPC served on its HTTP/2 stream, without the call objects of grpc-js.
 *
 * For `trust.Watch`, of which a node has ten thousand open: it writes frames that all streams
 * share, and keeps as little as there can be per stream. What a caller sees is what grpc-js shows
 * it: the same headers, the status in the trailers, or in the headers when nothing was sent before.
 *
 * @module
 */
import type { KedgeError } from '../../core/errors.ts';
import { WATCH_REQUEST_MAX_BYTES } from '../../core/limits.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import { encodeFields } from '../../http2/hpack/encoder.ts';
import type { Field } from '../../http2/hpack/field.ts';
import type { Request } from '../../http2/request.ts';
import type { Http2Stream, StreamListener } from '../../http2/stream.ts';
import type { Clock } from '../../ports/clock.ts';
import { oncePer } from '../../service/clients/prepared.ts';
import { encodeError } from '../../wire/status.ts';
import {
  type BidiListener,
  type CallHeaders,
  END_GRACE_MS,
  RESET_WITHIN_MS,
  resetCodeOf,
} from './bidi-call.ts';
import type { AnyCall } from './caller.ts';
import { type Frame, FrameReader, piecesOf } from './frames.ts';

const ANSWER: readonly Field[] = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
];
const ENCODINGS: readonly Field[] = [
  ['grpc-accept-encoding', 'identity,deflate,gzip'],
  ['grpc-encoding', 'identity'],
];
const NO_METADATA: AnyCall['metadata'] = { get: () => [] };

/** The block that lets a caller in; the same headers give the same bytes. */
const acceptance = oncePer((headers: CallHeaders) =>
  encodeFields([...ANSWER, ...ENCODINGS, ...Object.entries(headers)]),
);

/** Who calls, and what. */
export interface StreamCallOptions {
  readonly path: string;
  /** `address:port` of the caller. */
  readonly from: string;
  /** Those of the caller's certificate, as `node:tls` writes them. */
  readonly altNames: string | undefined;
  readonly clock: Clock;
}

/**
 * Says whether a request is of the kind that can be served here: no deadline, and no compression of
 * messages.
 */
export function isPlainCall(request: Request, path: string): boolean {
  if (request.field(':path') !== path || request.field(':method') !== 'POST') return false;
  if (request.field('grpc-timeout') !== undefined) return false;
  if ((request.field('grpc-encoding') ?? 'identity') !== 'identity') return false;
  return request.field('content-type')?.startsWith('application/grpc') === true;
}

/** A call on a stream whose connection has proved who calls. */
export class StreamCall implements AnyCall, StreamListener {
  readonly #stream: Http2Stream;
  #state: 'open' | 'ending' | 'closed' = 'open';
  readonly #options: StreamCallOptions;
  readonly #reader: FrameReader = new FrameReader(WATCH_REQUEST_MAX_BYTES);
  readonly metadata: AnyCall['metadata'] = NO_METADATA;
  #listener: BidiListener | undefined;
  #isEndedThere = false;
  #isAccepted = false;

  constructor(stream: Http2Stream, options: StreamCallOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** `address:port` of the caller. */
  get from(): string {
    return this.#options.from;
  }

  getPath(): string {
    return this.#options.path;
  }

  getPeer(): string {
    return this.#options.from;
  }

  getAuthContext(): ReturnType<AnyCall['getAuthContext']> {
    return { sslPeerCertificate: { subjectaltname: this.#options.altNames } };
  }

  /** Begins to read. A caller that ends its side ends the call. */
  listen(listener: BidiListener): void {
    this.#listener = listener;
    this.#stream.listen(this);
  }

  data(bytes: Buffer): void {
    if (this.#state !== 'open') return;
    try {
      for (const message of this.#reader.read(bytes)) {
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

  ended(): void {
    if (this.#state !== 'open') return;
    this.#isEndedThere = true;
    // Who ended in order need not wait until it is known that it was so: who cancels a call with
    // grpc-js ends it first, and the reset comes right behind.
    this.#stream.keep();
    this.end();
    this.#options.clock.setTimer(RESET_WITHIN_MS, () => this.#stream.release());
  }

  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const isWell = this.#isEndedThere && !this.#stream.isAbandoned;
    this.#listener?.closed(isWell ? 'well' : 'broken');
  }

  /** Tells the caller that it was let in, before there is anything to say. */
  accept(headers: CallHeaders): void {
    if (this.#state !== 'open') return;
    this.#isAccepted = true;
    this.#stream.respond(acceptance(headers));
  }

  /** How this call writes messages of a node. */
  frame(responses: readonly WatchResponse[]): readonly Frame[] {
    return piecesOf(responses);
  }

  /** Writes a frame; false means: no more until it is drained. */
  writeFrame(frame: Frame): boolean {
    return this.#state === 'open' ? this.#stream.write(frame) : true;
  }

  /**
   * Ends the call, well or with an error. What was written goes out first; a caller that does not
   * read it is cut off after two seconds.
   */
  end(error?: KedgeError): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    const status = statusOf(error);
    this.#stream.end(encodeFields(this.#isAccepted ? status : [...ANSWER, ...status]));
    if (this.#isClosed()) return;
    this.#options.clock.setTimer(END_GRACE_MS, () => {
      if (this.#state === 'ending') this.#stream.reset(resetCodeOf(error));
    });
  }

  /** Whoever hears a message may end the call. */
  #isOver(): boolean {
    return this.#state !== 'open';
  }

  /** Both sides may be at their end by then. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

/** How a call ended, as trailers. */
function statusOf(error: KedgeError | undefined): readonly Field[] {
  if (error === undefined) {
    return [
      ['grpc-status', '0'],
      ['grpc-message', 'OK'],
    ];
  }
  const { code, details, trailers } = encodeError(error);
  return [
    ['grpc-status', String(code)],
    ['grpc-message', encodeURI(details)],
    ...[...trailers].map(([key, value]): Field => {
      return [key, typeof value === 'string' ? value : value.toString('base64')];
    }),
  ];
}
