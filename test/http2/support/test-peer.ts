/**
 * A connection with a peer that says whatever a test wants, byte for byte, and a socket that a test
 * drains by hand.
 */
import { type ConnectionHost, Http2Connection } from '../../../src/http2/connection.ts';
import type { Http2Error } from '../../../src/http2/errors.ts';
import { FLAGS, FRAME_TYPES, type Frame, makeFrame } from '../../../src/http2/frame.ts';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import { encodeFields } from '../../../src/http2/hpack/encoder.ts';
import type { Field } from '../../../src/http2/hpack/field.ts';
import type { Wire } from '../../../src/http2/output.ts';
import type { Request } from '../../../src/http2/request.ts';
import { SharedBytes } from '../../../src/http2/shared.ts';
import type { Http2Stream, StreamListener } from '../../../src/http2/stream.ts';

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const NOTHING: Buffer = Buffer.alloc(0);
export const SETTINGS: Buffer = makeFrame(FRAME_TYPES.settings, 0, 0, NOTHING);
export const ACK: Buffer = makeFrame(FRAME_TYPES.settings, FLAGS.ack, 0, NOTHING);
export const PING: Buffer = makeFrame(FRAME_TYPES.ping, 0, 0, Buffer.alloc(8, 7));
/** What a client says before its first request. */
export const HELLO: Buffer = Buffer.concat([PREFACE, SETTINGS]);
export const ENDS: number = FLAGS.endHeaders | FLAGS.endStream;

const REQUEST: readonly Field[] = [
  [':method', 'POST'],
  [':scheme', 'https'],
  [':path', '/served'],
  ['te', 'trailers'],
];

/** A request, for `/served` if it is not said. */
export function request(
  streamId: number,
  fields: readonly Field[] = REQUEST,
  flags: number = FLAGS.endHeaders,
): Buffer {
  return makeFrame(FRAME_TYPES.headers, flags, streamId, encodeFields(fields));
}

/** A request for a path with more fields. */
export function fieldsOf(path: string, ...more: readonly Field[]): readonly Field[] {
  return [
    ...REQUEST.map((field): Field => (field[0] === ':path' ? [':path', path] : field)),
    ...more,
  ];
}

export function data(streamId: number, bytes: Buffer, flags = 0): Buffer {
  return makeFrame(FRAME_TYPES.data, flags, streamId, bytes);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function widen(streamId: number, bytes: number): Buffer {
  return makeFrame(FRAME_TYPES.windowUpdate, 0, streamId, uint32(bytes));
}

export function reset(streamId: number): Buffer {
  return makeFrame(FRAME_TYPES.resetStream, 0, streamId, uint32(8));
}

/** Settings, each a number and its value. */
export function settings(...all: readonly (readonly [id: number, value: number])[]): Buffer {
  const parts = all.map(([id, value]) => Buffer.concat([Buffer.of(id >> 8, id), uint32(value)]));
  return makeFrame(FRAME_TYPES.settings, 0, 0, Buffer.concat(parts));
}

/** A socket that keeps what is written to it. */
class TestWire implements Wire {
  written: Buffer[] = [];
  takesMore = true;
  writableLength = 0;
  state: 'open' | 'ended' | 'destroyed' = 'open';

  write(bytes: Buffer): boolean {
    this.written.push(bytes);
    return this.takesMore;
  }

  cork(): void {
    // What is written together does not matter here.
  }

  uncork(): void {
    // As above.
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended';
  }

  destroy(): void {
    this.state = 'destroyed';
  }
}

/** A stream that the connection opened, and what happened to it. */
export interface Opened {
  readonly stream: Http2Stream;
  readonly request: Request;
  readonly events: string[];
  body: Buffer;
}

/** The peer, its connection and who serves it. */
export class TestPeer implements ConnectionHost {
  readonly wire: TestWire = new TestWire();
  readonly opened: Opened[] = [];
  readonly given: Buffer[] = [];
  readonly failures: Http2Error[] = [];
  readonly connection: Http2Connection;

  constructor(maxStreams = 100, shared: SharedBytes = new SharedBytes()) {
    this.connection = new Http2Connection({ wire: this.wire, host: this, shared, maxStreams });
  }

  /** A peer that has said hello and whose settings were taken. */
  static greeted(maxStreams?: number): TestPeer {
    const peer = new TestPeer(maxStreams);
    peer.say(HELLO, ACK);
    peer.heard();
    return peer;
  }

  takes(asked: Request): boolean {
    return asked.field(':path') === '/served';
  }

  open(stream: Http2Stream, asked: Request): void {
    const events: string[] = [];
    const opened: Opened = { stream, request: asked, events, body: NOTHING };
    const listener: StreamListener = {
      data: (bytes) => {
        opened.body = Buffer.concat([opened.body, bytes]);
      },
      ended: () => void events.push('ended'),
      drained: () => void events.push('drained'),
      closed: () => void events.push('closed'),
    };
    stream.listen(listener);
    this.opened.push(opened);
  }

  giveAway(bytes: Buffer): void {
    this.given.push(bytes);
  }

  failed(error: Http2Error): void {
    this.failures.push(error);
  }

  /** The stream opened last. */
  get last(): Opened {
    const last = this.opened.at(-1);
    if (last === undefined) throw new Error('no stream was opened');
    return last;
  }

  /** Says it in one chunk. */
  say(...frames: readonly Buffer[]): this {
    this.connection.receive(Buffer.concat(frames));
    return this;
  }

  /** What came since the last time, as frames. */
  heard(): readonly Frame[] {
    const reader = new FrameReader();
    reader.add(Buffer.concat(this.wire.written.splice(0)));
    const frames: Frame[] = [];
    for (let next = reader.next(); next !== undefined; next = reader.next()) frames.push(next);
    if (reader.rest.length > 0) throw new Error('half a frame was written');
    return frames;
  }

  /** The same in words: `ping ack`, `data 1 (5)`, `reset 3 CANCEL`, … */
  words(): readonly string[] {
    return this.heard().map(wordsOf);
  }

  /** The socket has room again. */
  drain(): void {
    this.wire.takesMore = true;
    this.connection.drained();
  }

  seconds(count: number): void {
    for (let each = 0; each < count; each += 1) this.connection.tick();
  }
}

const CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
];
const NAMES = Object.keys(FRAME_TYPES);

function wordsOf({ type, flags, streamId, payload }: Frame): string {
  const name = NAMES[type] ?? String(type);
  switch (type) {
    case FRAME_TYPES.data:
      return `data ${streamId} (${payload.length})`;
    case FRAME_TYPES.headers:
      return `headers ${streamId}${(flags & FLAGS.endStream) === 0 ? '' : ' end'}`;
    case FRAME_TYPES.resetStream:
      return `reset ${streamId} ${CODES[payload.readUInt32BE(0)] ?? '?'}`;
    case FRAME_TYPES.goAway:
      return `goAway ${payload.readUInt32BE(0)} ${CODES[payload.readUInt32BE(4)] ?? '?'}`;
    case FRAME_TYPES.windowUpdate:
      return `widen ${streamId} ${payload.readUInt32BE(0)}`;
    default:
      return (flags & FLAGS.ack) === 0 ? name : `${name} ack`;
  }
}
