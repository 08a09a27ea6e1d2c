/**
 * How many proposals a node keeps, and in whose name.
 *
 * A proposal rests on its signers: it is kept while one of them has room. So whoever holds one
 * stolen key fills the room of one signer, and nobody else's. An honest signer signs one statement
 * per place, which the ledger sees to, so little is needed per stream. What was withdrawn takes
 * none of that little: others could withdraw in the name of all who signed. Spec rule PP-6.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { SignerId, StreamName } from '../ids.ts';
import {
  PROPOSALS_MAX,
  PROPOSALS_MAX_BYTES,
  PROPOSALS_PER_SIGNER_MAX,
  PROPOSALS_PER_SIGNER_MAX_BYTES,
  PROPOSALS_PER_STREAM_MAX,
} from '../limits.ts';

/** What takes room. */
export interface Occupant {
  readonly kind: 'open' | 'withdrawn';
  readonly stream: StreamName;
  readonly signers: readonly SignerId[];
  readonly bytes: number;
}

/** Requires room for one more beside those that are kept. Errors: `LIMIT`. */
export function requireRoom(kept: Iterable<Occupant>, added: Occupant): void {
  const all = [...kept];
  const bytes = bytesOf(all) + added.bytes;
  if (all.length >= PROPOSALS_MAX || bytes > PROPOSALS_MAX_BYTES) {
    throw full('the nodes hold as many proposals as they take');
  }
  const reasons = added.signers.map((signer) => lackOf(all, added, signer));
  if (reasons.includes(undefined)) return;
  throw full(reasons[0] ?? 'nobody signed it');
}

/** Why a signer has no room for it. */
function lackOf(all: readonly Occupant[], added: Occupant, signer: SignerId): string | undefined {
  const own = all.filter(({ signers }) => signers.includes(signer));
  const beside = own.filter(({ kind, stream }) => kind === 'open' && stream === added.stream);
  if (added.kind === 'open' && beside.length >= PROPOSALS_PER_STREAM_MAX) {
    return `${signer} has signed ${PROPOSALS_PER_STREAM_MAX} other proposals for ${added.stream}`;
  }
  const isOver =
    own.length >= PROPOSALS_PER_SIGNER_MAX ||
    bytesOf(own) + added.bytes > PROPOSALS_PER_SIGNER_MAX_BYTES;
  return isOver ? `${signer} has signed as many proposals as nodes keep` : undefined;
}

function bytesOf(occupants: readonly Occupant[]): number {
  return occupants.reduce((sum, { bytes }) => sum + bytes, 0);
}

function full(why: string): KedgeError {
  return new KedgeError(
    'LIMIT',
    `${why}: have one of them approved or withdrawn, or submit the draft file with all signatures`,
  );
}
