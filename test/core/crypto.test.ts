import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, encodeHex, encodeUtf8, parseHex } from '../../src/core/bytes.ts';
import {
  ALGORITHMS,
  type Algorithm,
  exportSigningKey,
  generateSigningKey,
  importPublicKey,
  importSigningKey,
  isAlgorithm,
  sha256,
  sha256Bytes,
  verifySignature,
} from '../../src/core/crypto.ts';
import {
  ALICE,
  CAROL,
  ERIN,
  ed25519Key,
  expectCode,
  mlDsaKey,
  p256Key,
  p384Key,
  utf8,
} from './support.ts';

const ED25519_PREFIX = parseHex('302a300506032b6570032100');
const message = utf8('message');

const FIXED = {
  ed25519: ALICE,
  'ecdsa-p256-sha256': CAROL,
  'ecdsa-p384-sha384': ERIN,
  'ml-dsa-44': mlDsaKey('ml-dsa-44', 12),
  'ml-dsa-65': mlDsaKey('ml-dsa-65', 13),
} as const;
const COMPRESSED = {
  'ecdsa-p256-sha256': '3039301306072a8648ce3d020106082a8648ce3d030107032200',
  'ecdsa-p384-sha384': '3046301006072a8648ce3d020106052b81040022033200',
} as const;
const POINT_AT = {
  ed25519: 12,
  'ecdsa-p256-sha256': 26,
  'ecdsa-p384-sha384': 23,
  'ml-dsa-44': 22,
  'ml-dsa-65': 22,
} as const;
const EC_ALGORITHMS = ['ecdsa-p256-sha256', 'ecdsa-p384-sha384'] as const;

/** An Ed25519 SPKI with the given encoding of the point. */
const edwards = (hex: string): Uint8Array => concatBytes(ED25519_PREFIX, parseHex(hex));
const spkiOf = (key: KeyObject): Uint8Array => key.export({ format: 'der', type: 'spki' });
const importing = (alg: string, spki: Uint8Array) => (): unknown => importPublicKey({ alg, spki });

/** The uncompressed SPKI's point in compressed form. */
function compressed(alg: (typeof EC_ALGORITHMS)[number], spki: Uint8Array): Uint8Array {
  const point = spki.subarray(POINT_AT[alg]);
  const size = (point.length - 1) / 2;
  const parity = 2 + ((point.at(-1) ?? 0) & 1);
  const x = point.subarray(1, 1 + size);
  return concatBytes(parseHex(COMPRESSED[alg]), Uint8Array.of(parity), x);
}

/** `y` and the sign of `x` as RFC 8032 encodes them. */
function encodeY(y: bigint, sign: 0 | 1): string {
  const bytes = parseHex(y.toString(16).padStart(64, '0')).reverse();
  bytes[31] = (bytes[31] ?? 0) | (sign << 7);
  return encodeHex(bytes);
}

const P = 2n ** 255n - 19n;
const TORSION = [
  ['the neutral point', '01'.padEnd(64, '0')],
  ['the point of order 2', `ec${'ff'.repeat(30)}7f`],
  ['a point of order 4', '00'.repeat(32)],
  ['the other point of order 4', `${'00'.repeat(31)}80`],
  ['a point of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  [
    'the second point of order 8',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  ],
  [
    'the third point of order 8',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ],
  [
    'the fourth point of order 8',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ],
] as const;

