/**
 * The node's side of the lines of one worker.
 *
 * Bytes that many lines are to write, as a change for all programs, cross the pipe once.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { ConnectionTaker } from '../tls/caller-line.ts';
import type { Channel } from './channel.ts';
import {
  IDS_MAX,
  type LineOrder,
  numberFrame,
  type OpenedLine,
  WRITE_MAX_BYTES,
  writeHead,
} from './messages.ts';
import { type LineWriter, RemoteLine } from './remote-line.ts';

/** Connections of one worker: as many as a process has descriptors at the very most. */
const LINES_MAX = 1024 * 1024;

interface Group {
  readonly taker: ConnectionTaker;
  readonly lines: Set<RemoteLine>;
}

/** All lines of one worker. */
export class RemoteLines implements LineWriter {
  readonly #channel: Channel;
  readonly #makeTaker: () => ConnectionTaker;
  readonly #lines: Map<number, RemoteLine> = new Map();
  readonly #groups: Map<number, Group> = new Map();
  /** What is to be written next, and by whom. */
  #bytes: Buffer | undefined;
  #ids: number[] = [];

  constructor(channel: Channel, makeTaker: () => ConnectionTaker) {
    this.#channel = channel;
    this.#makeTaker = makeTaker;
  }

  /** How many there are. */
  get size(): number {
    return this.#lines.size;
  }

  /** A caller was let in. Errors: `PARSE` for an id in use; `LIMIT`. */
  opened(opened: OpenedLine): void {
    if (this.#lines.has(opened.id)) throw new KedgeError('PARSE', `line ${opened.id} is open`);
    if (this.#lines.size >= LINES_MAX) throw new KedgeError('LIMIT', 'too many connections');
    const group = this.#groups.get(opened.group) ?? {
      taker: this.#makeTaker(),
      lines: new Set<RemoteLine>(),
    };
    this.#groups.set(opened.group, group);
    const line = new RemoteLine(opened, this);
    this.#lines.set(opened.id, line);
    group.lines.add(line);
    group.taker.inject(line);
  }

  /** A line says something. Errors: `PARSE` for one that is not there, here and below. */
  data(id: number, bytes: Buffer): void {
    this.#line(id).received(bytes);
  }

  /** A line has room for more. */
  drained(id: number): void {
    this.#line(id).confirmed();
  }

  /** A line is gone. */
  closed(id: number): void {
    const line = this.#line(id);
    this.#lines.delete(id);
    this.#groups.get(line.group)?.lines.delete(line);
    line.gone();
  }

  /** The lines of a group are to come back on other connections. */
  moving(group: number, withinMs: number): void {
    const known = this.#groups.get(group);
    if (known !== undefined) known.taker.drain([...known.lines], withinMs);
  }

  /** A group is over. */
  over(group: number): void {
    const known = this.#groups.get(group);
    if (known === undefined) return;
    this.#groups.delete(group);
    known.taker.close();
  }

  /** The worker is gone, and all lines with it. */
  gone(): void {
    for (const id of [...this.#lines.keys()]) this.closed(id);
    for (const group of [...this.#groups.keys()]) this.over(group);
  }

  /** Lets a line write; the same bytes for many lines in a row are sent once. */
  write(id: number, bytes: Buffer): void {
    if (bytes === this.#bytes && this.#ids.length < IDS_MAX) {
      this.#ids.push(id);
      return;
    }
    this.flush();
    if (bytes.length > WRITE_MAX_BYTES) {
      for (let at = 0; at < bytes.length; at += WRITE_MAX_BYTES) {
        this.write(id, bytes.subarray(at, at + WRITE_MAX_BYTES));
      }
      return;
    }
    this.#bytes = bytes;
    this.#ids = [id];
    // The frame is made when it is known for whom, before the pipe is written to.
    this.#channel.defer(this);
  }

  /** Tells the worker what to do with a line. */
  order(order: LineOrder, id: number): void {
    this.flush();
    this.#channel.send(numberFrame(order, id));
  }

  /** Hands out what waits for others that write the same. */
  flush(): void {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    const ids = this.#ids;
    this.#bytes = undefined;
    this.#ids = [];
    this.#channel.send(writeHead(ids, bytes.length));
    this.#channel.send(bytes);
  }

  #line(id: number): RemoteLine {
    const line = this.#lines.get(id);
    if (line === undefined) throw new KedgeError('PARSE', `there is no line ${id}`);
    return line;
  }
}
