/**
 * What a node and its workers say to each other, as frames.
 *
 * A worker may be hacked, so the node checks whatever comes from one: `parseFromWorker` throws for
 * what is not exactly of these forms.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { beginFrame, HEAD_BYTES } from './frames.ts';

/** What a worker says. */
export type FromWorker =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'opened'; readonly line: OpenedLine }
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Buffer }
  | { readonly kind: 'drained' | 'closed'; readonly id: number }
  | { readonly kind: 'moving'; readonly group: number; readonly withinMs: number }
  | { readonly kind: 'over'; readonly group: number }
  | { readonly kind: 'alive'; readonly residentBytes: number }
  | { readonly kind: 'counted'; readonly counter: number; readonly by: number }
  | { readonly kind: 'logged'; readonly text: string };

/** A caller that was let in. */
export interface OpenedLine {
  /** Of one worker, unique as long as the line is there. */
  readonly id: number;
  /** Lines of one group are moved together. */
  readonly group: number;
  /** `address:port` of the caller. */
  readonly from: string;
  readonly isHttp2: boolean;
  /** Those of the caller's certificate, as `node:tls` writes them. */
  readonly altNames: string | undefined;
}

/** What a node says about one line. */
export type LineOrder = 'end' | 'destroy' | 'pause' | 'resume' | 'ask';

/** What a node says. */
export type ToWorker =
  | { readonly kind: 'begin' | 'material'; readonly text: string }
  | { readonly kind: 'write'; readonly ids: Buffer; readonly bytes: Buffer }
  | { readonly kind: LineOrder; readonly id: number }
  | { readonly kind: 'stop' };

const FROM_WORKER = {
  listening: 1,
  failed: 2,
  opened: 3,
  data: 4,
  drained: 5,
  closed: 6,
  moving: 7,
  over: 8,
  counted: 9,
  logged: 10,
  alive: 11,
} as const;
const TO_WORKER = {
  begin: 32,
  material: 33,
  write: 34,
  end: 35,
  destroy: 36,
  pause: 37,
  resume: 38,
  ask: 39,
  stop: 40,
} as const;
const ORDERS = new Map<number, LineOrder>(
  (['end', 'destroy', 'pause', 'resume', 'ask'] as const).map((kind) => [TO_WORKER[kind], kind]),
);

/** How often a worker says that it is alive, milliseconds. */
export const ALIVE_EVERY_MS: number = 1_000;
/** Bytes of a frame of a worker: what one read gives, or names of a certificate. */
export const FROM_WORKER_MAX_BYTES: number = 256 * 1024;
/** Bytes of a frame of a node: what one write takes, or many authorities. */
export const TO_WORKER_MAX_BYTES: number = 64 * 1024 * 1024;
/** Bytes of one write. */
export const WRITE_MAX_BYTES: number = 1024 * 1024;
/** Lines that one write is for. */
export const IDS_MAX: number = 4096;
/** Bytes of an id. */
export const ID_BYTES = 4;
const COUNT_BYTES = 2;
const KILOBYTE = 1024;
/** An address of IPv6 with a scope and a port. */
const FROM_MAX_BYTES = 128;
const IS_HTTP2 = 1;
const HAS_NAMES = 2;

/** A frame with one number of 32 bits. */
export function numberFrame(
  kind: 'drained' | 'closed' | 'over' | LineOrder,
  value: number,
): Buffer {
  const code =
    kind === 'drained' || kind === 'closed' || kind === 'over'
      ? FROM_WORKER[kind]
      : TO_WORKER[kind];
  const frame = beginFrame(code, ID_BYTES, ID_BYTES);
  frame.writeUInt32BE(value, HEAD_BYTES);
  return frame;
}

/** A frame with two numbers of 32 bits. */
export function numbersFrame(kind: 'moving' | 'counted', one: number, other: number): Buffer {
  const frame = beginFrame(FROM_WORKER[kind], 2 * ID_BYTES, 2 * ID_BYTES);
  frame.writeUInt32BE(one, HEAD_BYTES);
  frame.writeUInt32BE(other, HEAD_BYTES + ID_BYTES);
  return frame;
}

/** A frame with text. */
export function textFrame(kind: 'failed' | 'logged' | 'begin' | 'material', text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const code = kind === 'failed' || kind === 'logged' ? FROM_WORKER[kind] : TO_WORKER[kind];
  const frame = beginFrame(code, bytes, bytes);
  frame.write(text, HEAD_BYTES);
  return frame;
}

export function listeningFrame(port: number): Buffer {
  const frame = beginFrame(FROM_WORKER.listening, ID_BYTES, ID_BYTES);
  frame.writeUInt32BE(port, HEAD_BYTES);
  return frame;
}

export function aliveFrame(residentBytes: number): Buffer {
  const frame = beginFrame(FROM_WORKER.alive, ID_BYTES, ID_BYTES);
  frame.writeUInt32BE(Math.round(residentBytes / KILOBYTE), HEAD_BYTES);
  return frame;
}

export function stopFrame(): Buffer {
  return beginFrame(TO_WORKER.stop, 0, 0);
}

