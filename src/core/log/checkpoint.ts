/**
 * The checkpoint: the head of one stream's tree as the text that regions cosign.
 *
 * A stream is a log whose leaf i is the payload of the statement with sequence i + 1, so the size
 * is the sequence of the head. Its origin, which tells it from all other logs, is
 * `<realm>/<stream>`: a realm's name has no slash, so no two streams share one. Source:
 * c2sp.org/tlog-checkpoint; spec section 8.
 *
 * @module
 */
import { encodeBase64, encodeHex, parseBase64, parseHex } from '../bytes.ts';
import { KedgeError } from '../errors.ts';
import {
  parseRealmName,
  parseSha256,
  parseStreamName,
  type RealmName,
  type StreamName,
} from '../ids.ts';
import { type ProofHashes, type TreeHead, verifyConsistency } from './proof.ts';
import { EMPTY_TREE, TREE_HASH_BYTES, treeRoot } from './tree.ts';

/** Which log: a stream of a realm. */
export interface LogName {
  readonly realm: RealmName;
  readonly stream: StreamName;
}

/** The head of a stream's tree. */
export interface Checkpoint extends LogName, TreeHead {}

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** The text of a checkpoint: three lines with their newlines. Rule CO-3. */
export function checkpointText({ realm, stream, size, root }: Checkpoint): string {
  return `${realm}/${stream}\n${size}\n${encodeBase64(parseHex(root))}\n`;
}

/** Parses the text of a checkpoint; extension lines are refused. Errors: `PARSE`. Rule CO-3. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  if (rest.length !== 1 || rest[0] !== '') throw malformed('must be three lines, no more');
  const slash = origin.indexOf('/');
  const size = SIZE.test(sizeText) ? Number(sizeText) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw malformed('has no decimal size up to 2^53 - 1');
  const rootBytes = parseBase64(rootText);
  if (rootBytes.length !== TREE_HASH_BYTES) throw malformed('has no root of 32 bytes');
  const root = parseSha256(encodeHex(rootBytes));
  if (size === 0 && root !== treeRoot(EMPTY_TREE)) throw malformed('is empty with another root');
  return {
    realm: parseRealmName(origin.slice(0, Math.max(0, slash))),
    stream: parseStreamName(origin.slice(slash + 1)),
    size,
    root,
  };
}

/** Requires a checkpoint of one log. Errors: `REALM`, `TYPE` (another stream). Rule CO-4. */
export function requireLog(checkpoint: Checkpoint, { realm, stream }: LogName): void {
  if (checkpoint.realm !== realm) {
    throw new KedgeError('REALM', `a checkpoint of ${checkpoint.realm} is not one of ${realm}`);
  }
  if (checkpoint.stream !== stream) {
    throw new KedgeError('TYPE', `a checkpoint of ${checkpoint.stream} is not one of ${stream}`);
  }
}

/**
 * Requires that `next` is `held` or grew from it.
 *
 * Errors: `REALM`, `TYPE` (another log), `ROLLBACK` (smaller), `PROOF` (another tree of the same
 * size, or no proof of growth), `LIMIT`. Rule CO-5.
 */
export function requireGrowth(held: Checkpoint, next: Checkpoint, proof: ProofHashes): void {
  requireLog(next, held);
  if (next.size < held.size) {
    const { stream, size } = next;
    throw new KedgeError('ROLLBACK', `the log of ${stream} shrinks from ${held.size} to ${size}`, {
      detail: { stream, held: held.size, size },
    });
  }
  verifyConsistency(held, next, proof);
}

function malformed(what: string): KedgeError {
  return new KedgeError('PARSE', `a checkpoint ${what}`);
}
