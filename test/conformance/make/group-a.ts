/**
 * Group A: signers, keys and thresholds.
 */
import {
  concatBytes,
  encodeBase64,
  encodeHex,
  parseBase64,
  parseHex,
} from '../../../src/core/bytes.ts';
import { importPublicKey } from '../../../src/core/crypto.ts';
import type { ConformanceCase, VectorSignature } from '../format.ts';
import { byAdmin, CaseBuilder, type CaseOptions } from './case-builder.ts';
import {
  anchorEntry,
  at,
  DAY,
  type Doc,
  govern,
  type Json,
  type JsonObject,
  jcs,
  keyEntry,
  keyOf,
  MATERIAL,
  roleEntry,
  signerEntry,
  T0,
} from './realm.ts';

const ED25519_PREFIX = parseHex('302a300506032b6570032100');
/** The eight points of small order, then the other encodings of them (RFC 8032, section 5.1.3). */
const TORSION = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

/** The cases of the group. */
export function groupA(): readonly ConformanceCase[] {
  return [...keyCases(), ...countingCases(), ...memberCases(), ...charterKeyCases()];
}

function make(
  name: string,
  about: string,
  write: (builder: CaseBuilder) => void,
  options: CaseOptions = {},
): ConformanceCase {
  const builder = new CaseBuilder(name, about, options);
  write(builder);
  return builder.done();
}

/** A realm with one release, so that a refusal has something to leave as it is. */
function withRelease(builder: CaseBuilder): Doc {
  builder.begin();
  const first = builder.release([anchorEntry('one')]);
  builder.apply(first, 'accepted');
  return first;
}

/** A charter with one more signer who has this key. */
function withKey(alg: string, spki: Uint8Array): (charter: JsonObject) => void {
  return (charter) => {
    const signers = charter['signers'] as Json[];
    const keys = [{ alg, spki: encodeBase64(spki) }];
    signers.push({ id: 'mallory', keys, owner: 'Mallory' });
  };
}

function keyCases(): readonly ConformanceCase[] {
  const p256 = parseBase64(MATERIAL.keys['p256'] ?? '');
  const canonical = importPublicKey({ alg: 'ecdsa-p256-sha256', spki: p256 });
  const compressed = compressP256(p256);
  return [
    make('A01 one-key-two-keyids', 'One key, listed for two signers.', (b) => {
      withRelease(b);
      b.apply(
        b.charter((charter) => {
          (charter['signers'] as Json[]).push(signerEntry('zoe', ['alice']));
        }),
        'KEY',
      );
    }),
    make('A01 one-key-two-hints', 'One signature under two key ids counts once.', (b) => {
      withRelease(b);
      const bob = keyOf('bob').publicKey.keyId;
      const twice = b.release([anchorEntry('one')], {
        by: ['alice'],
        signatures: ([one]) => (one ? [one, { ...one, keyId: bob }] : []),
      });
      b.apply(twice, 'THRESHOLD');
    }),
    make('A02 one-key-two-encodings', 'Compressed and uncompressed are the same key.', (b) => {
      withRelease(b);
      const both = b.charter((charter) => {
        withKey('ecdsa-p256-sha256', p256)(charter);
        const other = { id: 'zoe', keys: [{ alg: canonical.alg, spki: encodeBase64(compressed) }] };
        (charter['signers'] as Json[]).push({ ...other, owner: 'Zoe' });
      });
      b.apply(both, 'KEY');
      b.apply(b.charter(withKey('ecdsa-p256-sha256', compressed)), 'accepted', {
        about: 'one of them is fine',
      });
    }),
    make('A11 small-order-key', 'Each point of small order, in each encoding.', (b) => {
      b.begin();
      for (const point of TORSION) {
        const spki = concatBytes(ED25519_PREFIX, parseHex(point));
        b.apply(b.charter(withKey('ed25519', spki)), 'KEY', { about: point });
      }
    }),
    make('A12 truncated-key', 'Ed25519 keys of 2, 31 and 33 bytes.', (b) => {
      withRelease(b);
      const good = keyOf('mallory').publicKey.spki;
      const lengths = {
        2: good.slice(0, 14),
        31: good.slice(0, -1),
        33: Uint8Array.of(...good, 0),
      };
      for (const [length, spki] of Object.entries(lengths)) {
        b.apply(b.charter(withKey('ed25519', spki)), 'KEY', { about: `${length} bytes` });
      }
    }),
    make('A16 weak-key', 'RSA, DSA, secp256k1 and P-521 under the names of good ones.', (b) => {
      withRelease(b);
      for (const name of ['rsa1024', 'rsa2048', 'dsa', 'secp256k1', 'p521']) {
        for (const alg of ['ed25519', 'ecdsa-p256-sha256']) {
          const spki = parseBase64(MATERIAL.keys[name] ?? '');
          b.apply(b.charter(withKey(alg, spki)), 'KEY', { about: `${name} as ${alg}` });
        }
      }
    }),
  ];
}

