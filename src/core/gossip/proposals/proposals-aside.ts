/**
 * Proposals that are over by the clock of this node alone, kept aside until that is sure.
 *
 * A clock that is set far ahead, at the start or later, makes all that is proposed look expired; a
 * node that forgot it then might be the only one that had it. So it stays on disk, is shown to
 * nobody, and comes back when the clock says that it is not over. It goes for good when more than
 * half of the regions say the same time, when its place is taken, or after a day of this process,
 * by a clock that nobody sets. No more is kept aside than may be kept. Spec rule PP-10.
 *
 * @module
 */
import type { Sha256 } from '../../ids.ts';
import { PROPOSALS_MAX, PROPOSALS_MAX_BYTES } from '../../limits.ts';
import type { HeartbeatBook } from '../../log/heartbeat-book.ts';
import { type ProposalBook, placeEnd } from '../../proposals/book.ts';
import { bytesOfKept } from '../../proposals/entry.ts';
import { isTimely } from '../../proposals/judge.ts';
import { type KeptProposal, payloadOf } from '../../proposals/model.ts';
import { judgeClock } from '../../rollouts/clock-check.ts';
import { parseStatement, type Statement } from '../../statements/statement.ts';
import { currentCharter } from '../../trusted/state.ts';
import type { Replica } from '../replica/replica.ts';
import type { ProposalKeeping } from './proposal-keeping.ts';

/** How long nobody is asked about the time. */
const ASIDE_MS = 24 * 3_600_000;

interface Aside {
  readonly kept: KeptProposal;
  readonly statement: Statement;
  readonly bytes: number;
  readonly sinceMs: number;
}

/** What a {@link ProposalsAside} works with. */
interface AsideParts {
  readonly book: ProposalBook;
  readonly keeping: Pick<ProposalKeeping, 'note'>;
  readonly replica: Pick<Replica, 'durable'>;
  /** The newest verified ones of regions. */
  readonly heartbeats: () => HeartbeatBook;
}

/** What is kept aside by one node. */
export class ProposalsAside {
  readonly #parts: AsideParts;
  readonly #aside: Map<Sha256, Aside> = new Map();
  #monotonicMs = 0;

  constructor(parts: AsideParts) {
    this.#parts = parts;
  }

  /** Time passed, by a clock that nobody sets. */
  now(monotonicMs: number): void {
    this.#monotonicMs = monotonicMs;
  }

  /** What is to be kept on disk under a digest; absent: nothing. */
  kept(digest: Sha256): KeptProposal | undefined {
    return this.#aside.get(digest)?.kept;
  }

  /** What was on disk comes in again, or stays aside where the clock alone speaks against it. */
  takeUp(kept: KeptProposal, nowMs: number): void {
    const { book, keeping, replica } = this.#parts;
    const statement = parseStatement(payloadOf(kept));
    // It came when the clock did not speak against it: one that is behind now is wrong.
    const atMs = Math.max(nowMs, statement.issuedMs);
    try {
      if (kept.kind === 'open') book.take(replica.durable, kept.proposal, atMs);
      else book.withdraw(replica.durable, kept.withdrawal, atMs);
    } catch {
      // Whatever speaks against it now: nothing was promised of it.
    }
    if (book.find(statement.digest) !== undefined) return;
    if (this.#isTimely(statement, nowMs)) keeping.note(statement.digest);
    else this.put(kept);
  }

  /** Keeps one aside; the oldest go for it where there are too many. */
  put(kept: KeptProposal): void {
    const statement = parseStatement(payloadOf(kept));
    const one = { kept, statement, bytes: bytesOfKept(kept), sinceMs: this.#monotonicMs };
    this.#aside.delete(statement.digest);
    this.#aside.set(statement.digest, one);
    let sum = [...this.#aside.values()].reduce((all, { bytes }) => all + bytes, 0);
    for (const [digest, { bytes }] of this.#aside) {
      if (this.#aside.size <= PROPOSALS_MAX && sum <= PROPOSALS_MAX_BYTES) break;
      sum -= bytes;
      this.#drop(digest);
    }
  }

  /** Takes up those that are not over by the clock of now, and lets go what is; which came back. */
  review(nowMs: number): readonly Sha256[] {
    const { durable } = this.#parts.replica;
    const back: Sha256[] = [];
    for (const [digest, one] of this.#aside) {
      const isTaken = placeEnd(one.statement, durable) !== undefined;
      if (!isTaken && this.#isTimely(one.statement, nowMs)) {
        this.#drop(digest);
        this.takeUp(one.kept, nowMs);
        back.push(digest);
      } else if (isTaken || this.#isSure(one, nowMs)) this.#drop(digest);
    }
    return back;
  }

  /** Neither it nor the charter is over by this clock; one that is behind its issue is wrong. */
  #isTimely(statement: Statement, nowMs: number): boolean {
    const { durable } = this.#parts.replica;
    return isTimely(durable, statement, Math.max(nowMs, statement.issuedMs));
  }

  #drop(digest: Sha256): void {
    this.#aside.delete(digest);
    this.#parts.keeping.note(digest);
  }

  #isSure({ statement, sinceMs }: Aside, nowMs: number): boolean {
    const { replica, heartbeats } = this.#parts;
    if (this.#monotonicMs - sinceMs >= ASIDE_MS) return true;
    const charter = currentCharter(replica.durable)?.charter;
    if (charter === undefined || charter.regions.length === 0) return false;
    const { issuedMs } = statement;
    return judgeClock(nowMs, { issuedMs, charter, heartbeats: heartbeats() }) === 'right';
  }
}
