/**
 * The bytes of stored values, each format once.
 *
 * A record is a version byte and then fields in order: fixed-size ones as they are, others behind
 * their length; numbers are big-endian. Payloads and signatures are kept verbatim. JSON with base64
 * would be a third larger and slower to read, and tempt readers to serialise signed bytes anew.
 *
 * ```
 * format     "kedge-store " version " " storeId "\n"       text, so that every version can read it
 * head       1, sequence u64, digest 32
 * writes     1, count u64
 * document   1, digest 32, body digest 32, statement
 * fork       1, sequence u64, statement, statement, keys, nothing or statement
 * keys       nothing, or count u8, count × (algorithm (u8), SPKI (u16)): recovery keys of charters
 * proposal   1, 0, statement, body (u32), count u16, count × DER (u32)
 *         or 1, 1, statement, statement without a payload: the signature that withdraws
 * statement  payload (u32), count u8, count × (key id (u8), signature (u16)), SHA-256 of these 32
 * ```
 *
 * @module
 */
import {
  concatBytes,
  copyBytes,
  encodeHex,
  encodeUtf8,
  equalBytes,
  parseHex,
  parseUtf8,
} from '../core/bytes.ts';
import { importPublicKey, type PublicKey, sha256Bytes } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import type { StreamName } from '../core/ids.ts';
import { NO_PREVIOUS, parseSequence, parseSha256, type Sha256 } from '../core/ids.ts';
import type { KeptProposal } from '../core/proposals/model.ts';
import type { Signature, SignedStatement } from '../core/statements/envelope.ts';
import type { Evidence } from '../core/trusted/state.ts';

const RECORD_VERSION = 1;
const DIGEST_BYTES = 32;
const PROPOSAL_OPEN = 0;
const PROPOSAL_WITHDRAWN = 1;
const NOTHING = new Uint8Array(0);
const FORMAT_TEXT = /^kedge-store (\d{1,9})(?: ([0-9a-f]{32})\n)?/;

/** What the format record says; the id is absent in formats that this code does not know. */
export interface FormatRecord {
  readonly version: number;
  readonly storeId: string | undefined;
}

/** Where a stream stands; sequence 0 with 64 zeros when nothing of it is common. */
export interface HeadRecord {
  readonly sequence: number;
  readonly digest: Sha256;
}

/** A statement with the digests that lead to it and on to its body. */
export interface DocumentRecord {
  readonly digest: Sha256;
  readonly bodyDigest: Sha256;
  readonly statement: SignedStatement;
}

/** Encodes a format record. */
export function encodeFormat(version: number, storeId: string): Uint8Array {
  return encodeUtf8(`kedge-store ${String(version)} ${storeId}\n`);
}

/** Parses a format record of any version. Errors: `PARSE`. */
export function parseFormat(bytes: Uint8Array): FormatRecord {
  const match = FORMAT_TEXT.exec(parseUtf8(bytes));
  if (match === null) throw new KedgeError('PARSE', 'not a format record');
  return { version: Number(match[1]), storeId: match[2] };
}

/** Encodes a head record. */
export function encodeHead(head: HeadRecord): Uint8Array {
  return concatBytes(versionByte(), u64(head.sequence), parseHex(head.digest));
}

/** Parses a head record. Errors: `PARSE`. */
export function parseHead(bytes: Uint8Array): HeadRecord {
  const reader = new RecordReader(bytes);
  const head = { sequence: reader.u64(), digest: reader.digest() };
  reader.end();
  if ((head.sequence === 0) !== (head.digest === NO_PREVIOUS)) {
    throw new KedgeError('PARSE', 'a head without a digest');
  }
  return head;
}

/** Encodes how often the store was written to. */
export function encodeWrites(writes: number): Uint8Array {
  return concatBytes(versionByte(), u64(writes));
}

/** Parses how often the store was written to. Errors: `PARSE`. */
export function parseWrites(bytes: Uint8Array): number {
  const reader = new RecordReader(bytes);
  const writes = reader.u64();
  reader.end();
  return writes;
}

/** Encodes a document record. Errors: `LIMIT`. */
export function encodeDocument(record: DocumentRecord): Uint8Array {
  const digests = concatBytes(parseHex(record.digest), parseHex(record.bodyDigest));
  return concatBytes(versionByte(), digests, statementBytes(record.statement));
}

/** Parses a document record. Errors: `PARSE`. */
export function parseDocument(bytes: Uint8Array): DocumentRecord {
  const reader = new RecordReader(bytes);
  const digest = reader.digest();
  const bodyDigest = reader.digest();
  const statement = reader.statement();
  reader.end();
  return { digest, bodyDigest, statement };
}

/** Encodes a fork record. Errors: `LIMIT`. */
export function encodeFork(evidence: Evidence): Uint8Array {
  const { sequence, first, second, revealed, recovered } = evidence;
  const both = [statementBytes(first), statementBytes(second)];
  const further = [keysBytes(revealed), recovered ? statementBytes(recovered) : NOTHING];
  return concatBytes(versionByte(), u64(sequence), ...both, ...further);
}

/** Parses a fork record. Errors: `PARSE`, those of a key. */
export function parseFork(stream: StreamName, bytes: Uint8Array): Evidence {
  const reader = new RecordReader(bytes);
  const place = { stream, sequence: parseSequence(reader.u64()) };
  const both = { first: reader.statement(), second: reader.statement() };
  const revealed = reader.isAtEnd() ? undefined : reader.keys();
  const recovered = reader.isAtEnd() ? undefined : reader.statement();
  reader.end();
  return { ...place, ...both, ...(recovered && { recovered }), ...(revealed && { revealed }) };
}

