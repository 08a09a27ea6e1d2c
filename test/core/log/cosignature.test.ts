import { describe, expect, it } from 'vitest';
import { encodeBase64, encodeHex, parseHex, parseUtf8 } from '../../../src/core/bytes.ts';
import { importPublicKey, importSigningKey } from '../../../src/core/crypto.ts';
import { parseRegionName } from '../../../src/core/ids.ts';
import { parseCheckpoint } from '../../../src/core/log/checkpoint.ts';
import {
  cosignatureKeyHash,
  cosignatureLine,
  cosignatureMessage,
  regionKeyName,
  verifyCosignature,
} from '../../../src/core/log/cosignature.ts';
import { CAROL, ed25519Key, expectCode, REALM } from '../support.ts';
import { checkpointOf, cosign, IAD, leavesOf, readVectors, regionKey } from './fixtures.ts';

interface KeyVector {
  region: string;
  seed: string;
  spki: string;
  name: string;
  keyHash: string;
  message: string;
  timeSeconds: number;
  signature: string;
  line: string;
}

const vectors = readVectors('checkpoints') as { text: string; keys: KeyVector[] };
const checkpoint = checkpointOf(leavesOf(3));
const key = regionKey(IAD).publicKey;
const name = regionKeyName(REALM, IAD);

describe('vectors of cosignatures', () => {
  it.each(vectors.keys)('give name, key hash, message and line of $region', (vector) => {
    const signed = parseCheckpoint(vectors.text);
    const vectorKey = importPublicKey({ alg: 'ed25519', spki: parseHex(vector.spki) });
    const { timeSeconds } = vector;
    expect(regionKeyName(signed.realm, parseRegionName(vector.region))).toBe(vector.name);
    expect(cosignatureKeyHash(vector.name, vectorKey)).toBe(vector.keyHash);
    const message = cosignatureMessage(signed, timeSeconds);
    expect(parseUtf8(message)).toBe(vector.message);
    const pkcs8 = parseHex(`302e020100300506032b657004220420${vector.seed}`);
    const signature = importSigningKey('ed25519', pkcs8).sign(message);
    expect(encodeHex(signature)).toBe(vector.signature);
    const parts = { name: vector.name, key: vectorKey, timeSeconds, signature };
    const line = cosignatureLine(signed, parts);
    const blob = Buffer.concat([parseHex(line.keyHash), line.signature]);
    expect(`— ${line.name} ${encodeBase64(blob)}\n`).toBe(vector.line);
    expect(verifyCosignature(signed, vectorKey, line)).toBe(timeSeconds);
  });
});

describe('cosignatureKeyHash', () => {
  it('depends on the name and on the key', () => {
    const hash = cosignatureKeyHash(name, key);
    expect(cosignatureKeyHash(`${name}2`, key)).not.toBe(hash);
    expect(cosignatureKeyHash(name, ed25519Key(9).publicKey)).not.toBe(hash);
  });

  it('is absent for a key that is not Ed25519', () => {
    expect(cosignatureKeyHash(name, CAROL.publicKey)).toBeUndefined();
  });
});

describe('cosignatureLine', () => {
  it('refuses a signature that does not verify, and a key that cannot cosign', () => {
    const parts = { name, key, timeSeconds: 5, signature: new Uint8Array(64) };
    expectCode('KEY', () => cosignatureLine(checkpoint, parts));
    const signature = CAROL.sign(cosignatureMessage(checkpoint, 5));
    const other = { name, key: CAROL.publicKey, timeSeconds: 5, signature };
    expectCode('KEY', () => cosignatureLine(checkpoint, other));
  });

  it('refuses the time 0 (D11)', () => {
    const signature = regionKey(IAD).sign(cosignatureMessage(checkpoint, 0));
    expectCode('KEY', () => cosignatureLine(checkpoint, { name, key, timeSeconds: 0, signature }));
  });
});

describe('verifyCosignature', () => {
  const line = cosign(IAD, checkpoint, 1234);

  it('gives the time', () => {
    expect(verifyCosignature(checkpoint, key, line)).toBe(1234);
  });

  it('refuses another time, another checkpoint, another key and another length', () => {
    const changed = (at: number): Uint8Array => {
      const signature = Uint8Array.from(line.signature);
      signature[at] = (signature[at] ?? 0) ^ 1;
      return signature;
    };
    for (const at of [7, 8, 71]) {
      const signature = changed(at);
      expect(verifyCosignature(checkpoint, key, { ...line, signature })).toBeUndefined();
    }
    expect(verifyCosignature({ ...checkpoint, size: 4 }, key, line)).toBeUndefined();
    expect(verifyCosignature(checkpoint, ed25519Key(9).publicKey, line)).toBeUndefined();
    for (const length of [0, 1, 7, 8, 71]) {
      const signature = line.signature.subarray(0, length);
      expect(verifyCosignature(checkpoint, key, { ...line, signature })).toBeUndefined();
    }
  });

  it('does not take what the key signed as something else', () => {
    const { sign } = regionKey(IAD);
    const bare = Buffer.concat([line.signature.subarray(0, 8), sign(new Uint8Array(5))]);
    expect(verifyCosignature(checkpoint, key, { ...line, signature: bare })).toBeUndefined();
  });
});
