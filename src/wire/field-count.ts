/**
 * Counts the fields of a protobuf message before it is decoded.
 *
 * Four megabytes can hold two million empty sub-messages of two bytes each; decoding them takes
 * seconds and 160 times their size in memory, before any limit of a codec could look at them. So
 * the bytes are walked first, descending only where the schema has a message, and a message with
 * too many fields is refused for the cost of the walk.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/.
 *
 * @module
 */
import type { PackageDefinition } from '@grpc/proto-loader';
import { KedgeError } from '../core/errors.ts';

/** The fields of a message that hold messages themselves, by field number. */
export type MessageShape = ReadonlyMap<number, MessageShape>;

interface Walk {
  readonly bytes: Uint8Array;
  /** Fields that may still come. */
  left: number;
  at: number;
}

interface Descriptor {
  readonly field: readonly { readonly number: number; readonly typeName: string }[];
}

/** The shape of `kedge.v1.<name>`; our messages never contain themselves. */
export function shapeOf(loaded: PackageDefinition, name: string): MessageShape {
  const definition = loaded[`kedge.v1.${name}`];
  // Enums and the entries of maps hold no messages.
  if (definition === undefined || !('deserialize' in definition)) return new Map();
  const { field } = definition.type as Descriptor;
  const messages = field.filter(({ typeName }) => typeName !== '');
  return new Map(messages.map(({ number, typeName }) => [number, shapeOf(loaded, typeName)]));
}

/** Refuses a message with more fields than `max`. Errors: `LIMIT`, `PARSE` (not protobuf). */
export function requireFewFields(bytes: Uint8Array, shape: MessageShape, max: number): void {
  walkMessage({ bytes, left: max, at: 0 }, bytes.length, shape);
}

function walkMessage(walk: Walk, end: number, shape: MessageShape): void {
  while (walk.at < end) {
    if (walk.left === 0) throw new KedgeError('LIMIT', 'the message has too many fields');
    walk.left -= 1;
    const tag = readVarint(walk);
    const length = contentLength(walk, tag % 8);
    const contentEnd = walk.at + length;
    if (contentEnd > end) throw new KedgeError('PARSE', 'a field is longer than its message');
    const inner = tag % 8 === 2 ? shape.get(Math.floor(tag / 8)) : undefined;
    if (inner !== undefined) walkMessage(walk, contentEnd, inner);
    walk.at = contentEnd;
  }
}

/** How many bytes of content follow; groups are not part of proto3. */
function contentLength(walk: Walk, wireType: number): number {
  switch (wireType) {
    case 0:
      readVarint(walk);
      return 0;
    case 1:
      return 8;
    case 2:
      return readVarint(walk);
    case 5:
      return 4;
    default:
      throw new KedgeError('PARSE', `unknown wire type ${wireType}`);
  }
}

/** Reads a varint; beyond 2^53 it loses precision, which no tag or length reaches honestly. */
function readVarint(walk: Walk): number {
  let value = 0;
  for (let place = 0; place < 10; place += 1) {
    const byte = walk.bytes[walk.at];
    if (byte === undefined) throw new KedgeError('PARSE', 'the message ends within a number');
    walk.at += 1;
    value += (byte % 128) * 128 ** place;
    if (byte < 128) return value;
  }
  throw new KedgeError('PARSE', 'a number is longer than ten bytes');
}