function keysBytes(keys: Evidence['revealed']): Uint8Array {
  if (keys === undefined) return NOTHING;
  const parts = keys.flatMap(({ alg, spki }) => [prefixed(1, encodeUtf8(alg)), prefixed(2, spki)]);
  return concatBytes(uint(1, keys.length), ...parts);
}

/** Encodes a proposal. Errors: `LIMIT`. */
export function encodeProposal(kept: KeptProposal): Uint8Array {
  if (kept.kind === 'withdrawn') {
    const { statement, signature } = kept.withdrawal;
    // A signature is kept as the one of a statement, so that it has a checksum too.
    const alone = { payload: NOTHING, signatures: [signature] };
    const kind = uint(1, PROPOSAL_WITHDRAWN);
    return concatBytes(versionByte(), kind, statementBytes(statement), statementBytes(alone));
  }
  const { document, blobs } = kept.proposal;
  return concatBytes(
    versionByte(),
    uint(1, PROPOSAL_OPEN),
    statementBytes(document.statement),
    prefixed(4, document.body),
    uint(2, blobs.length),
    ...blobs.map((der) => prefixed(4, der)),
  );
}

/** Parses a proposal. Errors: `PARSE`. */
export function parseProposal(bytes: Uint8Array): KeptProposal {
  const reader = new RecordReader(bytes);
  const kind = reader.number(1);
  const statement = reader.statement();
  if (kind === PROPOSAL_WITHDRAWN) {
    const [signature] = reader.statement().signatures;
    reader.end();
    if (signature === undefined) throw new KedgeError('PARSE', 'a withdrawal without a signature');
    return { kind: 'withdrawn', withdrawal: { statement, signature } };
  }
  if (kind !== PROPOSAL_OPEN) throw new KedgeError('PARSE', `a proposal of kind ${String(kind)}`);
  const body = reader.prefixed(4);
  const blobs = Array.from({ length: reader.number(2) }, () => reader.prefixed(4));
  reader.end();
  return { kind: 'open', proposal: { document: { statement, body }, blobs } };
}

function statementBytes(statement: SignedStatement): Uint8Array {
  const { payload, signatures } = statement;
  const parts = [prefixed(4, payload), uint(1, signatures.length)];
  for (const { keyId, signature } of signatures) {
    parts.push(prefixed(1, encodeUtf8(keyId)), prefixed(2, signature));
  }
  // Signatures have no other digest in the store.
  const bytes = concatBytes(...parts);
  return concatBytes(bytes, sha256Bytes(bytes));
}

function prefixed(lengthBytes: 1 | 2 | 4, bytes: Uint8Array): Uint8Array {
  return concatBytes(uint(lengthBytes, bytes.length), bytes);
}

function versionByte(): Uint8Array {
  return uint(1, RECORD_VERSION);
}

function uint(size: 1 | 2 | 4, value: number): Uint8Array {
  if (value >= 2 ** (8 * size)) {
    throw new KedgeError('LIMIT', `a field of ${String(value)} does not fit a stored record`);
  }
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) bytes[size - 1 - i] = (value >>> (8 * i)) & 0xff;
  return bytes;
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Reads fields in order; every read is checked against the end. */
class RecordReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const version = this.number(1);
    if (version !== RECORD_VERSION) {
      throw new KedgeError('PARSE', `record version ${String(version)} is unknown`);
    }
  }

  u64(): number {
    const at = this.#take(8);
    const value = Number(this.#view.getBigUint64(at));
    if (!Number.isSafeInteger(value)) throw new KedgeError('PARSE', 'a number is too large');
    return value;
  }

  digest(): Sha256 {
    return parseSha256(encodeHex(this.#slice(DIGEST_BYTES)));
  }

  statement(): SignedStatement {
    const start = this.#offset;
    const payload = this.prefixed(4);
    const count = this.number(1);
    const signatures: Signature[] = [];
    for (let i = 0; i < count; i += 1) {
      const keyId = parseUtf8(this.prefixed(1));
      signatures.push({ keyId, signature: this.prefixed(2) });
    }
    const read = this.#bytes.subarray(start, this.#offset);
    if (equalBytes(sha256Bytes(read), this.#slice(DIGEST_BYTES))) return { payload, signatures };
    throw new KedgeError('PARSE', 'a statement that does not fit its checksum');
  }

  keys(): readonly PublicKey[] {
    const count = this.number(1);
    if (count === 0) throw new KedgeError('PARSE', 'bytes after the end');
    return Array.from({ length: count }, () => {
      const alg = parseUtf8(this.prefixed(1));
      return importPublicKey({ alg, spki: this.prefixed(2) });
    });
  }

  isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  end(): void {
    if (!this.isAtEnd()) throw new KedgeError('PARSE', 'bytes after the end');
  }

  /** A number of so many bytes. */
  number(size: 1 | 2 | 4): number {
    const at = this.#take(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** Bytes behind their length. */
  prefixed(lengthBytes: 1 | 2 | 4): Uint8Array {
    return this.#slice(this.number(lengthBytes));
  }

  /** Copies, so that a small field does not keep a whole block of the database in memory. */
  #slice(length: number): Uint8Array {
    const at = this.#take(length);
    return copyBytes(this.#bytes.subarray(at, at + length));
  }

  #take(length: number): number {
    const at = this.#offset;
    if (length > this.#bytes.length - at) throw new KedgeError('PARSE', 'a record is cut off');
    this.#offset = at + length;
    return at;
  }
}