function countingCases(): readonly ConformanceCase[] {
  return [
    make('A03 repeated-signature', 'The same signer nine times counts once.', (b) => {
      withRelease(b);
      const signatures = ([one]: readonly VectorSignature[]): readonly VectorSignature[] =>
        one ? [{ ...one, repeat: 9 }] : [];
      b.apply(b.release([anchorEntry('one')], { by: ['alice'], signatures }), 'THRESHOLD');
    }),
    make('A03 repeated-signature-relayed', 'Beside a quorum copies are garbage too.', (b) => {
      withRelease(b);
      const signatures = (valid: readonly VectorSignature[]): readonly VectorSignature[] =>
        valid.map((one) => ({ ...one, repeat: 9 }));
      const release = b.release([anchorEntry('one')], { signatures });
      b.apply(release, 'accepted', { valid: 2 });
    }),
    make('A04 one-signer-two-keys', 'Both keys of one signer count once.', (b) => {
      b.begin((charter) => {
        charter['signers'] = [
          signerEntry('alice', ['alice', 'alice-2']),
          ...['bob', 'carol', 'dave'].map((name) => signerEntry(name)),
        ];
      });
      b.apply(b.release([anchorEntry('one')], { by: ['alice', 'alice-2'] }), 'THRESHOLD');
      b.apply(b.release([anchorEntry('one')], { by: ['alice-2', 'bob'] }), 'accepted');
    }),
    make('A05 m-minus-1', 'One signer too few; then none at all.', (b) => {
      withRelease(b);
      b.apply(b.release([anchorEntry('one')], { by: ['alice'] }), 'THRESHOLD');
      b.apply(b.release([anchorEntry('one')], { by: [] }), 'THRESHOLD');
    }),
    make('A06 m-plus-garbage', 'Garbage beside a quorum is stripped and harms nothing.', (b) => {
      withRelease(b);
      const garbage = (bytes: number): VectorSignature => ({
        keyId: keyOf('carol').publicKey.keyId,
        signature: encodeBase64(new Uint8Array(bytes).fill(0xa5)),
      });
      const signatures = (valid: readonly VectorSignature[]): readonly VectorSignature[] => [
        garbage(64),
        garbage(0),
        ...valid,
        garbage(4096),
        { ...garbage(64), keyId: '' },
      ];
      const release = b.release([anchorEntry('one')], { signatures });
      b.apply(release, 'accepted', { valid: 2 });
    }),
    make('A15 alg-label-lie', 'Hints that name other keys are only hints.', (b) => {
      b.begin();
      const [alice, bob] = ['alice', 'bob'].map((name) => keyOf(name).publicKey.keyId);
      const signatures = ([one, two]: readonly VectorSignature[]): readonly VectorSignature[] =>
        one && two
          ? [
              { ...one, keyId: bob ?? '' },
              { ...two, keyId: alice ?? '' },
            ]
          : [];
      b.apply(b.release([anchorEntry('one')], { signatures }), 'accepted');
    }),
    make('A18 dos-signatures', 'More than 64 are refused before any is verified.', (b) => {
      withRelease(b);
      for (const repeat of [63, 9_998]) {
        const empty = { keyId: '', signature: '', repeat };
        const signatures = (valid: readonly VectorSignature[]): readonly VectorSignature[] => [
          ...valid,
          empty,
        ];
        const release = b.release([anchorEntry('one')], { signatures });
        b.apply(release, 'LIMIT', { about: `${repeat + 2} signatures` });
        if (repeat < 64) b.envelope(envelopeOf(release), 'LIMIT');
      }
    }),
  ];
}

function memberCases(): readonly ConformanceCase[] {
  return [
    make('A07 wrong-role-key', 'The key of a region, and of the revoke role, add nothing.', (b) => {
      withRelease(b);
      const two = [anchorEntry('one'), anchorEntry('two', undefined, { state: 'staged' })];
      b.apply(b.release(two, { by: ['alice', 'iad'] }), 'THRESHOLD');
      const soon = T0 + 20 * DAY;
      b.apply(b.release(two, { by: ['alice', 'dave'], expiresMs: soon }), 'THRESHOLD');
      b.apply(b.release(two, { by: ['alice', 'dave'] }), 'POLICY', {
        about: 'and may not speak for as long as the release role',
      });
      b.apply(b.release(two, { by: ['alice', 'mallory'] }), 'THRESHOLD');
    }),
    make('A08 removed-signer', 'Who was removed signs nothing new.', (b) => {
      withRelease(b);
      b.apply(
        b.charter((charter) => govern(charter, 2, 'alice', 'bob', 'erin'), {
          by: ['alice', 'bob'],
        }),
        'accepted',
      );
      b.apply(b.release([anchorEntry('one')], { by: ['alice', 'carol'] }), 'THRESHOLD');
      const old = b.release([anchorEntry('one')], { by: ['alice', 'carol'], charterVersion: 1 });
      b.apply(old, 'THRESHOLD', { about: 'also when the statement names the old charter' });
    }),
    make('A09 historic-release', 'What left signers signed is history, never the head.', (b) => {
      b.begin();
      const one = b.release([anchorEntry('one')]);
      const two = b.release([anchorEntry('one')], { after: one });
      const rotated = b.charter((charter) => govern(charter, 2, 'carol', 'erin', 'frank'), {
        by: ['alice', 'bob', 'carol', 'erin'],
      });
      b.apply(rotated, 'accepted');
      b.apply(one, 'THRESHOLD');
      b.apply([one, two], 'THRESHOLD');
      const three = b.release([anchorEntry('one')], { after: two, by: ['carol', 'erin'] });
      b.apply(
        [one, two, three],
        'accepted',
        byAdmin('THRESHOLD', 'Submit takes one at a time; history comes from peers'),
      );
    }),
    make('A10 bad-threshold', 'Thresholds that are no majority, or no number.', (b) => {
      b.begin();
      for (const threshold of [0, -1, 1.5, '2', 4, 1, true]) {
        const bad = b.charter((charter) => {
          at(charter, 'roles')['release'] = roleEntry(threshold, 'alice', 'bob', 'carol');
        });
        const about = `threshold ${JSON.stringify(threshold)} of 3`;
        b.apply(bad, threshold === 1.5 ? 'PARSE' : 'POLICY', { about });
      }
      const half = b.charter((charter) => {
        at(charter, 'roles')['charter'] = roleEntry(2, 'alice', 'bob', 'carol', 'dave');
      });
      b.apply(half, 'POLICY', { about: 'two of four' });
    }),
  ];
}

