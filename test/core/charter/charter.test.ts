import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, encodeBase64, parseHex, parseUtf8 } from '../../../src/core/bytes.ts';
import {
  type Charter,
  encodeCharter,
  parseCharter,
  releaseRole,
} from '../../../src/core/charter/charter.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import {
  parseBundleName,
  parseRegionName,
  parseSequence,
  parseSha256,
  parseStreamName,
} from '../../../src/core/ids.ts';
import {
  ALICE,
  BOB,
  CAROL,
  CHARTER,
  canonical,
  DAVE,
  ERIN,
  ed25519Key,
  expectCode,
  firstDraft,
  p256Key,
  plain,
  replaced,
  role,
  signer,
  utf8,
} from '../support.ts';

const body = firstDraft().body;
const digest = (byte: string): ReturnType<typeof parseSha256> => parseSha256(byte.repeat(32));

const PAYMENTS = parseStreamName('release/payments.prod.example.org');

/** A charter with everything that a charter can have. */
const full: Charter = {
  ...CHARTER,
  signers: [
    signer('alice', ALICE, ed25519Key(11)),
    signer('bob', BOB),
    signer('carol', CAROL),
    signer('dave', DAVE),
    signer('erin', ERIN),
  ],
  roles: {
    ...CHARTER.roles,
    revoke: role(1, 'alice', 'bob', 'carol'),
    rollout: role(1, 'dave'),
    region: role(1, 'dave', 'erin'),
    recovery: { keyDigests: [digest('01'), digest('02')], threshold: 2, expiryDays: 30 },
  },
  delegations: [
    { bundle: '*.lab.example.org', role: role(1, 'carol') },
    { bundle: 'payments.prod.example.org', role: role(2, 'alice', 'bob', 'carol') },
  ],
  regions: [
    { name: parseRegionName('fra'), keys: [ed25519Key(21).publicKey] },
    { name: parseRegionName('iad'), keys: [ed25519Key(22).publicKey, p256Key(23).publicKey] },
  ],
  note: 'everything',
  resolutions: [
    { stream: PAYMENTS, sequence: parseSequence(9), digest: digest('03') },
    { stream: PAYMENTS, sequence: parseSequence(10), digest: digest('04') },
    {
      stream: parseStreamName('release/public-web'),
      sequence: parseSequence(2),
      digest: digest('05'),
    },
  ],
};
const fullBody = encodeCharter(full);

