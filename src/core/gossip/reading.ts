/**
 * Frames of ready links: which part of the machine takes which.
 *
 * @module
 */
import type { Adoption } from './adoption.ts';
import type { Attestations } from './attestations.ts';
import type { Frame } from './frames.ts';
import type { Link } from './links/links.ts';
import type { Neighbours } from './links/neighbours.ts';
import type { Proposals } from './proposals/proposals.ts';
import type { ReadAt } from './replica/pushes.ts';
import type { Replication } from './replication.ts';
import type { Holding } from './restored/holding.ts';
import type { OwnLines } from './restored/own-lines.ts';

/** What frames reach. */
export interface ReadingParts {
  readonly replication: Replication;
  readonly attestations: Attestations;
  readonly adoption: Adoption;
  readonly proposals: Proposals;
  readonly neighbours: Neighbours;
  readonly holding: Holding;
  readonly lines: OwnLines;
}

/** Reads the frames of one node. */
export class Reading {
  readonly #parts: ReadingParts;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
  }

  /** Errors: what speaks against the frame. */
  // eslint-disable-next-line complexity -- one case per kind of frame
  take(link: Link, frame: Exclude<Frame, { readonly kind: 'hello' }>, at: ReadAt): void {
    const { replication, attestations, adoption, proposals, neighbours, holding, lines } =
      this.#parts;
    switch (frame.kind) {
      case 'push':
      case 'held':
      case 'digest':
      case 'rows-ask':
      case 'tree':
      case 'rows':
      case 'fork':
        return replication.take(link, frame, at);
      case 'lines-ask':
        return lines.asked(link, frame, attestations.linesOf(frame.keyId));
      case 'lines':
        return holding.told(link, frame);
      case 'cosigned':
        holding.cosigned(link, frame.head);
        return attestations.frame(link, frame, at.nowMs);
      case 'heartbeat':
      case 'region-split':
      case 'cosigned-ask':
        return attestations.frame(link, frame, at.nowMs);
      case 'adoption-rows':
      case 'adoption-digest':
      case 'adoption-vector':
      case 'arrivals':
        return adoption.frame(link, frame);
      case 'proposal':
      case 'proposal-signed':
      case 'proposal-withdrawn':
      case 'proposal-digest':
      case 'proposal-vector':
        return proposals.frame(link, frame, at);
      case 'ping':
      case 'ack':
      case 'ping-req':
      case 'nack':
      case 'members':
      case 'member-digest':
      case 'member-buckets':
      case 'member-rows':
      case 'member-want': {
        const { linkId } = link;
        return neighbours.handle({ kind: 'frame', linkId, frame }, at.monotonicMs);
      }
    }
  }
}
