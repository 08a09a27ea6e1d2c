/**
 * The cosignature: a region's "at this time this is the largest tree of the stream that I hold, and
 * I hold it whole", as a line under a checkpoint.
 *
 * Format cosignature/v1, which is Ed25519; other keys of a region cosign nothing. The signed
 * message begins with a line that no statement and no heartbeat begins with, so a region's key can
 * do all its work. Source: c2sp.org/tlog-cosignature; spec section 8.
 *
 * @module
 */
import { concatBytes, encodeHex, encodeUtf8 } from '../bytes.ts';
import { type PublicKey, sha256Bytes, verifySignature } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { RealmName, RegionName } from '../ids.ts';
import { type Checkpoint, checkpointText } from './checkpoint.ts';
import type { NoteSignature } from './note.ts';

const COSIGNATURE_TYPE = 4;
const KEY_HASH_BYTES = 4;
const ED25519_POINT_BYTES = 32;
const TIME_BYTES = 8;

/** Key hashes by the key, which has one name in a realm. */
const keyHashes = new WeakMap<PublicKey, { readonly name: string; readonly hash: string }>();

/** The name under which a region signs notes: a URL without a scheme. Rule CO-6. */
export function regionKeyName(realm: RealmName, region: RegionName): string {
  return `${realm}/region/${region}`;
}

/** The key hash of an Ed25519 key; absent for a key that cannot cosign. Rule CO-6. */
export function cosignatureKeyHash(name: string, key: PublicKey): string | undefined {
  if (key.alg !== 'ed25519') return undefined;
  const known = keyHashes.get(key);
  if (known?.name === name) return known.hash;
  const hash = keyHashOf(name, key);
  keyHashes.set(key, { name, hash });
  return hash;
}

function keyHashOf(name: string, key: PublicKey): string {
  const prefix = encodeUtf8(`${name}\n`);
  const point = key.spki.subarray(-ED25519_POINT_BYTES);
  const hash = sha256Bytes(concatBytes(prefix, new Uint8Array([COSIGNATURE_TYPE]), point));
  return encodeHex(hash.subarray(0, KEY_HASH_BYTES));
}

/** The bytes that are signed. Rule CO-7. */
export function cosignatureMessage(checkpoint: Checkpoint, timeSeconds: number): Uint8Array {
  return cosignedMessage(checkpointText(checkpoint), timeSeconds);
}

/** The same for the text of any log. Rule CO-7. */
export function cosignedMessage(text: string, timeSeconds: number): Uint8Array {
  return encodeUtf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}

/** What a cosignature is made of. */
export interface CosignatureParts {
  readonly name: string;
  readonly key: PublicKey;
  /** Seconds since 1970, at least 1. */
  readonly timeSeconds: number;
  /** Over {@link cosignatureMessage}. */
  readonly signature: Uint8Array;
}

/**
 * Puts a cosignature into its line, after verifying it with the public key. Errors: `KEY` (a key
 * that cannot cosign, a signature that does not verify). Rules CO-7 and CO-8.
 */
export function cosignatureLine(checkpoint: Checkpoint, parts: CosignatureParts): NoteSignature {
  return cosignedLine(checkpointText(checkpoint), parts);
}

/** The same under the text of any log. Errors: `KEY`. Rules CO-7 and CO-8. */
export function cosignedLine(text: string, parts: CosignatureParts): NoteSignature {
  const { name, key, timeSeconds, signature } = parts;
  const keyHash = cosignatureKeyHash(name, key);
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeSeconds));
  const line = { name, keyHash: keyHash ?? '', signature: concatBytes(time, signature) };
  if (keyHash === undefined || verifyCosignedText(text, key, line) === undefined) {
    throw new KedgeError('KEY', `key ${key.keyId} made no cosignature that verifies`, {
      detail: { keyId: key.keyId },
    });
  }
  return line;
}

/**
 * The time of a cosignature by `key`, seconds since 1970; absent when it does not verify, or says
 * no time, or one that no number holds. Rule CO-8.
 */
export function verifyCosignature(
  checkpoint: Checkpoint,
  key: PublicKey,
  line: NoteSignature,
): number | undefined {
  return verifyCosignedText(checkpointText(checkpoint), key, line);
}

/** The same for the text of any log. Rule CO-8. */
export function verifyCosignedText(
  text: string,
  key: PublicKey,
  line: NoteSignature,
): number | undefined {
  const timeSeconds = cosignatureTime(line);
  if (timeSeconds === 0 || !Number.isSafeInteger(timeSeconds)) return undefined;
  const message = cosignedMessage(text, timeSeconds);
  const signature = line.signature.subarray(TIME_BYTES);
  return verifySignature(key, message, signature) ? timeSeconds : undefined;
}

/** The time that a line names, seconds since 1970, unverified; 0 where it names none. */
export function cosignatureTime({ signature: bytes }: NoteSignature): number {
  if (bytes.length < TIME_BYTES) return 0;
  return Number(new DataView(bytes.buffer, bytes.byteOffset, TIME_BYTES).getBigUint64(0));
}
