/**
 * What a peer pushes: judged when what it builds on is here, else what lies between is fetched.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import { CHARTER_STREAM, type RegionName, type StreamName } from '../../ids.ts';
import type { SignedStatement } from '../../statements/envelope.ts';
import { isLeftOut } from '../../trusted/evidence.ts';
import { forked, forkOf } from '../../trusted/state.ts';
import type { Recall } from '../events.ts';
import type { Fetching } from '../fetching/fetching.ts';
import type { Push } from '../frames.ts';
import type { Link } from '../links/links.ts';
import type { Outbox } from '../outbox.ts';
import { type Row, rowIn } from '../rows.ts';
import type { ProofShares } from './proof-shares.ts';
import type { Replica } from './replica.ts';

/** What comes with a frame: what the store knows, wall time and time that never goes back. */
export interface ReadAt {
  readonly recall: Recall;
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** The way of a push into the replica. */
export class Pushes {
  readonly #outbox: Outbox;
  readonly #replica: Replica;
  readonly #fetching: Fetching;
  readonly #proofs: ProofShares;
  readonly #home: RegionName;

  constructor(parts: {
    readonly outbox: Outbox;
    readonly replica: Replica;
    readonly fetching: Fetching;
    readonly proofs: ProofShares;
    /** The region of this node. */
    readonly home: RegionName;
  }) {
    this.#outbox = parts.outbox;
    this.#replica = parts.replica;
    this.#fetching = parts.fetching;
    this.#proofs = parts.proofs;
    this.#home = parts.home;
  }

  /** Takes one push. Errors: those of judging; what is missing is fetched instead. */
  take(
    link: Link,
    { push, origin }: { readonly push: Push; readonly origin: RegionName },
    { recall, nowMs, monotonicMs }: ReadAt,
  ): void {
    const { nodeId } = link;
    const opened = this.#replica.open(push);
    link.noteHeld(opened.row);
    this.#spare(link, opened.row, origin);
    if (opened.kind === 'gap') return this.#pushBeyond(link, opened.row, nowMs);
    try {
      this.#requireShare(link, opened.row, push.statement, monotonicMs);
      const { document, blobs, content } = opened;
      const bringer = { kind: 'peer', from: link.peer, origin } as const;
      const fork = this.#replica.receive([document], blobs, recall, bringer, nowMs, content);
      this.#fetching.wantBeneath(nodeId, fork, nowMs);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.code === 'FORK') this.#tellFork(link, opened.row.stream);
      if (!this.#fetching.wantMissing(nodeId, push.statement.payload, error, nowMs)) throw error;
    }
  }

  /** A peer of a third region that comes too late is told, once the row can be shown. */
  #spare(link: Link, { stream, sequence }: Row, origin: RegionName): void {
    if (origin === this.#home || link.region === this.#home || link.region === origin) return;
    const row = this.#replica.rows.rows.get(stream);
    const isLate = (rowIn(this.#replica.verified, stream)?.sequence ?? 0) >= sequence;
    if (row !== undefined && isLate) {
      this.#outbox.send(link, { kind: 'held', row, spareOrigin: origin });
    }
  }

  /** In the place of a fork no more is verified than a peer's share of proofs. Errors: `FORK`. */
  #requireShare(
    { nodeId }: Link,
    { stream, sequence }: Row,
    statement: SignedStatement,
    monotonicMs: number,
  ): void {
    const fork = forkOf(this.#replica.verified, stream);
    if (fork?.sequence !== sequence || isLeftOut(fork, statement)) return;
    const at = { stream, state: 'stopped' } as const;
    if (!this.#proofs.take(nodeId, [statement], at, monotonicMs)) throw forked(fork);
  }

  /** What lies between is fetched; beyond a fork there is nothing to fetch. */
  #pushBeyond(link: Link, row: Row, nowMs: number): void {
    const evidence = forkOf(this.#replica.verified, row.stream);
    if (evidence === undefined || row.sequence < evidence.sequence) {
      return this.#fetching.want({ nodeId: link.nodeId, row }, nowMs);
    }
    this.#tellFork(link, row.stream);
    throw forked(evidence);
  }

  /** A peer that goes on with a stopped stream has not heard of the fork. */
  #tellFork(link: Link, stream: StreamName): void {
    const { verified } = this.#replica;
    const evidence = forkOf(verified, stream) ?? forkOf(verified, CHARTER_STREAM);
    if (evidence !== undefined) this.#outbox.send(link, { kind: 'fork', evidence });
  }
}