describe('parseCharter', () => {
  it('reads what encodeCharter wrote', () => {
    expect(parseCharter(body)).toEqual(CHARTER);
    expect(parseCharter(fullBody)).toEqual(full);
    expect(encodeCharter(parseCharter(fullBody))).toEqual(fullBody);
  });

  it('leaves absent roles out', () => {
    expect(Object.keys(parseCharter(body).roles)).toEqual(['charter', 'release']);
  });

  it.each([
    ['version', 0],
    ['version', -1],
    ['version', '1'],
    ['realm', '../x'],
    ['realm', 'PROD'],
    ['realm', 'constructor'],
    ['note', 1],
    ['note', undefined],
    ['extra', 1],
    ['signers', []],
    ['signers', {}],
    ['signers.0', 'alice'],
    ['signers.0.id', 'Alice'],
    ['signers.0.id', 'constructor'],
    ['signers.0.id', 'а'],
    ['signers.0.owner', undefined],
    ['signers.0.extra', 1],
    ['signers.0.keys', []],
    ['signers.0.keys.0', 'key'],
    ['signers.0.keys.0.spki', 'AB=='],
    ['signers.0.keys.0.alg', 1],
    ['signers.0.keys.0.extra', 1],
    ['roles', []],
    ['roles.charter', undefined],
    ['roles.release', undefined],
    ['roles.extra', role(1, 'alice')],
    ['roles.charter.signers', []],
    ['roles.charter.signers', ['bob', 'alice']],
    ['roles.charter.signers', ['alice', 'alice', 'bob']],
    ['roles.charter.signers', [1]],
    ['roles.charter.signers', ['../x']],
    ['roles.charter.expiryDays', 0],
    ['roles.charter.expiryDays', 3661],
    ['roles.charter.expiryDays', '365'],
    ['roles.charter.threshold', undefined],
    ['roles.charter.requiredAlgs', []],
    ['roles.charter.requiredAlgs', ['ml-dsa-44', 'ed25519']],
    ['roles.charter.requiredAlgs', ['ed25519', 'ed25519']],
    ['roles.charter.requiredAlgs', 'ed25519'],
    ['roles.recovery.keyDigests', []],
    ['roles.recovery.keyDigests', ['01'.repeat(32), '01'.repeat(32)]],
    ['roles.recovery.keyDigests', ['zz']],
    ['roles.recovery.signers', ['alice']],
    ['delegations', {}],
    ['delegations.0.bundle', '*'],
    ['delegations.0.bundle', '*.'],
    ['delegations.0.bundle', 'a.*'],
    ['delegations.0.bundle', '*.*.a'],
    ['delegations.0.bundle', '../x'],
    ['delegations.0.bundle', 'zzz'],
    ['delegations.0.bundle', 'payments.prod.example.org'],
    ['delegations.0.role', undefined],
    ['delegations.0.extra', 1],
    ['resolutions', {}],
    ['resolutions', []],
    ['resolutions.0', 'release/a'],
    ['resolutions.0.stream', 'somewhere'],
    ['resolutions.0.stream', undefined],
    ['resolutions.0.sequence', 0],
    ['resolutions.0.sequence', '9'],
    ['resolutions.0.sequence', 10],
    ['resolutions.0.sequence', 11],
    ['resolutions.0.stream', 'release/zzz'],
    ['resolutions.0.digest', 'zz'],
    ['resolutions.0.digest', undefined],
    ['resolutions.0.extra', 1],
    ['regions.0.name', 'iad'],
    ['regions.0.name', 'jfk'],
    ['regions.0.name', 'a.b'],
    ['regions.0.keys', []],
    ['regions.0.extra', 1],
    ['lifecycle.holdDownSeconds', -1],
    ['lifecycle.holdDownSeconds', 366 * 86_400 + 1],
    ['lifecycle.overlapSeconds', -1],
    ['lifecycle.overlapSeconds', 366 * 86_400 + 1],
    ['lifecycle.blastRadiusPercent', 101],
    ['lifecycle.blastRadiusPercent', -1],
    ['lifecycle.extra', 1],
    ['clients.freshnessSeconds', 0],
    ['clients.freshnessSeconds', 366 * 86_400 + 1],
    ['clients.extra', 1],
  ])('refuses %s as %j', (path, value) => {
    expectCode('PARSE', () => parseCharter(replaced(fullBody, path, value)));
  });

  it.each([
    ['a fraction as threshold (A10)', '"threshold":2}', '"threshold":1.5}'],
    ['an exponent as threshold', '"threshold":2}', '"threshold":2e0}'],
    ['a duplicate key', '"version":1', '"version":1,"version":1'],
    ['__proto__', '{"clients"', '{"__proto__":{},"clients"'],
    ['a space', '"version":1', '"version": 1'],
  ])('refuses %s (E11)', (_name, search, replacement) => {
    const text = parseUtf8(body);
    expect(text).toContain(search);
    expectCode('PARSE', () => parseCharter(utf8(text.replace(search, replacement))));
  });

  it.each([
    ['signers', Array.from({ length: 101 }, () => 1)],
    ['signers.0.keys', Array.from({ length: 9 }, () => 1)],
    ['signers.0.owner', 'x'.repeat(501)],
    ['note', 'x'.repeat(501)],
    ['delegations', Array.from({ length: 1001 }, () => 1)],
    ['regions', Array.from({ length: 101 }, () => 1)],
    ['regions.0.keys', Array.from({ length: 9 }, () => 1)],
    ['roles.charter.signers', Array.from({ length: 101 }, () => 'a')],
    ['roles.recovery.keyDigests', Array.from({ length: 101 }, () => 'a')],
    ['signers.0.keys.0.spki', encodeBase64(new Uint8Array(2049))],
  ])('refuses too much in %s', (path, value) => {
    expectCode('LIMIT', () => parseCharter(replaced(fullBody, path, value)));
  });

  it.each([
    ['lifecycle.holdDownSeconds', 0],
    ['lifecycle.holdDownSeconds', 366 * 86_400],
    ['lifecycle.overlapSeconds', 0],
    ['lifecycle.blastRadiusPercent', 0],
    ['lifecycle.blastRadiusPercent', 100],
    ['clients.freshnessSeconds', 1],
    ['clients.freshnessSeconds', 366 * 86_400],
    ['roles.charter.expiryDays', 1],
    ['roles.charter.expiryDays', 3660],
    ['version', Number.MAX_SAFE_INTEGER],
    ['note', ''],
    ['note', 'x'.repeat(500)],
    ['delegations', []],
    ['regions', []],
  ])('accepts %s as %j', (path, value) => {
    expect(parseCharter(replaced(fullBody, path, value)).realm).toBe('prod.example.org');
  });

  it('refuses a body above 1 MiB before it parses', () => {
    expectCode('LIMIT', () => parseCharter(new Uint8Array(1024 * 1024 + 1)));
  });

  it.each([
    [
      'a small-order key (A11)',
      'ed25519',
      concatBytes(parseHex('302a300506032b6570032100'), new Uint8Array(32)),
    ],
    ['a truncated key (A12)', 'ed25519', ALICE.publicKey.spki.subarray(0, 43)],
    ['two bytes (A12)', 'ed25519', ALICE.publicKey.spki.subarray(0, 2)],
    ['the key of another algorithm (A16)', 'ed25519', CAROL.publicKey.spki],
  ])('refuses %s, with its path', (_name, alg, spki) => {
    const key = { alg, spki: encodeBase64(spki) };
    const error = expectCode('KEY', () =>
      parseCharter(replaced(fullBody, 'signers.1.keys.0', key)),
    );
    expect(error.message).toContain('charter.signers[1].keys[0]: ');
    expectCode('KEY', () => parseCharter(replaced(fullBody, 'regions.0.keys.0', key)));
  });

  it.each(['ml-dsa-87', 'ecdsa-p256-sha1', 'rsa', 'constructor'])(
    'refuses a charter with one key of %s whole (A17)',
    (alg) => {
      const bytes = replaced(fullBody, 'signers.4.keys.0.alg', alg);
      expectCode('ALGORITHM', () => parseCharter(bytes));
    },
  );

  it('throws nothing but KedgeError on any damage', () => {
    const damage = fc.tuple(fc.nat(fullBody.length - 1), fc.nat(255));
    fc.assert(
      fc.property(damage, ([index, byte]) => {
        const changed = Uint8Array.from(fullBody);
        changed[index] = byte;
        try {
          parseCharter(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(KedgeError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('throws nothing but KedgeError on any shape', () => {
    const keys = Object.keys(plain(fullBody));
    const shape = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ noUnicodeString: false }));
    fc.assert(
      fc.property(shape, (one) => {
        const changed = { ...plain(fullBody), ...one };
        try {
          parseCharter(canonical(changed));
        } catch (error) {
          expect(error).toBeInstanceOf(KedgeError);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('encodeCharter', () => {
  it('sorts what has an order', () => {
    const shuffled: Charter = {
      ...full,
      signers: full.signers.toReversed(),
      delegations: full.delegations.toReversed(),
      regions: full.regions.toReversed(),
      roles: {
        ...full.roles,
        charter: { ...full.roles.charter, signers: full.roles.charter.signers.toReversed() },
        recovery: { keyDigests: [digest('02'), digest('01')], threshold: 2, expiryDays: 30 },
      },
    };
    expect(encodeCharter(shuffled)).toEqual(fullBody);
  });

  it('refuses what no node would accept', () => {
    expectCode('KEY', () =>
      encodeCharter({ ...full, signers: [...full.signers, signer('zoe', ALICE)] }),
    );
    expectCode('PARSE', () => encodeCharter({ ...full, version: 0 }));
    expectCode('PARSE', () =>
      encodeCharter({ ...full, signers: [...full.signers, signer('bob', ed25519Key(31))] }),
    );
  });
});

describe('releaseRole', () => {
  const charter: Charter = {
    ...CHARTER,
    delegations: [
      { bundle: '*.example.org', role: role(1, 'alice') },
      { bundle: '*.lab.example.org', role: role(1, 'bob') },
      { bundle: 'x.lab.example.org', role: role(1, 'carol') },
    ],
  };
  it.each([
    ['x.lab.example.org', ['carol']],
    ['y.lab.example.org', ['bob']],
    ['a.x.lab.example.org', ['bob']],
    ['lab.example.org', ['alice']],
    ['example.org', ['alice', 'bob', 'carol']],
    ['evil-example.org', ['alice', 'bob', 'carol']],
    ['other.net', ['alice', 'bob', 'carol']],
  ])('gives %s to %j', (bundle, signers) => {
    expect(releaseRole(charter, parseBundleName(bundle)).signers).toEqual(signers);
    const reversed = { ...charter, delegations: charter.delegations.toReversed() };
    expect(releaseRole(reversed, parseBundleName(bundle)).signers).toEqual(signers);
  });
});
