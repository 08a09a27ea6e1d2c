/**
 * Which log of a stream: its name, its text, and which of two came later.
 *
 * A log loses no leaves, a stream may: when the charter quorum decides about a fork, and when
 * recovery keys sign a charter. So each of these begins another log, named by the newest recovery
 * and by the newest decision after that. Recoveries come first: a thief may have decided in
 * charters of higher versions, which fell, whereas each recovery has a higher version than the one
 * before. Spec section 8, LG-9.
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

/** What tells the logs of one stream from each other; an absent version is as 0. */
export interface LogAge {
  /** The newest charter that recovery keys signed; absent when none is. */
  readonly recoveredBy?: number;
  /**
   * The later charter that made the newest decision about the stream; absent when none did, and for
   * the charters themselves, about which there are none.
   */
  readonly decidedBy?: number;
}

/** One log of a stream of a realm. */
export interface LogName extends LogAge {
  readonly realm: RealmName;
  readonly stream: StreamName;
}

const VERSION = /^[1-9][0-9]{0,15}$/;

/** Says which of two logs of one stream is the later one: above 0 the first. */
export function compareLogs(a: LogAge, b: LogAge): number {
  const recovered = (a.recoveredBy ?? 0) - (b.recoveredBy ?? 0);
  return recovered === 0 ? (a.decidedBy ?? 0) - (b.decidedBy ?? 0) : recovered;
}

/** Says whether two heads of one stream are of one log. */
export function isSameLog(a: LogAge, b: LogAge): boolean {
  return compareLogs(a, b) === 0;
}

/** The name of a log as text. Rule CO-3. */
export function logOrigin({ realm, stream, recoveredBy = 0, decidedBy = 0 }: LogName): string {
  const parts: (string | number)[] = [realm, stream];
  if (recoveredBy > 0) parts.push(recoveredBy);
  if (decidedBy > 0 || (recoveredBy > 0 && stream !== CHARTER_STREAM)) parts.push(decidedBy);
  return parts.join('/');
}

/** Parses the name of a log; the text is the only one for it. Errors: `PARSE`. Rule CO-3. */
export function parseLogOrigin(origin: string): LogName {
  const [realm = '', kind = '', ...rest] = origin.split('/');
  // Bundles have no slash, so what follows the stream are versions.
  const bundleParts = kind === CHARTER_STREAM ? 0 : 1;
  const stream = parseStreamName([kind, ...rest.slice(0, bundleParts)].join('/'));
  const versions = rest.slice(bundleParts).map(parseVersion);
  const log = { realm: parseRealmName(realm), stream, ...ageOf(stream, versions) };
  if (logOrigin(log) === origin) return log;
  throw new KedgeError('PARSE', 'the origin of a checkpoint names no log');
}

/** What is left over does not come back as text. */
function ageOf(stream: StreamName, [first = 0, second]: readonly number[]): LogAge {
  if (stream === CHARTER_STREAM) return first > 0 ? { recoveredBy: first } : {};
  if (second === undefined) return first > 0 ? { decidedBy: first } : {};
  // What was decided up to a recovery is of a log before.
  return { recoveredBy: first, ...(second > first && { decidedBy: second }) };
}

/** 0 for what is no version, which does not come back as the same text. */
function parseVersion(text: string): number {
  const version = VERSION.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(version) ? version : 0;
}
