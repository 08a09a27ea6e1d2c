/**
 * The checkpoint: the head of one stream's tree as the text that regions cosign.
 *
 * A stream is a log whose leaf i is the payload of the statement with sequence i + 1, so the size
 * is the sequence of the head. Its origin, which tells it from all other logs, is
 * `<realm>/<stream>`, with versions behind it where a decision or a recovery began another log
 * (`log-name.ts`). Source: c2sp.org/tlog-checkpoint; spec section 8.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { RealmName } from '../ids.ts';
import { headText, parseHeadText } from './head-text.ts';
import { compareLogs, type LogName, logOrigin, parseLogOrigin } from './log-name.ts';
import { type ProofHashes, type TreeHead, verifyConsistency } from './proof.ts';

/** The head of a stream's tree. */
export interface Checkpoint extends LogName, TreeHead {}

/** The text of a checkpoint: three lines with their newlines. Rule CO-3. */
export function checkpointText({ size, root, ...log }: Checkpoint): string {
  return headText(logOrigin(log), { size, root });
}

/** Parses the text of a checkpoint; extension lines are refused. Errors: `PARSE`. Rule CO-3. */
export function parseCheckpoint(text: string): Checkpoint {
  const { origin, size, root } = parseHeadText(text);
  return { ...parseLogOrigin(origin), size, root };
}

/** Requires a checkpoint of a realm. Errors: `REALM`. Rule CO-4. */
export function requireRealm(checkpoint: Checkpoint, realm: RealmName): void {
  if (checkpoint.realm === realm) return;
  throw new KedgeError('REALM', `a checkpoint of ${checkpoint.realm} is not one of ${realm}`);
}

/** Requires a checkpoint of one log. Errors: `REALM`, `TYPE` (another one). Rule CO-4. */
export function requireLog(checkpoint: Checkpoint, log: LogName): void {
  requireRealm(checkpoint, log.realm);
  const [given, wanted] = [logOrigin(checkpoint), logOrigin(log)];
  if (given === wanted) return;
  throw new KedgeError('TYPE', `a checkpoint of ${given} is not one of ${wanted}`);
}

/**
 * Requires that `next` is `held` or grew from it, or is of a later log of its stream.
 *
 * Errors: `REALM`, `TYPE` (another stream), `ROLLBACK` (smaller, or an earlier log), `PROOF`
 * (another tree of the same size, or no proof of growth), `LIMIT`. Rules CO-5 and CO-19.
 */
export function requireGrowth(held: Checkpoint, next: Checkpoint, proof: ProofHashes): void {
  const { realm, stream: of } = held;
  requireLog({ ...next, recoveredBy: 0, decidedBy: 0 }, { realm, stream: of });
  const later = compareLogs(next, held);
  if (later > 0) return;
  if (later < 0) {
    const [log, before] = [logOrigin(next), logOrigin(held)];
    throw new KedgeError('ROLLBACK', `the log ${log} is from before ${before}`, {
      detail: { stream: next.stream, held: before, log },
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
