/**
 * The heartbeat: a region's "at this time these are the heads of all streams that I hold".
 *
 * One signature per region and interval covers all streams, so its cost does not grow with them.
 * What is signed is text in the manner of a checkpoint, made anew from the fields by whoever
 * verifies: there are no signed bytes to parse, a shell script can make them, and its first line
 * keeps it apart from the cosignatures of the same key. Spec section 8.
 *
 * @module
 */
import { encodeBase64, encodeUtf8, parseHex } from '../bytes.ts';
import { type PublicKey, verifySignature } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { KeyId, RealmName, RegionName } from '../ids.ts';
import { STREAMS_MAX } from '../limits.ts';
import { regionKeyName } from './cosignature.ts';
import type { TreeHead } from './proof.ts';
import type { RegionPolicy } from './regions.ts';

/** What a heartbeat says. */
export interface HeartbeatFields {
  readonly realm: RealmName;
  readonly region: RegionName;
  /** Seconds since 1970, at least 1. */
  readonly timeSeconds: number;
  /** The tree of heads (`heads.ts`). */
  readonly heads: TreeHead;
}

/** A signed heartbeat. */
export interface Heartbeat extends HeartbeatFields {
  readonly keyId: KeyId;
  readonly signature: Uint8Array;
}

/** The charter's stream is a row too. */
const HEADS_MAX = STREAMS_MAX + 1;

/** The bytes that are signed. Rule HB-3. */
export function heartbeatMessage({
  realm,
  region,
  timeSeconds,
  heads,
}: HeartbeatFields): Uint8Array {
  const lines = [
    'kedge-heartbeat/v1',
    `time ${timeSeconds}`,
    regionKeyName(realm, region),
    String(heads.size),
    encodeBase64(parseHex(heads.root)),
  ];
  return encodeUtf8(`${lines.join('\n')}\n`);
}

/** Adds the signature, after verifying it with the public key. Errors: `KEY`. Rule HB-4. */
export function sealHeartbeat(
  fields: HeartbeatFields,
  key: PublicKey,
  signature: Uint8Array,
): Heartbeat {
  const heartbeat = { ...fields, keyId: key.keyId, signature };
  if (isSignedBy(key, heartbeat)) return heartbeat;
  throw new KedgeError('KEY', `key ${key.keyId} made no heartbeat that verifies`, {
    detail: { keyId: key.keyId },
  });
}

/**
 * Requires a heartbeat by a region that counts.
 *
 * Errors: `REALM`, `KEY` (no key of that region), `LIMIT` (more streams than a node holds), `PROOF`
 * (time 0, a signature that does not verify). Rules HB-3 to HB-5.
 */
export function verifyHeartbeat(policy: RegionPolicy, heartbeat: Heartbeat): void {
  const { realm, region, keyId, heads } = heartbeat;
  if (realm !== policy.realm) {
    throw new KedgeError('REALM', `a heartbeat of ${realm} is not one of ${policy.realm}`);
  }
  const known = policy.keys.get(keyId);
  if (known === undefined || known.region !== region) {
    throw new KedgeError('KEY', `key ${keyId} is none with which region ${region} counts`, {
      detail: { region, keyId },
    });
  }
  if (heads.size > HEADS_MAX) {
    throw new KedgeError('LIMIT', `a heartbeat covers at most ${HEADS_MAX} streams`, {
      detail: { region, size: heads.size, max: HEADS_MAX },
    });
  }
  if (isSignedBy(known.key, heartbeat)) return;
  throw new KedgeError('PROOF', `the heartbeat of region ${region} does not verify`, {
    detail: { region, keyId },
  });
}

/** D11: a heartbeat without a time proves nothing. */
function isSignedBy(key: PublicKey, heartbeat: Heartbeat): boolean {
  const { timeSeconds, heads, signature } = heartbeat;
  if (!Number.isSafeInteger(timeSeconds) || timeSeconds < 1) return false;
  if (!Number.isSafeInteger(heads.size) || heads.size < 0) return false;
  return verifySignature(key, heartbeatMessage(heartbeat), signature);
}
