/**
 * The server's side of one HTTP/2 connection (RFC 9113): bytes in, bytes out.
 *
 * It serves the requests that its host takes, and nothing else. A connection whose first request is
 * of another kind is given away with all that it said (`opening.ts`). On one that is in use already
 * the peer is told to go elsewhere with such a request, while those under way go on.
 *
 * @module
 */
import { goAway, PING, pingAck, SETTINGS_ACK, settings } from './control-frames.ts';
import { Http2Error } from './errors.ts';
import { FLAGS, FRAME_TYPES, type Frame, hasFlag } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { checkEmpty, checkPing, checkPlace, checkPriority, incrementIn } from './frame-rules.ts';
import { HeaderBlock } from './header-block.ts';
import { Liveness } from './liveness.ts';
import { Opening } from './opening.ts';
import { Output, type Wire } from './output.ts';
import { Patience } from './patience.ts';
import { initialWindowIn } from './peer-settings.ts';
import type { SharedBytes } from './shared.ts';
import { type StreamHost, Streams, type StreamsOwner } from './streams.ts';

/** Who a connection belongs to. */
export interface ConnectionHost extends StreamHost {
  /** Gives the connection to another server, which has to see `bytes` first. */
  giveAway(bytes: Buffer): void;
  /** The peer was told what it did wrong, and the connection ends. */
  failed(error: Http2Error): void;
}

/** What a connection works with. */
export interface ConnectionOptions {
  readonly wire: Wire;
  readonly host: ConnectionHost;
  readonly shared: SharedBytes;
  /** Streams that are open at once. */
  readonly maxStreams: number;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** Seconds without a request after which somebody else may have the connection. */
const UNUSED_MAX_S = 5;
/** Seconds until our settings have to be acknowledged when somebody else is to have it. */
const ACKNOWLEDGED_WITHIN_S = 10;
/** Seconds until a connection that we ended has to be gone. */
const END_WITHIN_S = 2;

/** `passing`: somebody else is to have it; `given`: and has it. */
type Phase = 'preface' | 'opening' | 'passing' | 'given' | 'open' | 'leaving' | 'over';

/** One connection; `tick` has to be called once a second. */
export class Http2Connection implements StreamsOwner {
  readonly #wire: Wire;
  readonly #host: ConnectionHost;
  readonly #output: Output;
  readonly #streams: Streams;
  readonly #patience: Patience;
  readonly #reader: FrameReader = new FrameReader();
  #phase: Phase = 'preface';
  /** Absent once it is known who serves the connection. */
  #opening: Opening | undefined = new Opening();
  #block: HeaderBlock | undefined;
  readonly #liveness: Liveness = new Liveness();
  /** Since the beginning, until it is known who serves the connection; later since its end. */
  #seconds = 0;

  /** Says hello at once: many clients wait for it. */
  constructor({ wire, host, shared, maxStreams: max }: ConnectionOptions) {
    const { frames, firsts } = shared;
    this.#wire = wire;
    this.#host = host;
    this.#output = new Output(wire, frames);
    this.#streams = new Streams({ host, owner: this, output: this.#output, firsts, max });
    this.#patience = new Patience(max);
    this.#output.send(settings(max));
  }