export function openedFrame({ id, group, from, isHttp2, altNames }: OpenedLine): Buffer {
  const address = Buffer.from(from);
  const names = Buffer.from(altNames ?? '');
  const bytes = 2 * ID_BYTES + COUNT_BYTES + 1 + address.length + names.length;
  const frame = beginFrame(FROM_WORKER.opened, bytes, bytes);
  let at = frame.writeUInt32BE(id, HEAD_BYTES);
  at = frame.writeUInt32BE(group, at);
  const flags = (isHttp2 ? IS_HTTP2 : 0) | (altNames === undefined ? 0 : HAS_NAMES);
  at = frame.writeUInt8(flags, at);
  at = frame.writeUInt16BE(address.length, at);
  at += address.copy(frame, at);
  names.copy(frame, at);
  return frame;
}

/** What comes before the bytes of a line. */
export function dataHead(id: number, bytes: number): Buffer {
  const head = beginFrame(FROM_WORKER.data, ID_BYTES, ID_BYTES + bytes);
  head.writeUInt32BE(id, HEAD_BYTES);
  return head;
}

/** What comes before bytes that many lines are to write. */
export function writeHead(ids: readonly number[], bytes: number): Buffer {
  const room = COUNT_BYTES + ids.length * ID_BYTES;
  const head = beginFrame(TO_WORKER.write, room, room + bytes);
  let at = head.writeUInt16BE(ids.length, HEAD_BYTES);
  for (const id of ids) at = head.writeUInt32BE(id, at);
  return head;
}

/** Reads a frame of a worker. Errors: `PARSE`. */
export function parseFromWorker(code: number, body: Buffer): FromWorker {
  try {
    return readFromWorker(code, body);
  } catch (cause) {
    throw new KedgeError('PARSE', `a worker sent what is no frame of kind ${code}`, { cause });
  }
}

function readFromWorker(code: number, body: Buffer): FromWorker {
  switch (code) {
    case FROM_WORKER.listening:
      return { kind: 'listening', port: body.readUInt32BE(0) };
    case FROM_WORKER.failed:
      return { kind: 'failed', reason: body.toString() };
    case FROM_WORKER.opened:
      return { kind: 'opened', line: readOpened(body) };
    case FROM_WORKER.data:
      return { kind: 'data', id: body.readUInt32BE(0), bytes: body.subarray(ID_BYTES) };
    case FROM_WORKER.drained:
      return { kind: 'drained', id: body.readUInt32BE(0) };
    case FROM_WORKER.closed:
      return { kind: 'closed', id: body.readUInt32BE(0) };
    case FROM_WORKER.moving:
      return { kind: 'moving', group: body.readUInt32BE(0), withinMs: body.readUInt32BE(ID_BYTES) };
    case FROM_WORKER.over:
      return { kind: 'over', group: body.readUInt32BE(0) };
    case FROM_WORKER.counted:
      return { kind: 'counted', counter: body.readUInt32BE(0), by: body.readUInt32BE(ID_BYTES) };
    case FROM_WORKER.alive:
      return { kind: 'alive', residentBytes: body.readUInt32BE(0) * KILOBYTE };
    case FROM_WORKER.logged:
      return { kind: 'logged', text: body.toString() };
    default:
      throw new KedgeError('PARSE', `no such kind: ${code}`);
  }
}

function readOpened(body: Buffer): OpenedLine {
  const flags = body.readUInt8(2 * ID_BYTES);
  const fromBytes = body.readUInt16BE(2 * ID_BYTES + 1);
  const fromAt = 2 * ID_BYTES + 1 + COUNT_BYTES;
  const namesAt = fromAt + fromBytes;
  if (namesAt > body.length || fromBytes > FROM_MAX_BYTES) {
    throw new KedgeError('PARSE', 'no address');
  }
  return {
    id: body.readUInt32BE(0),
    group: body.readUInt32BE(ID_BYTES),
    from: body.toString('utf8', fromAt, namesAt),
    isHttp2: (flags & IS_HTTP2) !== 0,
    altNames: (flags & HAS_NAMES) === 0 ? undefined : body.toString('utf8', namesAt),
  };
}

/** Reads a frame of the node. Errors: `PARSE`. */
export function parseToWorker(code: number, body: Buffer): ToWorker {
  const order = ORDERS.get(code);
  if (order !== undefined) return { kind: order, id: body.readUInt32BE(0) };
  switch (code) {
    case TO_WORKER.write: {
      const end = COUNT_BYTES + body.readUInt16BE(0) * ID_BYTES;
      return { kind: 'write', ids: body.subarray(COUNT_BYTES, end), bytes: body.subarray(end) };
    }
    case TO_WORKER.begin:
      return { kind: 'begin', text: body.toString() };
    case TO_WORKER.material:
      return { kind: 'material', text: body.toString() };
    case TO_WORKER.stop:
      return { kind: 'stop' };
    default:
      throw new KedgeError('PARSE', `a node sent what is no frame: kind ${code}`);
  }
}
