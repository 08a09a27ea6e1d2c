/**
 * What a node's store knows and its machine does not, as
 * `service/replication/recall.ts` reads it, at once.
 *
 * @module
 */
import type { Recall } from '../../src/core/gossip/events.ts';
import { CHARTER_STREAM, releaseStream } from '../../src/core/ids.ts';
import type { SignedDocument } from '../../src/core/statements/envelope.ts';
import { parseStatement } from '../../src/core/statements/statement.ts';
import { isGoodHistory } from '../../src/core/trusted/authority.ts';
import type { Decision } from '../../src/core/trusted/decisions.ts';
import type { Holding } from '../../src/core/trusted/holding.ts';
import type { StreamState, TrustedState } from '../../src/core/trusted/state.ts';
import type { CharterRow } from '../../src/service/replication/charter-row.ts';
import type { Judged } from '../../src/service/replication/judged.ts';
import {
  type Decided,
  heldUpTo,
  type Needed,
  neededFor,
} from '../../src/service/replication/needed.ts';
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
    judged: Judged,
    state: TrustedState,
    charterRow?: CharterRow,
  ): ((disk: Disk) => Recall) | undefined {
    const needed = neededFor(judged, state, charterRow);
    switch (needed?.kind) {
      case undefined:
        return undefined;
      case 'held':
        return (disk) => {
          const held = disk.statement(needed.stream, needed.sequence);
          return held === undefined ? {} : { held };
        };
      case 'standing':
        return (disk) => readStanding(disk, state, needed.next);
      case 'named':
        return this.#findNamed(needed);
      case 'decided':
        return (disk) => readDecided(disk, needed.streams);
    }
  }

  /** The releases that a rollout names, as far as they are held. */
  #findNamed({
    rollout,
    held,
  }: Extract<Needed, { kind: 'named' }>): ((disk: Disk) => Recall) | undefined {
    if (!held.includes(rollout.to.sequence)) this.#coverage.hit('rollout-early');
    if (held.length === 0) return undefined;
    const stream = releaseStream(rollout.bundle);
    return (disk) => ({ named: held.flatMap((at) => disk.statement(stream, at) ?? []) });
  }
}

/** Of every stream the longest beginning that is valid under the charters of `next`. */
function readStanding(disk: Disk, state: TrustedState, next: TrustedState): Recall {
  const holdings: Holding[] = [];
  for (const of of state.streams.values()) {
    if (of.stream === CHARTER_STREAM) continue;
    const held = heldUpTo(of);
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
function readDecided(disk: Disk, streams: readonly Decided[]): Recall {
  const holdings = streams.map(({ of, decisions, sequence, forkedAt }): Holding => {
    const newest = walk(disk, decisions, Infinity)?.document ?? beneath(disk, of, sequence);
    const before = walk(disk, decisions, forkedAt);
    return {
      of,
      ...(newest && { newest }),
      ...(before?.sequence === forkedAt - 1 && { beforeFork: before.digest }),
    };
  });
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
  return disk.entry(of.stream, Math.min(heldUpTo(of), decided - 1))?.document;
}

function previousOf({ document }: Found): string {
  return parseStatement(document.statement.payload).previous;
}
