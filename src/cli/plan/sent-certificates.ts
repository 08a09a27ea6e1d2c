/**
 * The certificates of a TLS handshake exactly as the server sent them, read from the bytes on the
 * wire.
 *
 * Node tells only those that it could link to each other, and completes them from its own list of
 * roots; what a server sends in vain, or sends for old clients, is what a plan has to know. Before
 * TLS 1.3 certificates go in the clear; since then they are under the handshake key, which Node
 * tells (`keylog`) whoever opened the connection. Sources: RFC 5246 section 7.4.2, RFC 8446
 * sections 4.4.2, 5.2 and 7.
 *
 * @module
 */
import { createDecipheriv, createHmac } from 'node:crypto';
import { concatBytes, parseHex } from '../../core/bytes.ts';
import { CHAIN_MAX } from '../../core/limits.ts';

const RECORD = { handshake: 22, application: 23 } as const;
const MESSAGE = { serverHello: 2, certificate: 11 } as const;
const RECORD_HEAD_BYTES = 5;
const MESSAGE_HEAD_BYTES = 4;
const SUPPORTED_VERSIONS = 43;
const TLS_1_3 = 0x0304;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** All of a handshake; a server that says more is not listened to. */
const HANDSHAKE_MAX_BYTES = 512 * 1024;
/** A ServerHello with this random asks for another ClientHello: RFC 8446 section 4.1.3. */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
const SECRET_LINE = /^SERVER_HANDSHAKE_TRAFFIC_SECRET [0-9a-f]+ ([0-9a-f]+)\s*$/;

type CipherName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

interface Suite {
  readonly cipher: CipherName;
  readonly keyBytes: number;
  readonly hash: 'sha256' | 'sha384';
}

