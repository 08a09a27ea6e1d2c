/**
 * Frames about statements: which part takes which.
 *
 * @module
 */
import type { RegionName } from '../ids.ts';
import { isKnownEvidence } from '../trusted/accept.ts';
import { statementsOf } from '../trusted/evidence.ts';
import { type Evidence, forkOf } from '../trusted/state.ts';
import type { Fetching } from './fetching/fetching.ts';
import type { ReplicationFrame } from './frames.ts';
import type { Link } from './links/links.ts';
import type { Outbox } from './outbox.ts';
import type { Repair } from './repair/repair.ts';
import { ProofShares } from './replica/proof-shares.ts';
import { Pushes, type ReadAt } from './replica/pushes.ts';
import type { Replica } from './replica/replica.ts';
import type { Holding } from './restored/holding.ts';

/** What frames about statements reach. */
export interface ReplicationParts {
  readonly outbox: Outbox;
  readonly replica: Replica;
  readonly fetching: Fetching;
  readonly repair: Repair;
  readonly holding: Holding;
  /** The region of this node. */
  readonly home: RegionName;
}

/** Takes the frames of ready links that are about statements. */
export class Replication {
  readonly #pushes: Pushes;
  readonly #replica: Replica;
  readonly #fetching: Fetching;
  readonly #repair: Repair;
  readonly #holding: Holding;
  readonly #proofs: ProofShares = new ProofShares();

  constructor(parts: ReplicationParts) {
    this.#pushes = new Pushes({ ...parts, proofs: this.#proofs });
    this.#replica = parts.replica;
    this.#fetching = parts.fetching;
    this.#repair = parts.repair;
    this.#holding = parts.holding;
  }

  /** Errors: what speaks against a frame. */
  take(link: Link, frame: ReplicationFrame, { recall, nowMs, monotonicMs }: ReadAt): void {
    switch (frame.kind) {
      case 'push':
        return this.#pushes.take(link, frame, { recall, nowMs, monotonicMs });
      case 'held':
        link.noteHeld(frame.row);
        if (frame.spareOrigin !== undefined) link.spare(frame.spareOrigin);
        this.#repair.heard(frame.row);
        if (frame.revision !== undefined) this.#repair.acknowledged(link, frame.revision);
        return this.#fetching.announced(link, [frame.row], nowMs);
      case 'digest':
        this.#holding.shown(link, frame.digest);
        return this.#repair.digest(link, frame.digest);
      case 'rows-ask':
        return this.#repair.rowsAsk(link, frame.since);
      case 'tree':
        return this.#repair.tree(link, frame.nodes);
      case 'rows':
        return this.#repair.rows(link, frame.rows, nowMs);
      case 'fork':
        this.#repair.stirred();
        if (!this.#isVerified(link, frame.evidence, monotonicMs)) return;
        return this.#fetching.takeEvidence(link.peer, frame.evidence, recall, nowMs);
    }
  }

  /** Says whether a proof is judged now: what tells nothing new is cheap, the rest is bounded. */
  #isVerified({ nodeId }: Link, evidence: Evidence, monotonicMs: number): boolean {
    const { verified } = this.#replica;
    if (isKnownEvidence(verified, evidence)) return true;
    const { stream } = evidence;
    const state = forkOf(verified, stream) === undefined ? 'open' : 'stopped';
    return this.#proofs.take(nodeId, statementsOf(evidence), { stream, state }, monotonicMs);
  }
}
