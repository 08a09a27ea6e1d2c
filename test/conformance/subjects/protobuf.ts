/**
 * Bends encoded messages in ways that leave their meaning: a few lines of the protobuf encoding
 * (https://protobuf.dev/programming-guides/encoding).
 */
import type { ApplyStep } from '../format.ts';

const LENGTH_DELIMITED = 2;

/**
 * Bends the statement inside a message; `path` are the numbers of the fields that lead to it.
 * Absent `wire` leaves the message as it is.
 */
export function bend(
  message: Uint8Array,
  path: readonly number[],
  wire: ApplyStep['wire'],
): Uint8Array {
  switch (wire) {
    case undefined:
      return message;
    case 'unknown-fields':
      // One inside the statement, one around everything.
      return join(
        inside(message, path, (statement) => join(statement, unknownField())),
        unknownField(),
      );
    case 'repeated-fields':
      // A payload before the payload: of a field that is not repeated the last one counts.
      return inside(message, path, (statement) =>
        join(delimited(1, Buffer.from('{"not":"this one"}')), statement),
      );
  }
}

/** Replaces the content of a nested message. */
function inside(
  message: Uint8Array,
  [number, ...rest]: readonly number[],
  change: (content: Uint8Array) => Uint8Array,
): Uint8Array {
  if (number === undefined) return change(message);
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < message.length) {
    const [tag, afterTag] = readVarint(message, at);
    if ((tag & 7) !== LENGTH_DELIMITED) throw new Error('only nested messages are expected here');
    const [length, start] = readVarint(message, afterTag);
    const end = start + length;
    const content = message.subarray(start, end);
    const isHere = tag >> 3 === number;
    parts.push(isHere ? delimited(number, inside(content, rest, change)) : message.slice(at, end));
    at = end;
  }
  return join(...parts);
}

function unknownField(): Uint8Array {
  return delimited(1999, Buffer.from('from a later version'));
}

function delimited(number: number, content: Uint8Array): Uint8Array {
  const tag = varint(number * 8 + LENGTH_DELIMITED);
  return join(tag, varint(content.length), content);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.of(...bytes, rest);
    bytes.push((rest % 128) + 128);
  }
}

function readVarint(bytes: Uint8Array, from: number): readonly [number, number] {
  let value = 0;
  let scale = 1;
  for (let at = from; ; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw new Error('a message ends inside a number');
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte < 128) return [value, at + 1];
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
