import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex, encodeUtf8, parseHex } from '../../src/core/bytes.ts';
import { generateSigningKey } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { NO_PREVIOUS, parseSha256 } from '../../src/core/ids.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';
import {
  encodeDocument,
  encodeFork,
  encodeFormat,
  encodeHead,
  parseDocument,
  parseFork,
  parseFormat,
  parseHead,
} from '../../src/storage/records.ts';
import { at, evidenceOf, PAYMENTS } from '../contract/store-fixtures.ts';

const digest = parseSha256('0a'.repeat(32));
const bodyDigest = parseSha256('0b'.repeat(32));
const statement: SignedStatement = {
  payload: encodeUtf8('payload'),
  signatures: [
    { keyId: 'ff', signature: parseHex('010203') },
    { keyId: '', signature: parseHex('') },
  ],
};

/** These bytes are on disks: they change with the format version alone. */
describe('stored records keep their bytes', () => {
  it('format', () => {
    const bytes = encodeFormat(1, 'c0'.repeat(16));
    expect(new TextDecoder().decode(bytes)).toBe(`kedge-store 1 ${'c0'.repeat(16)}\n`);
    expect(parseFormat(bytes)).toEqual({ version: 1, storeId: 'c0'.repeat(16) });
  });

  it('head', () => {
    const bytes = encodeHead({ sequence: 258, digest });
    expect(encodeHex(bytes)).toBe(`010000000000000102${'0a'.repeat(32)}`);
    expect(parseHead(bytes)).toEqual({ sequence: 258, digest });
  });

  it('document', () => {
    const bytes = encodeDocument({ digest, bodyDigest, statement });
    const signatures = '02' + '026666' + '0003010203' + '00' + '0000';
    const checksum = '361d216460941f7afd023f230e8f1d7e1080bd3f53703d4f012e8a876b22a020';
    expect(encodeHex(bytes)).toBe(
      `01${'0a'.repeat(32)}${'0b'.repeat(32)}000000077061796c6f6164${signatures}${checksum}`,
    );
    expect(parseDocument(bytes)).toEqual({ digest, bodyDigest, statement });
  });

  it('fork', () => {
    const small = { payload: encodeUtf8('p'), signatures: [] };
    const fork = { stream: PAYMENTS, sequence: at(3), first: small, second: small };
    const bytes = encodeFork(fork);
    const checksum = 'c3dff6b4932213f784324e1be72064b995de96732a7bd869d1c05100f1dcd460';
    expect(encodeHex(bytes)).toBe(`010000000000000003${`000000017000${checksum}`.repeat(2)}`);
    expect(parseFork(PAYMENTS, bytes)).toEqual(fork);
    const key = generateSigningKey('ed25519').publicKey;
    const recovered = { ...fork, revealed: [key] };
    const longer = encodeFork(recovered);
    const tail = `0107${encodeHex(encodeUtf8('ed25519'))}002c${encodeHex(key.spki)}`;
    expect(encodeHex(longer)).toBe(encodeHex(bytes) + tail);
    expect(parseFork(PAYMENTS, longer)).toEqual(recovered);
    const used = { ...recovered, recovered: small };
    expect(encodeHex(encodeFork(used))).toBe(`${encodeHex(longer)}000000017000${checksum}`);
    expect(parseFork(PAYMENTS, encodeFork(used))).toEqual(used);
  });
});

describe('stored records', () => {
  it('give back any statement', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const signature = fc.record({ keyId: fc.string({ maxLength: 60 }), signature: bytes });
    const statements = fc.record({
      payload: fc.uint8Array({ maxLength: 3000 }),
      signatures: fc.array(signature, { maxLength: 64 }),
    });
    fc.assert(
      fc.property(statements, (one) => {
        const parsed = parseDocument(encodeDocument({ digest, bodyDigest, statement: one }));
        expect(parsed.statement).toEqual(one);
      }),
    );
  });

  it('are refused when they are cut short or too long', () => {
    const records = [
      [parseHead, encodeHead({ sequence: 1, digest })],
      [parseDocument, encodeDocument({ digest, bodyDigest, statement })],
      [(bytes: Uint8Array) => parseFork(PAYMENTS, bytes), encodeFork(evidenceOf(PAYMENTS, 2))],
    ] as const;
    for (const [parse, bytes] of records) {
      for (let length = 0; length < bytes.length; length += 1) {
        expect(() => parse(bytes.subarray(0, length))).toThrow(KedgeError);
      }
      expect(() => parse(new Uint8Array([...bytes, 0]))).toThrow('after the end');
      expect(() => parse(new Uint8Array([2, ...bytes.subarray(1)]))).toThrow('version 2');
    }
  });

  it('are parsed or refused with PARSE, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = new Uint8Array([1, ...noise]);
        for (const parse of [parseHead, parseDocument, parseFormat]) {
          try {
            parse(bytes);
          } catch (thrown) {
            expect(thrown).toMatchObject({ code: 'PARSE' });
          }
        }
      }),
    );
  });

  it('refuse a head with a sequence and no digest, and the reverse', () => {
    expect(() => parseHead(encodeHead({ sequence: 1, digest: NO_PREVIOUS }))).toThrow(KedgeError);
    expect(() => parseHead(encodeHead({ sequence: 0, digest }))).toThrow(KedgeError);
    expect(parseHead(encodeHead({ sequence: 0, digest: NO_PREVIOUS })).sequence).toBe(0);
  });

  it('refuse what does not fit', () => {
    const many = Array.from({ length: 256 }, () => ({ keyId: '', signature: new Uint8Array() }));
    const long = [{ keyId: '', signature: new Uint8Array(65_536) }];
    for (const signatures of [many, long]) {
      const record = { digest, bodyDigest, statement: { ...statement, signatures } };
      expect(() => encodeDocument(record)).toThrow(expect.objectContaining({ code: 'LIMIT' }));
    }
  });

  it.each(['', 'kedge-store', 'kedge-store x', 'kedge 1', 'leveldb'])(
    'do not take %j for a format',
    (text) => {
      expect(() => parseFormat(encodeUtf8(text))).toThrow(KedgeError);
    },
  );
});