function charterKeyCases(): readonly ConformanceCase[] {
  const extra = { alg: 'ml-dsa-87', spki: encodeBase64(new Uint8Array(64)) };
  return [
    make('A13 key-of-two-exposures', 'An offline key as the key of a region.', (b) => {
      withRelease(b);
      b.apply(
        b.charter((charter) => {
          charter['regions'] = [{ keys: [keyEntry(keyOf('alice').publicKey)], name: 'iad' }];
        }),
        'KEY',
      );
      b.apply(
        b.charter((charter) => {
          at(charter, 'roles')['rollout'] = roleEntry(1, 'alice');
        }),
        'KEY',
        { about: 'or of an online role' },
      );
    }),
    make('A14 hybrid-half', 'A signer counts with keys of all required kinds only.', (b) => {
      withRelease(b);
      const hybrid = (charter: JsonObject): void => {
        const pairs = ['alice', 'bob'].map((name) => signerEntry(name, [name, `${name}-pq`]));
        charter['signers'] = [...pairs, signerEntry('carol'), signerEntry('dave')];
        const release = { ...roleEntry(2, 'alice', 'bob'), requiredAlgs: ['ed25519', 'ml-dsa-44'] };
        at(charter, 'roles')['release'] = release;
      };
      b.apply(
        b.charter((charter) => {
          hybrid(charter);
          (at(charter, 'roles', 'release')['signers'] as Json[]).push('carol');
        }),
        'POLICY',
        { about: 'a signer who could never count' },
      );
      b.apply(b.charter(hybrid), 'accepted');
      const next = (...by: readonly string[]): Doc => b.release([anchorEntry('one')], { by });
      b.apply(next('alice', 'bob'), 'THRESHOLD', { about: 'one half' });
      b.apply(next('alice-pq', 'bob-pq'), 'THRESHOLD', { about: 'the other half' });
      b.apply(next('alice', 'alice-pq', 'bob'), 'THRESHOLD', { about: 'one whole signer' });
      b.apply(next('alice', 'bob-pq'), 'THRESHOLD', { about: 'two halves of two signers' });
      b.apply(next('alice', 'alice-pq', 'bob', 'bob-pq'), 'accepted');
    }),
    make('A17 alg-unsupported-by-verifier', 'Unknown algorithms fail closed.', (b) => {
      withRelease(b);
      for (const alg of ['ml-dsa-87', 'rsa-pss-sha256', 'ED25519', '', 'constructor']) {
        const bad = b.charter((charter) => {
          (charter['signers'] as Json[]).push({
            id: 'mallory',
            keys: [{ ...extra, alg }],
            owner: 'Mallory',
          });
        });
        b.apply(bad, 'ALGORITHM', { about: JSON.stringify(alg) });
      }
    }),
  ];
}

/** The SPKI of the same P-256 point in 33 bytes. */
function compressP256(spki: Uint8Array): Uint8Array {
  const point = spki.slice(-64);
  const isOdd = ((point[63] ?? 0) & 1) === 1;
  const prefix = parseHex('3039301306072a8648ce3d020106082a8648ce3d030107032200');
  const x = parseHex(`${isOdd ? '03' : '02'}${encodeHex(point.slice(0, 32))}`);
  return concatBytes(prefix, x);
}

/** The DSSE file of a document, with repeated signatures written out. */
export function envelopeOf(doc: Doc, payloadType = 'application/vnd.in-toto+json'): string {
  const signatures = doc.statement.signatures.flatMap(({ keyId, signature, repeat = 1 }) =>
    Array.from({ length: repeat }, () => ({ keyid: keyId, sig: signature })),
  );
  return jcs({ payload: doc.statement.payload, payloadType, signatures });
}