const SUITES: ReadonlyMap<number, Suite> = new Map([
  [0x1301, { cipher: 'aes-128-gcm', keyBytes: 16, hash: 'sha256' }],
  [0x1302, { cipher: 'aes-256-gcm', keyBytes: 32, hash: 'sha384' }],
  [0x1303, { cipher: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256' }],
]);

/** Listens to what a server says. */
export class SentCertificates {
  #unread: Uint8Array = new Uint8Array();
  #messages: Uint8Array = new Uint8Array();
  /** Whole records under the handshake key, in their order. */
  readonly #sealed: Uint8Array[] = [];
  #suite: Suite | undefined;
  #secret: Uint8Array | undefined;
  #chain: readonly Uint8Array[] | undefined;
  #bytes = 0;

  /** Takes what came from the server. */
  take(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#chain !== undefined || this.#bytes > HANDSHAKE_MAX_BYTES) return;
    this.#unread = concatBytes(this.#unread, bytes);
    while (this.#unread.length >= RECORD_HEAD_BYTES) {
      const end = RECORD_HEAD_BYTES + numberAt(this.#unread, 3, 2);
      if (this.#unread.length < end) return;
      this.#record(this.#unread.subarray(0, end));
      this.#unread = this.#unread.slice(end);
    }
  }

  /** Takes a line of the event `keylog`. */
  takeKeyLine(line: string): void {
    const [, secret] = SECRET_LINE.exec(line) ?? [];
    if (secret !== undefined) this.#secret ??= parseHex(secret);
  }

  /** DER, leaf first; absent when none was heard. */
  chain(): readonly Uint8Array[] | undefined {
    if (this.#chain === undefined) this.#unseal();
    return this.#chain;
  }

  #record(record: Uint8Array): void {
    const content = record.subarray(RECORD_HEAD_BYTES);
    if (record[0] === RECORD.application && this.#suite !== undefined) this.#sealed.push(record);
    if (record[0] === RECORD.handshake && this.#suite === undefined) this.#hear(content, '1.2');
  }

  #unseal(): void {
    const { keyOf } = this.#suite === undefined ? { keyOf: undefined } : keysFor(this.#suite);
    if (keyOf === undefined || this.#secret === undefined || this.#suite === undefined) return;
    const { key, iv } = keyOf(this.#secret);
    for (const [number, record] of this.#sealed.entries()) {
      const inner = openRecord(this.#suite.cipher, { key, iv }, record, number);
      if (inner === undefined) return;
      if (inner.type === RECORD.handshake) this.#hear(inner.content, '1.3');
      if (this.#chain !== undefined) return;
    }
  }

  #hear(content: Uint8Array, version: '1.2' | '1.3'): void {
    this.#messages = concatBytes(this.#messages, content);
    while (this.#messages.length >= MESSAGE_HEAD_BYTES) {
      const end = MESSAGE_HEAD_BYTES + numberAt(this.#messages, 1, 3);
      if (this.#messages.length < end) return;
      const body = this.#messages.slice(MESSAGE_HEAD_BYTES, end);
      const type = this.#messages[0];
      this.#messages = this.#messages.slice(end);
      if (type === MESSAGE.serverHello) this.#suite = suiteOf(body);
      if (type === MESSAGE.certificate) this.#chain = certificatesIn(body, version);
    }
  }
}

/** The suite of a TLS 1.3 ServerHello that is not a retry; absent for earlier versions. */
function suiteOf(hello: Uint8Array): Suite | undefined {
  const random = hello.subarray(2, 34);
  if (Buffer.from(random).toString('hex') === RETRY_RANDOM) return undefined;
  const suiteAt = 35 + (hello[34] ?? 0);
  const suite = numberAt(hello, suiteAt, 2);
  for (let at = suiteAt + 5; at + 4 <= hello.length; at += 4 + numberAt(hello, at + 2, 2)) {
    const isVersion = numberAt(hello, at, 2) === SUPPORTED_VERSIONS;
    if (isVersion && numberAt(hello, at + 4, 2) === TLS_1_3) return SUITES.get(suite);
  }
  return undefined;
}

function certificatesIn(body: Uint8Array, version: '1.2' | '1.3'): readonly Uint8Array[] {
  // TLS 1.3 begins with a context and gives each certificate extensions.
  let at = version === '1.3' ? 1 + (body[0] ?? 0) : 0;
  at += 3;
  const chain: Uint8Array[] = [];
  while (at + 3 <= body.length && chain.length <= CHAIN_MAX) {
    const end = at + 3 + numberAt(body, at, 3);
    if (end > body.length) break;
    chain.push(body.slice(at + 3, end));
    at = version === '1.3' ? end + 2 + numberAt(body, end, 2) : end;
  }
  return chain;
}

interface RecordKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

function keysFor({ hash, keyBytes }: Suite): {
  readonly keyOf: (secret: Uint8Array) => RecordKeys;
} {
  return {
    keyOf: (secret) => ({
      key: expandLabel(hash, secret, 'key', keyBytes),
      iv: expandLabel(hash, secret, 'iv', NONCE_BYTES),
    }),
  };
}

/** HKDF-Expand-Label without context; what is wanted is never longer than one hash. */
function expandLabel(
  hash: Suite['hash'],
  secret: Uint8Array,
  label: string,
  length: number,
): Uint8Array {
  const name = Buffer.from(`tls13 ${label}`);
  const info = concatBytes(Uint8Array.of(0, length, name.length), name, Uint8Array.of(0, 1));
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}

/** One record: what is in it and of which type; absent when it is not under these keys. */
function openRecord(
  cipher: CipherName,
  { key, iv }: RecordKeys,
  record: Uint8Array,
  number: number,
): { readonly type: number; readonly content: Uint8Array } | undefined {
  const nonce = Uint8Array.from(iv, (byte, index) => {
    const shift = NONCE_BYTES - 1 - index;
    return shift < 4 ? byte ^ ((number >>> (8 * shift)) & 0xff) : byte;
  });
  const head = record.subarray(0, RECORD_HEAD_BYTES);
  const sealed = record.subarray(RECORD_HEAD_BYTES, -TAG_BYTES);
  try {
    const options = { authTagLength: TAG_BYTES };
    const opener =
      cipher === 'chacha20-poly1305'
        ? createDecipheriv(cipher, key, nonce, options)
        : createDecipheriv(cipher, key, nonce, options);
    opener.setAAD(head, { plaintextLength: sealed.length });
    opener.setAuthTag(record.subarray(-TAG_BYTES));
    const inner = concatBytes(opener.update(sealed), opener.final());
    const last = inner.findLastIndex((byte) => byte !== 0);
    return { type: inner[last] ?? 0, content: inner.subarray(0, Math.max(0, last)) };
  } catch {
    // Later records are under other keys: the certificates were before them.
    return undefined;
  }
}

function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = 0; index < length; index += 1) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}
