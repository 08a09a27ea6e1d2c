/**
 * The head of a node's audit log as a C2SP checkpoint, and the signature of the node's region under
 * it.
 *
 * The origin is `<realm>/audit/<node>`. No stream is called that, so what a region signs here is
 * never a cosignature of a stream, though key, name and format are the same. A node without a key
 * of its region serves the text alone: it binds nobody, and is still what a later one is compared
 * with. Spec section 11.
 *
 * @module
 */
import { encodeUtf8, parseUtf8 } from '../bytes.ts';
import type { Charter } from '../charter/model.ts';
import type { SigningKey } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import {
  type KeyId,
  type NodeId,
  parseNodeId,
  parseRealmName,
  type RealmName,
  type RegionName,
} from '../ids.ts';
import { NOTE_MAX_BYTES } from '../limits.ts';
import {
  cosignatureKeyHash,
  cosignedLine,
  cosignedMessage,
  regionKeyName,
  verifyCosignedText,
} from '../log/cosignature.ts';
import { headText, parseHeadText } from '../log/head-text.ts';
import { encodeNote, type NoteSignature, parseNote } from '../log/note.ts';
import type { TreeHead } from '../log/proof.ts';

/** Whose audit log. */
export interface AuditLogName {
  readonly realm: RealmName;
  readonly node: NodeId;
}

/** The head of an audit log. */
export interface AuditCheckpoint extends AuditLogName, TreeHead {}

/** A region's key and where it signs. */
export interface AuditSealer {
  readonly region: RegionName;
  readonly key: SigningKey;
}

/** A checkpoint as it was read; whose lines are good is not known yet. */
export interface ReadCheckpoint {
  readonly checkpoint: AuditCheckpoint;
  readonly lines: readonly NoteSignature[];
}

/** A region's signature under a checkpoint. */
export interface AuditSeal {
  readonly region: RegionName;
  readonly keyId: KeyId;
  readonly timeSeconds: number;
}

const KIND = 'audit';

/** The checkpoint as bytes: a note when there is somebody to sign it, else the text. Rule AL-5. */
export function sealAuditCheckpoint(
  checkpoint: AuditCheckpoint,
  sealer: AuditSealer | undefined,
  timeSeconds: number,
): Uint8Array {
  const text = textOf(checkpoint);
  if (sealer === undefined) return encodeUtf8(text);
  const { region, key } = sealer;
  const line = cosignedLine(text, {
    name: regionKeyName(checkpoint.realm, region),
    key: key.publicKey,
    timeSeconds,
    signature: key.sign(cosignedMessage(text, timeSeconds)),
  });
  return encodeNote({ text, signatures: [line] });
}

/**
 * Reads a checkpoint of one audit log, or of whichever it is. Errors: `LIMIT`, `PARSE`, `REALM`,
 * `TYPE` (another node's). Rule AL-5.
 */
export function readAuditCheckpoint(
  bytes: Uint8Array,
  log: Partial<AuditLogName> = {},
): ReadCheckpoint {
  const { text, signatures: lines } = isNote(bytes)
    ? parseNote(bytes)
    : { text: parseUtf8(bytes), signatures: [] };
  const { origin, ...head } = parseHeadText(text);
  const [realmText = '', kind, nodeText = '', ...more] = origin.split('/');
  if (kind !== KIND || more.length > 0) {
    throw new KedgeError('TYPE', `a checkpoint of ${origin} is not one of an audit log`);
  }
  const checkpoint = {
    realm: parseRealmName(realmText),
    node: parseNodeId(nodeText),
    ...head,
  };
  const { realm = checkpoint.realm, node = checkpoint.node } = log;
  if (checkpoint.realm !== realm) {
    throw new KedgeError('REALM', `a checkpoint of ${checkpoint.realm} is not one of ${realm}`);
  }
  if (checkpoint.node === node) return { checkpoint, lines };
  throw new KedgeError('TYPE', `a checkpoint of node ${checkpoint.node} is not one of ${node}`);
}

/**
 * Whose valid signatures are under a checkpoint, by the keys that any of these charters lists for
 * its regions. Rules AL-5 and CO-8.
 */
export function verifyAuditSeals(
  { checkpoint, lines }: ReadCheckpoint,
  charters: readonly Pick<Charter, 'regions'>[],
): readonly AuditSeal[] {
  const text = textOf(checkpoint);
  const seals = new Map<KeyId, AuditSeal>();
  for (const { name: region, keys } of charters.flatMap(({ regions }) => regions)) {
    const name = regionKeyName(checkpoint.realm, region);
    for (const key of keys) {
      const keyHash = cosignatureKeyHash(name, key);
      const line = lines.find((one) => one.name === name && one.keyHash === keyHash);
      if (line === undefined || seals.has(key.keyId)) continue;
      const timeSeconds = verifyCosignedText(text, key, line);
      if (timeSeconds !== undefined) {
        seals.set(key.keyId, { region, keyId: key.keyId, timeSeconds });
      }
    }
  }
  return [...seals.values()];
}

function textOf({ realm, node, size, root }: AuditCheckpoint): string {
  return headText(`${realm}/${KIND}/${node}`, { size, root });
}

/** A text without signatures has no blank line. */
function isNote(bytes: Uint8Array): boolean {
  if (bytes.length > NOTE_MAX_BYTES) throw new KedgeError('LIMIT', 'a checkpoint is too large');
  return parseUtf8(bytes).includes('\n\n');
}
