/**
 * What a node's store knows and its machine does not, as
 * `service/replication/recall.ts` reads it, at once.
 *
 * @module
 */
import { KedgeError } from '../../src/core/errors.ts';
import type { Recall } from '../../src/core/gossip/events.ts';
import { heldIn, rowIn } from '../../src/core/gossip/rows.ts';
import { CHARTER_STREAM, releaseStream } from '../../src/core/ids.ts';
import type { SignedDocument, SignedStatement } from '../../src/core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../src/core/statements/statement.ts';
import { isGoodHistory } from '../../src/core/trusted/authority.ts';
import { type Decision, decisionsOn } from '../../src/core/trusted/decisions.ts';
import type { Holding } from '../../src/core/trusted/holding.ts';
import { namedHeld } from '../../src/core/trusted/judge-rollout.ts';
import type { StreamState, TrustedState } from '../../src/core/trusted/state.ts';
import { CharterRow } from '../../src/service/replication/charter-row.ts';
import type { Judged } from '../../src/service/replication/judged.ts';
import {
  rolloutOf,
  type TouchedNext,
  touchedByNext,
} from '../../src/service/replication/recall.ts';
import type { Coverage } from '../oracle/coverage.ts';
import type { Disk } from './disk.ts';

type Found = NonNullable<ReturnType<Disk['anyEntry']>>;

/** What the store of one node is asked for. */
export class Recalls {
  readonly #coverage: Coverage;

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  /** What there is to read before something is judged; nothing for most. */
  find(
    { statement: signed, body }: Judged,
    state: TrustedState,
    charterRow: CharterRow = new CharterRow(),
  ): ((disk: Disk) => Recall) | undefined {
    const place = placeOf(signed);
    if (place === undefined) return undefined;
    const { stream, sequence } = place;
    const row = rowIn(state, stream);
    if (place.kind === 'charter' && body !== undefined) {
      const charters = charterRow.replacing(state, place, { statement: signed, body });
      if (charters !== undefined) {
        return (disk) => readStanding(disk, state, { ...state, charters });
      }
    }
    if (row?.sequence === sequence && !row.forked) return undefined;
    if (row !== undefined && sequence <= heldIn(row)) {
      return (disk) => {
        const held = disk.statement(stream, sequence);
        return held === undefined ? {} : { held };
      };
    }
    if (body === undefined) return undefined;
    if (place.kind === 'rollout') return findNamed(state, place, body, this.#coverage);
    const touched = touchedByNext(state, place, { statement: signed, body });
    return touched && ((disk) => readHoldings(disk, touched));
  }
}

/** The releases that a rollout names, as far as they are held. */
function findNamed(
  state: TrustedState,
  place: Statement,
  body: Uint8Array,
  coverage: Coverage,
): ((disk: Disk) => Recall) | undefined {
  const rollout = rolloutOf(place, body);
  if (rollout === undefined) return undefined;
  const held = namedHeld(state, rollout);
  if (!held.includes(rollout.to.sequence)) coverage.hit('rollout-early');
  if (held.length === 0) return undefined;
  const stream = releaseStream(rollout.bundle);
  return (disk) => ({ named: held.flatMap((at) => disk.statement(stream, at) ?? []) });
}

/** Of every stream the longest beginning that is valid under the charters of `next`. */
function readStanding(disk: Disk, state: TrustedState, next: TrustedState): Recall {
  const holdings: Holding[] = [];
  for (const of of state.streams.values()) {
    if (of.stream === CHARTER_STREAM) continue;
    const held = of.kind === 'forked' ? of.heldSequence : of.head.sequence;
    let newest: SignedDocument | undefined;
    for (let at = 1; at <= held; at += 1) {
      const document = disk.entry(of.stream, at)?.document;
      if (document === undefined || !isGoodHistory(next, document.statement)) break;
      newest = document;
    }
    holdings.push({ of, ...(newest && { newest }) });
  }
  return { holdings };
}

/** What is held of the streams about which a charter decides. */
function readHoldings(disk: Disk, { next, touched }: TouchedNext): Recall {
  const holdings: Holding[] = [];
  for (const [stream, { of, at }] of touched) {
    const decisions = decisionsOn(next.charters, stream).filter(
      ({ sequence }) => sequence >= at.sequence,
    );
    const newest = walk(disk, decisions, Infinity)?.document ?? beneath(disk, of, at.sequence);
    const end = of.kind === 'forked' ? of.evidence.sequence : 0;
    const before = walk(disk, decisions, end);
    holdings.push({
      of,
      ...(newest && { newest }),
      ...(before?.sequence === end - 1 && { beforeFork: before.digest }),
    });
  }
  return { holdings };
}

/** The newest held document on the side that stands, from the first decision on. */
function walk(disk: Disk, decisions: readonly Decision[], end: number): Found | undefined {
  let newest: Found | undefined;
  for (const [index, { stream, sequence, digest }] of decisions.entries()) {
    if (sequence >= end) break;
    const first = disk.anyEntry(stream, sequence);
    if (first?.digest !== digest) break;
    if (newest !== undefined && previousOf(first) !== newest.digest) break;
    newest = branch(disk, first, Math.min(end, decisions[index + 1]?.sequence ?? Infinity));
  }
  return newest;
}

/** The end of the chain that begins with an entry, below a sequence. */
function branch(disk: Disk, first: Found, before: number): Found {
  let last = first;
  while (last.sequence + 1 < before) {
    const next = disk.anyEntry(first.stream, last.sequence + 1);
    if (next === undefined || previousOf(next) !== last.digest) break;
    last = next;
  }
  return last;
}

function beneath(disk: Disk, of: StreamState, decided: number): SignedDocument | undefined {
  const held = of.kind === 'forked' ? of.heldSequence : of.head.sequence;
  return disk.entry(of.stream, Math.min(held, decided - 1))?.document;
}

function previousOf({ document }: Found): string {
  return parseStatement(document.statement.payload).previous;
}

/** Where a statement belongs; nothing when it does not parse, which the machine reports. */
function placeOf(signed: SignedStatement): Statement | undefined {
  try {
    return parseStatement(signed.payload);
  } catch (thrown) {
    if (thrown instanceof KedgeError) return undefined;
    throw thrown;
  }
}
