/**
 * The exit code of each error: one number per class of what a script would do next.
 *
 * `docs/errors.md` lists them; a test compares. Never renumber: scripts rely on them.
 *
 * @module
 */
import type { ErrorCode } from '../core/errors.ts';

/** Everything went well. */
export const EXIT_OK: number = 0;
/** A command that checks something found something: its result says what. */
const EXIT_FINDINGS = 1;
/** A step cannot be made yet: its result says what it waits for. */
const EXIT_WAITING = 11;
/** A release is drafted, but not signed by enough people yet: its result says who is missing. */
const EXIT_UNSIGNED = 12;
/** Interrupted by SIGINT (128 + 2), as shells report it. */
export const EXIT_INTERRUPTED: number = 130;

/** What a command came to that did not fail. */
export type Conclusion = 'good' | 'findings' | 'waiting' | 'unsigned';

/** The exit code of each. */
export const CONCLUSION_CODES: Readonly<Record<Conclusion, number>> = {
  good: EXIT_OK,
  findings: EXIT_FINDINGS,
  waiting: EXIT_WAITING,
  unsigned: EXIT_UNSIGNED,
};

/**
 * Exit codes by class: 1 fault of Kedge; 2 command line or configuration; 3 bad bytes; 4 not signed
 * as it must be; 5 does not fit the history; 6 time; 7 against the rules of the realm; 8 not
 * permitted; 9 try again later; 10 local files.
 */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  BUG: 1,
  CONFIG: 2,
  PARSE: 3,
  LIMIT: 3,
  TYPE: 3,
  KEY: 3,
  ALGORITHM: 3,
  DIGEST: 3,
  REALM: 4,
  THRESHOLD: 4,
  PROOF: 4,
  QUORUM: 4,
  GAP: 5,
  PREVIOUS: 5,
  ROLLBACK: 5,
  FORK: 5,
  CONFLICT: 5,
  EXPIRED: 6,
  STALE: 6,
  LIFECYCLE: 7,
  BLAST_RADIUS: 7,
  POLICY: 7,
  ACCESS: 8,
  UNAVAILABLE: 9,
  STORE: 10,
};
