/**
 * What one key of a region cosigned, newest line per stream, compared between two that hold some of
 * it: the node with the key and a peer.
 *
 * Lines are sorted by stream and cut into ranges. Whoever asks shows the hash of each range, and is
 * sent the lines of those that differ, as many as fit; the next question begins where they end.
 * Where all is equal that takes one hash per 64 streams. Source: docs/replication.md.
 *
 * @module
 */
import { encodeHex, encodeUtf8 } from '../bytes.ts';
import { sha256 } from '../crypto.ts';
import type { KeyId, Sha256, StreamName } from '../ids.ts';
import { LINES_PER_FRAME_MAX, STREAMS_MAX } from '../limits.ts';
import { checkpointText } from './checkpoint.ts';
import { cosignatureTime } from './cosignature.ts';
import { compareLogs } from './log-name.ts';
import type { CosignedHead } from './regions.ts';

/** Lines of which one hash is made. */
const RANGE_LINES = 64;
/** Ranges that the lines of the largest store come to. */
export const LINE_RANGES_MAX: number = Math.ceil(STREAMS_MAX / RANGE_LINES) + 1;

/** Streams next to each other: those behind the range before, up to one. */
export interface LineRange {
  /** The last stream; absent for all that follow. */
  readonly upTo?: StreamName;
  /** SHA-256 over the lines that whoever asks holds there. */
  readonly hash: Sha256;
}

/** What is asked of a peer. */
export interface LinesAsk {
  readonly keyId: KeyId;
  /** Streams behind this one; absent: all. */
  readonly after?: StreamName;
  /** At least one; the last one without an end. */
  readonly ranges: readonly LineRange[];
}

/** Lines of the ranges that differ. */
export interface LinesAnswer {
  /** As it was asked. */
  readonly after?: StreamName;
  /** The answer is whole up to this stream; absent: to the end. */
  readonly upTo?: StreamName;
  readonly heads: readonly CosignedHead[];
}

/** One line of each stream, ascending by stream. */
type Lines = readonly CosignedHead[];

/** Puts lines of different streams in order. */
export function sortLines(lines: Iterable<CosignedHead>): Lines {
  return [...lines].sort((a, b) => (streamOf(a) < streamOf(b) ? -1 : 1));
}

/** The ranges of what is held behind a stream. */
export function rangesOf(lines: Lines, after?: StreamName): readonly LineRange[] {
  const left = behind(lines, after);
  const ranges: LineRange[] = [];
  for (let start = 0; start < left.length; start += RANGE_LINES) {
    const part = left.slice(start, start + RANGE_LINES);
    const last = part.at(-1);
    const isEnd = last === undefined || start + RANGE_LINES >= left.length;
    ranges.push({ ...(!isEnd && { upTo: streamOf(last) }), hash: hashLines(part) });
  }
  return ranges.length > 0 ? ranges : [{ hash: hashLines([]) }];
}

/** What is held in the ranges that differ, as much as one frame takes. */
export function differingLines(lines: Lines, { after, ranges }: LinesAsk): LinesAnswer {
  const asked = after === undefined ? {} : { after };
  const heads: CosignedHead[] = [];
  let left = behind(lines, after);
  let covered = after;
  for (const { upTo, hash } of ranges) {
    const end = upTo === undefined ? left.length : countUpTo(left, upTo);
    const part = left.slice(0, end);
    left = left.slice(end);
    if (part.length > 0 && hashLines(part) !== hash) {
      const sent = part.slice(0, LINES_PER_FRAME_MAX - heads.length);
      heads.push(...sent);
      const last = sent.at(-1);
      const whole = last === undefined ? covered : streamOf(last);
      if (sent.length < part.length) return { ...asked, ...(whole && { upTo: whole }), heads };
    }
    covered = upTo;
  }
  return { ...asked, heads };
}

/**
 * Says whether a line by a key says more than the newest of that stream that its store has: then it
 * is not from the history of this store, in which sizes and times only grow.
 */
export function saysMore(line: CosignedHead, held: CosignedHead | undefined): boolean {
  if (held === undefined) return true;
  if (cosignatureTime(line.line) > cosignatureTime(held.line)) return true;
  const [{ size, root }, ours] = [line.checkpoint, held.checkpoint];
  const later = compareLogs(line.checkpoint, ours);
  if (later !== 0) return later > 0;
  return size > ours.size || (size === ours.size && root !== ours.root);
}

function behind(lines: Lines, after: StreamName | undefined): Lines {
  return after === undefined ? lines : lines.slice(countUpTo(lines, after));
}

/** How many of the lines are of streams up to one. */
function countUpTo(lines: Lines, upTo: StreamName): number {
  const next = lines.findIndex((line) => streamOf(line) > upTo);
  return next < 0 ? lines.length : next;
}

function hashLines(lines: Lines): Sha256 {
  const texts = lines.map(
    ({ checkpoint, line }) => `${checkpointText(checkpoint)}${encodeHex(line.signature)}\n`,
  );
  return sha256(encodeUtf8(texts.join('')));
}

function streamOf({ checkpoint }: CosignedHead): StreamName {
  return checkpoint.stream;
}
