import { createVerify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64, parseUtf8 } from '../../../src/core/bytes.ts';
import { SIGNATURE_MAX_BYTES, SIGNATURES_MAX } from '../../../src/core/limits.ts';
import {
  encodeEnvelope,
  PAYLOAD_TYPE,
  pae,
  parseEnvelope,
  type SignedStatement,
} from '../../../src/core/statements/envelope.ts';
import {
  ALICE,
  BOB,
  CAROL,
  canonical,
  expectCode,
  plain,
  replaced,
  signedRelease,
  utf8,
} from '../support.ts';

const good = signedRelease(ALICE, BOB);
const bytes = encodeEnvelope(good);

const statement = fc.record({
  payload: fc.uint8Array({ maxLength: 100 }),
  signatures: fc.array(
    fc.record({
      keyId: fc.constantFrom('', 'ab', good.signatures[0]?.keyId ?? ''),
      signature: fc.uint8Array({ maxLength: 100 }),
    }),
    { maxLength: SIGNATURES_MAX },
  ),
});

/** The envelope with as many signatures. */
const crowd = (count: number): SignedStatement => ({
  payload: good.payload,
  signatures: Array.from({ length: count }, () => ({ keyId: '', signature: Uint8Array.of(1) })),
});

describe('parseEnvelope', () => {
  it('reads what encodeEnvelope wrote', () => {
    fc.assert(
      fc.property(statement, (one) => {
        expect(parseEnvelope(encodeEnvelope(one))).toEqual(one);
      }),
    );
  });

  it('accepts an envelope without signatures, as a draft is', () => {
    expect(parseEnvelope(encodeEnvelope({ ...good, signatures: [] })).signatures).toEqual([]);
  });

  it('does not look into the payload', () => {
    const odd = { payload: utf8('not JSON'), signatures: [] };
    expect(parseEnvelope(encodeEnvelope(odd))).toEqual(odd);
  });

  it('refuses another payload type (F03)', () => {
    for (const type of ['application/json', '', PAYLOAD_TYPE.toUpperCase(), `${PAYLOAD_TYPE} `]) {
      expectCode('TYPE', () => parseEnvelope(replaced(bytes, 'payloadType', type)));
    }
  });

  it.each([
    ['payload', (text: string) => text.replace('{"payload":', '{"payload":"AA==","payload":')],
    [
      'payloadType',
      (text: string) => text.replace('"payloadType"', '"payloadType":"a","payloadType"'),
    ],
    ['signatures', (text: string) => text.replace('"signatures"', '"signatures":[],"signatures"')],
    ['keyid', (text: string) => text.replace('"keyid"', '"keyid":"","keyid"')],
    ['sig', (text: string) => text.replace('"sig"', '"sig":"","sig"')],
  ])('refuses the key %s twice (F09)', (_name, change) => {
    const text = change(parseUtf8(bytes));
    expect(text).not.toBe(parseUtf8(bytes));
    expectCode('PARSE', () => parseEnvelope(utf8(text)));
  });

  it.each([
    ['payload', undefined],
    ['payload', 1],
    ['payload', 'AB=='],
    ['payload', 'A A='],
    ['payloadType', undefined],
    ['payloadType', 1],
    ['signatures', undefined],
    ['signatures', {}],
    ['signatures.0', []],
    ['signatures.0.sig', undefined],
    ['signatures.0.sig', 'A'],
    ['signatures.0.keyid', 7],
    ['signatures.0.alg', 'ed25519'],
    ['extra', 1],
  ])('refuses %s as %j', (path, value) => {
    expectCode('PARSE', () => parseEnvelope(replaced(bytes, path, value)));
  });

  it('refuses spaces and a final line feed, so that an envelope is one byte string', () => {
    expectCode('PARSE', () => parseEnvelope(utf8(`${parseUtf8(bytes)}\n`)));
    expectCode('PARSE', () => parseEnvelope(utf8(JSON.stringify(plain(bytes), undefined, 1))));
  });

  it('refuses more than 64 signatures (A18)', () => {
    expect(parseEnvelope(encodeEnvelope(crowd(SIGNATURES_MAX))).signatures).toHaveLength(64);
    expectCode('LIMIT', () => parseEnvelope(encodeEnvelope(crowd(SIGNATURES_MAX + 1))));
    expectCode('LIMIT', () => parseEnvelope(encodeEnvelope(crowd(10_000))));
  });

  it('refuses oversized parts', () => {
    const long = encodeBase64(new Uint8Array(SIGNATURE_MAX_BYTES + 1));
    expectCode('LIMIT', () => parseEnvelope(replaced(bytes, 'signatures.0.sig', long)));
    expectCode('LIMIT', () =>
      parseEnvelope(replaced(bytes, 'signatures.0.keyid', 'a'.repeat(257))),
    );
    const payload = encodeBase64(new Uint8Array(2049));
    expectCode('LIMIT', () => parseEnvelope(replaced(bytes, 'payload', payload)));
    expectCode('LIMIT', () => parseEnvelope(new Uint8Array(512 * 1024 + 1)));
  });

  it('reads hints of other tools, and missing ones, as empty', () => {
    for (const hint of [
      'x'.repeat(256),
      'SHA256:abc',
      'AB',
      'a',
      'ab'.repeat(33),
      '../x',
      undefined,
    ]) {
      const changed = parseEnvelope(replaced(bytes, 'signatures.0.keyid', hint));
      expect(changed.signatures[0]).toEqual({ ...good.signatures[0], keyId: '' });
      expect(changed.signatures[1]).toEqual(good.signatures[1]);
    }
  });
});

describe('encodeEnvelope', () => {
  it('writes the three fields of DSSE', () => {
    expect(plain(bytes)).toEqual({
      payload: encodeBase64(good.payload),
      payloadType: 'application/vnd.in-toto+json',
      signatures: good.signatures.map(({ keyId, signature }) => ({
        keyid: keyId,
        sig: encodeBase64(signature),
      })),
    });
    expect(canonical(plain(bytes))).toEqual(bytes);
  });
});

describe('pae', () => {
  it('is that of the DSSE specification', () => {
    expect(parseUtf8(pae('http://example.com/HelloWorld', utf8('hello world')))).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
  });

  it('counts bytes, not characters', () => {
    expect(parseUtf8(pae('ü', utf8('€')))).toBe('DSSEv1 2 ü 3 €');
    expect(parseUtf8(pae('', new Uint8Array(0)))).toBe('DSSEv1 0  0 ');
  });

  it('is different for different inputs', () => {
    const pair = fc.tuple(fc.string(), fc.uint8Array());
    fc.assert(
      fc.property(pair, pair, ([type, payload], [otherType, otherPayload]) => {
        const isSame = type === otherType && Buffer.from(payload).equals(otherPayload);
        const a = Buffer.from(pae(type, payload));
        expect(a.equals(pae(otherType, otherPayload))).toBe(isSame);
      }),
    );
  });

  it('is what a plain verifier checks', () => {
    const { signatures, payload } = signedRelease(CAROL);
    const verifier = createVerify('sha256').update(pae(PAYLOAD_TYPE, payload));
    const key = {
      key: Buffer.from(CAROL.publicKey.spki),
      format: 'der',
      type: 'spki',
      dsaEncoding: 'ieee-p1363',
    } as const;
    expect(verifier.verify(key, signatures[0]?.signature ?? new Uint8Array(0))).toBe(true);
  });
});