describe('sha256', () => {
  it('gives the digest as hex and as bytes', () => {
    expect(sha256(new Uint8Array(0))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(encodeHex(sha256Bytes(message))).toBe(sha256(message));
  });
});

describe('isAlgorithm', () => {
  it('knows its own and nothing of the prototype', () => {
    expect(ALGORITHMS.every(isAlgorithm)).toBe(true);
    for (const name of ['', 'ED25519', 'rsa', 'constructor', '__proto__', 'toString']) {
      expect(isAlgorithm(name)).toBe(false);
    }
  });
});

describe('importPublicKey', () => {
  it.each(ALGORITHMS)('gives a key of %s its identity and copies it', (alg) => {
    const spki = Uint8Array.from(FIXED[alg].publicKey.spki);
    const key = importPublicKey({ alg, spki });
    const digest = createHash('sha256').update(encodeUtf8(alg)).update(spki).digest('hex');
    expect(key.keyId).toBe(digest);
    spki.fill(0);
    expect(key.spki).toEqual(FIXED[alg].publicKey.spki);
  });

  it.each([
    ...ALGORITHMS.map((alg) => alg.toUpperCase()),
    'ml-dsa-87',
    'rsa-pkcs1-sha256',
    'ecdsa-p256-sha1',
    '',
    'constructor',
    '__proto__',
  ])('refuses the unknown algorithm %j (A17)', (alg) => {
    expectCode('ALGORITHM', importing(alg, ALICE.publicKey.spki));
  });

  it.each(TORSION)('refuses %s (A11)', (_name, hex) => {
    const error = expectCode('KEY', importing('ed25519', edwards(hex)));
    expect(error.message).toContain('has small order');
  });

  it('refuses every non-canonical encoding of y (A11)', () => {
    for (let y = P; y < 2n ** 255n; y += 1n) {
      for (const sign of [0, 1] as const) {
        const error = expectCode('KEY', importing('ed25519', edwards(encodeY(y, sign))));
        expect(error.message).toContain('not canonical');
      }
    }
  });

  it('refuses the small y with a needless sign of x (A11)', () => {
    for (const y of [1n, P - 1n]) {
      expectCode('KEY', importing('ed25519', edwards(encodeY(y, 1))));
    }
  });

  it('refuses an Ed25519 encoding that is no point', () => {
    expect(expectCode('KEY', importing('ed25519', edwards(encodeY(2n, 0)))).message).toContain(
      'not a point',
    );
  });

  it('accepts the base point, and about half of all y', () => {
    expect(importPublicKey({ alg: 'ed25519', spki: edwards(`58${'66'.repeat(31)}`) }).alg).toBe(
      'ed25519',
    );
    let points = 0;
    for (let y = 1000n; y < 1100n; y += 1n) {
      try {
        importPublicKey({ alg: 'ed25519', spki: edwards(encodeY(y, 0)) });
        points += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'KEY' });
      }
    }
    expect(points).toBeGreaterThan(30);
    expect(points).toBeLessThan(70);
  });

  it.each(['ed25519', 'ecdsa-p256-sha256', 'ecdsa-p384-sha384'] as const)(
    'accepts every key that Node makes for %s',
    (alg) => {
      for (let i = 0; i < 20; i += 1) {
        expect(generateSigningKey(alg).publicKey.alg).toBe(alg);
      }
    },
  );

  describe.each(ALGORITHMS)('of %s', (alg) => {
    const { spki } = FIXED[alg].publicKey;

    it.each([0, 2, 31, 32, 33, spki.length - 2, spki.length - 1])('refuses %d bytes (A12)', (n) => {
      expectCode('KEY', importing(alg, spki.subarray(0, n)));
    });

    it('refuses trailing bytes (A12)', () => {
      expectCode('KEY', importing(alg, concatBytes(spki, Uint8Array.of(0))));
    });

    it('refuses a key without its SPKI (A12)', () => {
      expectCode('KEY', importing(alg, spki.subarray(12)));
    });

    it('refuses any other byte in the prefix', () => {
      for (let i = 0; i < POINT_AT[alg]; i += 1) {
        const changed = Uint8Array.from(spki);
        changed[i] = (changed[i] ?? 0) ^ 1;
        expectCode('KEY', importing(alg, changed));
      }
    });

    it('refuses the length of the SPKI in a longer form (BER)', () => {
      const content = spki.subarray(2);
      expectCode(
        'KEY',
        importing(alg, concatBytes(Uint8Array.of(0x30, 0x81, content.length), content)),
      );
    });

    it('refuses PEM in place of DER', () => {
      expectCode('KEY', importing(alg, utf8('-----BEGIN PUBLIC KEY-----')));
    });

    it.each([
      ['RSA 2048', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
      ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
      ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' })],
      ['P-224', () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' })],
      ['Ed448', () => generateKeyPairSync('ed448')],
      ['X25519', () => generateKeyPairSync('x25519')],
    ])('refuses a key of %s (A16)', (_name, generate) => {
      expectCode('KEY', importing(alg, spkiOf(generate().publicKey)));
    });

    it('refuses the keys of the other algorithms', () => {
      for (const other of ALGORITHMS.filter((one) => one !== alg)) {
        expectCode('KEY', importing(alg, FIXED[other].publicKey.spki));
      }
    });
  });

  describe.each(EC_ALGORITHMS)('of %s', (alg) => {
    it('gives compressed and uncompressed points one identity (A02)', () => {
      for (const key of [FIXED[alg], generateSigningKey(alg), generateSigningKey(alg)]) {
        const { spki, keyId } = key.publicKey;
        const other = importPublicKey({ alg, spki: compressed(alg, spki) });
        expect(other).toEqual({ alg, keyId, spki });
        expect(verifySignature(other, message, key.sign(message))).toBe(true);
      }
    });

    it('refuses hybrid points and other point forms', () => {
      const { spki } = FIXED[alg].publicKey;
      for (const form of [0, 1, 2, 3, 5, 6, 7]) {
        const changed = Uint8Array.from(spki);
        changed[POINT_AT[alg]] = form;
        expectCode('KEY', importing(alg, changed));
      }
      for (const form of [0, 1, 4, 5, 6, 7]) {
        const changed = compressed(alg, spki);
        changed[parseHex(COMPRESSED[alg]).length] = form;
        expectCode('KEY', importing(alg, changed));
      }
    });

    it('refuses a point off the curve', () => {
      const { spki } = FIXED[alg].publicKey;
      const changed = Uint8Array.from(spki);
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      expect(expectCode('KEY', importing(alg, changed)).message).toContain('not a point');
    });

    it('refuses coordinates that are not below the prime', () => {
      const changed = Uint8Array.from(FIXED[alg].publicKey.spki).fill(0xff, POINT_AT[alg] + 1);
      expectCode('KEY', importing(alg, changed));
    });
  });
});

describe('verifySignature', () => {
  describe.each(ALGORITHMS)('with %s', (alg) => {
    const key = FIXED[alg];
    const signature = key.sign(message);

    it('accepts what the key signed, and no other message or key', () => {
      expect(verifySignature(key.publicKey, message, signature)).toBe(true);
      expect(verifySignature(key.publicKey, utf8('massage'), signature)).toBe(false);
      const stranger = generateSigningKey(alg);
      expect(verifySignature(stranger.publicKey, message, signature)).toBe(false);
    });

    it('refuses every other length', () => {
      for (const n of [0, 1, signature.length - 1]) {
        expect(verifySignature(key.publicKey, message, signature.subarray(0, n))).toBe(false);
      }
      for (const extra of [1, signature.length, 4000]) {
        const longer = concatBytes(signature, new Uint8Array(extra));
        expect(verifySignature(key.publicKey, message, longer)).toBe(false);
      }
    });

    it('refuses any changed bit and any garbage, without throwing', () => {
      const flips = fc.nat({ max: signature.length * 8 - 1 });
      fc.assert(
        fc.property(flips, (bit) => {
          const changed = Uint8Array.from(signature);
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          return !verifySignature(key.publicKey, message, changed);
        }),
        { numRuns: 50 },
      );
      for (const byte of [0, 0xff]) {
        const garbage = new Uint8Array(signature.length).fill(byte);
        expect(verifySignature(key.publicKey, message, garbage)).toBe(false);
      }
    });

    it('refuses a key that was not imported', () => {
      const forged = { ...key.publicKey };
      expectCode('BUG', () => verifySignature(forged, message, signature));
    });
  });

  it.each(EC_ALGORITHMS)('takes P1363 for %s, not DER', (alg) => {
    const key = generateKeyPairSync('ec', {
      namedCurve: alg === 'ecdsa-p256-sha256' ? 'prime256v1' : 'secp384r1',
    });
    const publicKey = importPublicKey({ alg, spki: spkiOf(key.publicKey) });
    const hash = alg === 'ecdsa-p256-sha256' ? 'sha256' : 'sha384';
    const der = sign(hash, message, key.privateKey);
    const p1363 = sign(hash, message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    expect(verifySignature(publicKey, message, der)).toBe(false);
    expect(verifySignature(publicKey, message, p1363)).toBe(true);
  });

  it.each([
    ['ecdsa-p256-sha256', 'prime256v1', ['sha1', 'sha384', 'sha512']],
    ['ecdsa-p384-sha384', 'secp384r1', ['sha1', 'sha256', 'sha512']],
  ] as const)('refuses %s over another hash (A15, A16)', (alg, namedCurve, hashes) => {
    const key = generateKeyPairSync('ec', { namedCurve });
    const publicKey = importPublicKey({ alg, spki: spkiOf(key.publicKey) });
    for (const hash of hashes) {
      const signature = sign(hash, message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
      expect(verifySignature(publicKey, message, signature)).toBe(false);
    }
  });
});

describe('importSigningKey', () => {
  it.each(ALGORITHMS)('reads what exportSigningKey wrote for %s', (alg) => {
    const made = generateSigningKey(alg);
    const key = importSigningKey(alg, exportSigningKey(made));
    expect(key.publicKey).toEqual(made.publicKey);
    expect(verifySignature(made.publicKey, message, key.sign(message))).toBe(true);
  });

  it('gives fixed keys fixed identities', () => {
    expect(ed25519Key(1).publicKey).toEqual(ALICE.publicKey);
    expect(p256Key(3).publicKey).toEqual(CAROL.publicKey);
    expect(p384Key(5).publicKey).toEqual(ERIN.publicKey);
  });

  it('refuses a key of another algorithm', () => {
    const pairs = ALGORITHMS.flatMap((a) => ALGORITHMS.map((b): [Algorithm, Algorithm] => [a, b]));
    for (const [alg, other] of pairs.filter(([a, b]) => a !== b)) {
      expectCode('KEY', () => importSigningKey(alg, exportSigningKey(FIXED[other])));
    }
  });

  it('refuses garbage without quoting it', () => {
    const error = expectCode('KEY', () => importSigningKey('ed25519', utf8('secret')));
    expect(error.cause).toBeUndefined();
    expect(error.message).not.toContain('secret');
  });
});

describe('exportSigningKey', () => {
  it('exports only keys of this module', () => {
    const { publicKey, sign: signWith } = ALICE;
    expectCode('BUG', () => exportSigningKey({ publicKey, sign: signWith }));
  });
});

describe('ML-DSA', () => {
  it.each([
    ['ml-dsa-44', 1334, 2420],
    ['ml-dsa-65', 1974, 3309],
  ] as const)('has the sizes of FIPS 204 and RFC 9881: %s', (alg, spkiBytes, signatureBytes) => {
    const key = FIXED[alg];
    expect(key.publicKey.spki.length).toBe(spkiBytes);
    expect(key.sign(message).length).toBe(signatureBytes);
    expect(exportSigningKey(key).length).toBe(54);
  });

  it('refuses a private key that is not the seed alone', () => {
    const pkcs8 = exportSigningKey(FIXED['ml-dsa-44']);
    for (const bytes of [pkcs8.subarray(1), concatBytes(pkcs8, pkcs8), new Uint8Array(0)]) {
      expectCode('KEY', () => importSigningKey('ml-dsa-44', bytes));
    }
  });
});
