/**
 * The checkpoint: the head of one stream's tree as the text that regions cosign.
 *
 * A stream is a log whose leaf i is the payload of the statement with sequence i + 1, so the size
 * is the sequence of the head. Its origin, which tells it from all other logs, is
 * `<realm>/<stream>`: a realm's name has no slash, so no two streams share one. When the charter
 * quorum decides about a fork, or recovery keys sign a charter, the log may lose leaves, which no
 * log may; so each of these begins another log, with the charter's version in its origin. Source:
 * c2sp.org/tlog-checkpoint; spec section 8.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import {
  CHARTER_STREAM,
  parseRealmName,
  parseStreamName,
  type RealmName,
  type StreamName,
} from '../ids.ts';
import { headText, parseHeadText } from './head-text.ts';
import { type ProofHashes, type TreeHead, verifyConsistency } from './proof.ts';

/** Which log: a stream of a realm, from one decision about it to the next. */
export interface LogName {
  readonly realm: RealmName;
  readonly stream: StreamName;
  /** The charter that made the newest decision about the stream; absent when none did. */
  readonly decidedBy?: number;
}

/** The head of a stream's tree. */
export interface Checkpoint extends LogName, TreeHead {}

const VERSION = /^[1-9][0-9]{0,15}$/;

/** The text of a checkpoint: three lines with their newlines. Rule CO-3. */
export function checkpointText({ size, root, ...log }: Checkpoint): string {
  return headText(originOf(log), { size, root });
}

/** Parses the text of a checkpoint; extension lines are refused. Errors: `PARSE`. Rule CO-3. */
export function parseCheckpoint(text: string): Checkpoint {
  const { origin, size, root } = parseHeadText(text);
  return { ...parseOrigin(origin), size, root };
}

/** The version of the decision that a log began with; 0: none. */
export function decisionOf({ decidedBy = 0 }: Pick<LogName, 'decidedBy'>): number {
  return decidedBy;
}

/** Requires a checkpoint of a realm. Errors: `REALM`. Rule CO-4. */
export function requireRealm(checkpoint: Checkpoint, realm: RealmName): void {
  if (checkpoint.realm === realm) return;
  throw new KedgeError('REALM', `a checkpoint of ${checkpoint.realm} is not one of ${realm}`);
}

/** Requires a checkpoint of one log. Errors: `REALM`, `TYPE` (another one). Rule CO-4. */
export function requireLog(checkpoint: Checkpoint, log: LogName): void {
  requireRealm(checkpoint, log.realm);
  const [given, wanted] = [originOf(checkpoint), originOf(log)];
  if (given === wanted) return;
  throw new KedgeError('TYPE', `a checkpoint of ${given} is not one of ${wanted}`);
}

/**
 * Requires that `next` is `held` or grew from it, or is of a log that a later decision began.
 *
 * Errors: `REALM`, `TYPE` (another stream), `ROLLBACK` (smaller, or an earlier log), `PROOF`
 * (another tree of the same size, or no proof of growth), `LIMIT`. Rules CO-5 and CO-19.
 */
export function requireGrowth(held: Checkpoint, next: Checkpoint, proof: ProofHashes): void {
  const { realm, stream: of } = held;
  requireLog({ ...next, decidedBy: 0 }, { realm, stream: of });
  if (decisionOf(next) > decisionOf(held)) return;
  if (decisionOf(next) < decisionOf(held)) {
    const { stream } = next;
    throw new KedgeError('ROLLBACK', `the log of ${stream} goes back before a decision`, {
      detail: { stream, held: decisionOf(held), decidedBy: decisionOf(next) },
    });
  }
  if (next.size < held.size) {
    const { stream, size } = next;
    throw new KedgeError('ROLLBACK', `the log of ${stream} shrinks from ${held.size} to ${size}`, {
      detail: { stream, held: held.size, size },
    });
  }
  verifyConsistency(held, next, proof);
}

/** Rule CO-3. */
function originOf({ realm, stream, ...log }: LogName): string {
  const by = decisionOf(log);
  return by === 0 ? `${realm}/${stream}` : `${realm}/${stream}/${by}`;
}

/** Bundles have no slash either, so what follows the stream is a version. */
function parseOrigin(origin: string): LogName {
  const [realm = '', kind = '', ...rest] = origin.split('/');
  const [bundle, version, ...more] = kind === CHARTER_STREAM ? [undefined, ...rest] : rest;
  const log = {
    realm: parseRealmName(realm),
    stream: parseStreamName(bundle === undefined ? kind : `${kind}/${bundle}`),
  };
  if (version === undefined) return log;
  const decidedBy = VERSION.test(version) ? Number(version) : Number.NaN;
  if (more.length === 0 && Number.isSafeInteger(decidedBy)) return { ...log, decidedBy };
  throw new KedgeError('PARSE', 'a checkpoint has an origin with more parts');
}