  /** Takes what has arrived. */
  receive(chunk: Buffer): void {
    if (this.#isOver()) return;
    this.#liveness.heard();
    this.#wire.cork();
    try {
      this.#reader.add(chunk);
      this.#read();
      this.#reader.settle();
    } catch (thrown) {
      if (!(thrown instanceof Http2Error)) throw thrown;
      this.#fail(thrown);
    } finally {
      this.#wire.uncork();
    }
    this.giveIfDue();
  }

  /** The socket takes more. */
  drained(): void {
    this.#liveness.read();
    if (!this.#isOver()) this.#output.drained();
  }

  /** The socket is gone. */
  gone(): void {
    this.#phase = 'over';
    this.#streams.closeAll();
  }

  /** Asks the peer to come back on another connection; this one ends with its last stream. */
  leave(): void {
    if (this.#isOver() || this.#phase === 'leaving') return;
    this.#phase = 'leaving';
    this.#opening = undefined;
    this.#streams.leave();
    this.#output.send(goAway(this.#streams.lastTakenId, 'NO_ERROR', ''));
    this.streamOver();
  }

  /**
   * Gives the connection away, once nothing of ours is on its way in either direction. What was
   * written may be on its way until the end of a turn of the event loop, which the host knows of.
   */
  giveIfDue(): void {
    const opening = this.#opening;
    if (this.#phase !== 'passing' || opening?.isAcknowledged !== true) return;
    if (this.#wire.writableLength > 0) return;
    this.#phase = 'given';
    this.#opening = undefined;
    this.#host.giveAway(opening.bytes(this.#reader.rest));
  }

  /** A second has passed. */
  tick(): void {
    this.#seconds += 1;
    const opening = this.#opening;
    if (!this.#isOver()) return opening ? this.#tickOpening(opening) : this.#tickOpen();
    if (this.#seconds >= END_WITHIN_S) this.#wire.destroy();
  }

  taken(): void {
    const opening = this.#opening;
    if (opening === undefined) return;
    this.#opening = undefined;
    this.#phase = 'open';
    for (let each = 0; each < opening.settings; each += 1) this.#output.send(SETTINGS_ACK);
  }

  notTaken(): void {
    if (this.#opening === undefined) this.leave();
    else this.#phase = 'passing';
  }

  streamOver(): void {
    if (this.#phase === 'leaving' && this.#streams.size === 0) this.#finish();
  }

  #tickOpening(opening: Opening): void {
    if (this.#seconds >= ACKNOWLEDGED_WITHIN_S) {
      this.#fail(new Http2Error('SETTINGS_TIMEOUT', 'the settings are not acknowledged'));
    } else {
      if (this.#seconds >= UNUSED_MAX_S && opening.settings > 0) this.#phase = 'passing';
      this.giveIfDue();
    }
  }

  #tickOpen(): void {
    const { isFull } = this.#output;
    // What we say without being read is part of what the peer may do.
    if (!isFull) this.#patience.refill(this.#output.takeSentBytes());
    const due = this.#liveness.tick(isFull ? 'full' : 'free');
    if (due === 'ask') this.#output.send(PING);
    else if (due === 'give up') this.#wire.destroy();
  }

  #read(): void {
    if (this.#phase === 'preface' && !this.#readPreface()) return;
    while (!this.#isOver()) {
      const frame = this.#reader.next();
      if (frame === undefined) return;
      this.#patience.frame(frame);
      const whose = this.#phase === 'passing' ? 'theirs' : 'ours';
      this.#opening?.note(frame, whose);
      if (whose === 'ours') this.#take(frame);
    }
  }

  #readPreface(): boolean {
    const seen = this.#reader.rest.subarray(0, PREFACE.length);
    if (!seen.equals(PREFACE.subarray(0, seen.length))) {
      throw new Http2Error('PROTOCOL_ERROR', 'this is not HTTP/2');
    }
    const preface = this.#reader.take(PREFACE.length);
    if (preface === undefined) return false;
    this.#opening?.keep(preface);
    this.#phase = 'opening';
    return true;
  }

  /** Errors: of the connection. */
  #take(frame: Frame): void {
    try {
      this.#process(frame);
    } catch (thrown) {
      if (!(thrown instanceof Http2Error) || thrown.scope === 'connection') throw thrown;
      this.#patience.fault();
      this.taken();
      this.#streams.fail(frame.streamId, thrown.code);
    }
  }

  /** Errors: of the connection or of the stream. */
  #process(frame: Frame): void {
    const { type } = frame;
    if (this.#block !== undefined && type !== FRAME_TYPES.continuation) {
      throw new Http2Error('PROTOCOL_ERROR', 'a block of fields is interrupted');
    }
    if (this.#opening?.settings === 0 && type !== FRAME_TYPES.settings) {
      throw new Http2Error('PROTOCOL_ERROR', 'settings have to come first');
    }
    checkPlace(frame);
    switch (type) {
      case FRAME_TYPES.data:
        return this.#streams.data(frame);
      case FRAME_TYPES.headers:
        return this.#fields(new HeaderBlock(frame), frame);
      case FRAME_TYPES.priority:
        return checkPriority(frame);
      case FRAME_TYPES.resetStream:
        return this.#streams.reset(frame);
      case FRAME_TYPES.settings:
        return this.#settings(frame);
      case FRAME_TYPES.pushPromise:
        throw new Http2Error('PROTOCOL_ERROR', 'clients push nothing');
      case FRAME_TYPES.ping:
        return this.#ping(frame);
      case FRAME_TYPES.windowUpdate:
        return this.#widen(frame);
      case FRAME_TYPES.continuation:
        return this.#continue(frame);
      default:
      // A peer that leaves closes the connection when it is done; what is unknown means nothing.
    }
  }

  #fields(block: HeaderBlock, frame: Frame): void {
    if (hasFlag(frame, FLAGS.endHeaders)) {
      this.#block = undefined;
      this.#streams.fields(block);
    } else {
      this.#block = block;
    }
  }

  #continue(frame: Frame): void {
    const block = this.#block;
    if (block === undefined || block.streamId !== frame.streamId) {
      throw new Http2Error('PROTOCOL_ERROR', 'a continuation of nothing');
    }
    block.add(frame.payload, hasFlag(frame, FLAGS.endHeaders) ? 'last' : 'more');
    this.#fields(block, frame);
  }

  #settings(frame: Frame): void {
    if (hasFlag(frame, FLAGS.ack)) return checkEmpty(frame);
    const initialWindow = initialWindowIn(frame.payload);
    // Data that rests on them comes behind: a peer may go by its old ones until it hears this.
    if (this.#opening === undefined) this.#output.send(SETTINGS_ACK);
    if (initialWindow !== undefined) this.#streams.setInitialWindow(initialWindow);
  }

  #ping(frame: Frame): void {
    checkPing(frame);
    if (!hasFlag(frame, FLAGS.ack)) this.#output.send(pingAck(frame.payload));
  }

  #widen(frame: Frame): void {
    const bytes = incrementIn(frame);
    if (frame.streamId !== 0) this.#streams.widen(frame, bytes);
    else if (bytes > 0) this.#output.widen(bytes);
    else throw new Http2Error('PROTOCOL_ERROR', 'a window is widened by nothing');
  }

  #fail(error: Http2Error): void {
    this.#output.send(goAway(this.#streams.lastTakenId, error.code, error.message));
    this.#host.failed(error);
    this.#finish();
  }

  #finish(): void {
    this.#phase = 'over';
    this.#seconds = 0;
    this.#streams.closeAll();
    this.#wire.end();
  }

  #isOver(): boolean {
    return this.#phase === 'over' || this.#phase === 'given';
  }
}
