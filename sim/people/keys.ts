/**
 * Signing keys that follow from names: the same in every process, so that a seed gives the same
 * bytes wherever it runs. Secrets of nobody.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { concatBytes, parseHex } from '../../src/core/bytes.ts';
import { importSigningKey, type SigningKey, sha256 } from '../../src/core/crypto.ts';
import { Memo } from '../../src/core/memo.ts';

const PKCS8_ED25519 = parseHex('302e020100300506032b657004220420');
const SIGNED_MAX = 8192;
const keys = new Map<string, SigningKey>();

/** The Ed25519 key of a signer or node. */
export function keyOf(name: string): SigningKey {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const secret = createHash('sha256').update(`key of ${name}`).digest();
  const key = remembering(importSigningKey('ed25519', concatBytes(PKCS8_ED25519, secret)));
  keys.set(name, key);
  return key;
}

/** The key with which a region attests. */
export function regionKeyOf(region: string): SigningKey {
  return keyOf(`region ${region}`);
}

/** Ed25519 signs the same message in the same way, and nodes say the same in many seeds. */
function remembering(key: SigningKey): SigningKey {
  const signed = new Memo<Uint8Array>(SIGNED_MAX);
  return {
    publicKey: key.publicKey,
    sign: (message) => {
      const name = sha256(message);
      return signed.get(name) ?? signed.set(name, key.sign(message), 1);
    },
  };
}
