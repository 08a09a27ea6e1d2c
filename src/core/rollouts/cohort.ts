/**
 * Which wave of a rollout a program is in.
 *
 * Every node comes to the same answer by itself, and a program stays in its wave wherever it
 * connects: the share is drawn from a hash of the identity that its certificate proves and the
 * release. Shares are cumulative: who is among the first 5 % is among the first 25 %. Another
 * release draws anew, so that it is not always the same programs that go first. Spec section 13,
 * DW-1.
 *
 * @module
 */
import { concatBytes, encodeUtf8, parseHex } from '../bytes.ts';
import { sha256Bytes } from '../crypto.ts';
import type { RolloutBody } from './body.ts';

/** What a wave is chosen by. */
export interface Candidate {
  /** What its certificate proves. */
  readonly identity: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** Bytes of the hash that are used: their number times 100 is still exact. */
const DRAW_BYTES = 4;
const DRAWS = 2 ** 32;

/** The number of the first wave that takes a program, from 0; the last one takes all. */
export function waveOf({ to, waves }: Pick<RolloutBody, 'to' | 'waves'>, who: Candidate): number {
  const draw = drawOf(who.identity, to.digest);
  const found = waves.findIndex(({ match, percent }) => {
    const isDrawn = draw * 100 < percent * DRAWS;
    return isDrawn && [...match].every(([key, value]) => who.labels.get(key) === value);
  });
  // RO-5: there is one for everybody.
  return found === -1 ? waves.length - 1 : found;
}

/** DW-1: the first four bytes, big-endian, of SHA-256(identity ‖ digest of the release). */
function drawOf(identity: string, digest: string): number {
  const hash = sha256Bytes(concatBytes(encodeUtf8(identity), parseHex(digest)));
  let draw = 0;
  for (const byte of hash.subarray(0, DRAW_BYTES)) draw = draw * 256 + byte;
  return draw;
}
