/**
 * What a lean client says, byte for byte: HTTP/2 with gRPC, NATS, Redis.
 *
 * Headers are HPACK literals without indexing and without Huffman coding (RFC 7541 section 6.2.2),
 * which every server takes and nobody has to remember.
 *
 * @module
 */

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** Frame types and flags of RFC 9113. */
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const WINDOW_UPDATE = 8;
const END_HEADERS = 4;
const NO_PUSH = [0, 2, 0, 0, 0, 0];
const INITIAL_WINDOW = [0, 4];
const WINDOW_MAX = 2 ** 31 - 1;
const WINDOW_DEFAULT = 65_535;
const STREAM = 1;
/** What fits one byte of an HPACK integer with a prefix of 7 bits. */
const SHORT_MAX = 126;
const LENGTH_DELIMITED = 2;

/** Opens a connection with one call on stream 1 that never ends, and says its first message. */
export function grpcCall(path: string, message: Uint8Array): Buffer {
  const window = Buffer.from([...INITIAL_WINDOW, ...uint32(WINDOW_MAX)]);
  return Buffer.concat([
    Buffer.from(PREFACE),
    frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from(NO_PUSH), window])),
    frame(WINDOW_UPDATE, 0, 0, Buffer.from(uint32(WINDOW_MAX - WINDOW_DEFAULT))),
    frame(HEADERS, END_HEADERS, STREAM, headers(path)),
    grpcData(message),
  ]);
}

/** One more message on that call. */
export function grpcData(message: Uint8Array): Buffer {
  return frame(DATA, 0, STREAM, grpcMessage(message));
}

/** A message with gRPC's prefix: not compressed, length. */
export function grpcMessage(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0, ...uint32(message.length)]), message]);
}

/** A field of a protocol buffer that holds bytes, shorter than 16 KB. */
export function bytesField(number: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([
    Buffer.from([(number << 3) | LENGTH_DELIMITED]),
    Buffer.from(varint(bytes.length)),
    bytes,
  ]);
}

/** Introduces a client to a NATS server; no acknowledgement of what it says. */
export const NATS_HELLO =
  'CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1","headers":true}\r\n';

/** A command in the Redis protocol. */
export function redisCommand(...words: readonly (string | Uint8Array)[]): Buffer {
  const parts = words.flatMap((word) => {
    const bytes = Buffer.from(word);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
}

/** What says in any message to which round it belongs; eight digits. */
export function mark(round: number): string {
  return `~${String(round).padStart(8, '0')}`;
}

/** A message of a round, as large as is asked for. */
export function filler(round: number, bytes: number): Buffer {
  return Buffer.from(mark(round).padStart(bytes, 'x'));
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const length = uint32(payload.length).slice(1);
  return Buffer.concat([Buffer.from([...length, type, flags, ...uint32(stream)]), payload]);
}

function headers(path: string): Buffer {
  const fields: readonly (readonly [string, string])[] = [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':path', path],
    [':authority', 'localhost'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
  ];
  return Buffer.concat(
    fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), short(name), short(value)])),
  );
}

function short(text: string): Buffer {
  if (text.length > SHORT_MAX) throw new Error(`${text} is too long for a header here`);
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

function uint32(value: number): readonly number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
