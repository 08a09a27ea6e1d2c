/**
 * Frames about statements: which part takes which.
 *
 * @module
 */
import type { RegionName } from '../ids.ts';
import type { Recall } from './events.ts';
import type { Fetching } from './fetching.ts';
import type { ReplicationFrame } from './frames.ts';
import type { Holding } from './holding.ts';
import type { Link } from './links.ts';
import type { Outbox } from './outbox.ts';
import { Pushes } from './pushes.ts';
import type { Repair } from './repair.ts';
import type { Replica } from './replica.ts';

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
  readonly #fetching: Fetching;
  readonly #repair: Repair;
  readonly #holding: Holding;

  constructor(parts: ReplicationParts) {
    this.#pushes = new Pushes(parts);
    this.#fetching = parts.fetching;
    this.#repair = parts.repair;
    this.#holding = parts.holding;
  }

  /** Errors: what speaks against a frame. */
  take(link: Link, frame: ReplicationFrame, recall: Recall, nowMs: number): void {
    switch (frame.kind) {
      case 'push':
        return this.#pushes.take(link, frame, recall, nowMs);
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
        return this.#fetching.takeEvidence(link.peer, frame.evidence, recall, nowMs);
    }
  }
}
