/**
 * Reads the frames of peers and says which part acts on each. What is refused is reported and
 * changes nothing.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { LinkId } from '../peer.ts';
import type { Comparison } from './comparison.ts';
import type { MembershipFrame, Updates } from './frames.ts';
import type { Helper } from './helper.ts';
import type { Intake } from './intake.ts';
import type { LinkTable, MemberLink } from './links.ts';
import type { Outbox } from './outbox.ts';
import type { Prober } from './prober.ts';
import type { Spreader } from './spreader.ts';

/** What reading works with. */
export interface ReadingParts {
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly spreader: Spreader;
  readonly intake: Intake;
  readonly comparison: Comparison;
  readonly prober: Prober;
  readonly helper: Helper;
}

/** The frames that come in. */
export class Reading {
  readonly #parts: ReadingParts;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
  }

  /** Takes one frame; nothing of a link that is gone. */
  take(linkId: LinkId, frame: MembershipFrame, nowMs: number): void {
    const { links, outbox } = this.#parts;
    const link = links.get(linkId);
    if (link === undefined) return;
    try {
      this.#read(link, frame, nowMs);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      outbox.notice({ kind: 'refused', linkId, from: link.peer.nodeId, error });
    }
  }

  #read(link: MemberLink, frame: MembershipFrame, nowMs: number): void {
    const { outbox, spreader, comparison, prober, helper } = this.#parts;
    const { linkId } = link;
    switch (frame.kind) {
      case 'ping': {
        this.#news(link, frame.updates, nowMs);
        const updates = spreader.piggyback(linkId);
        return outbox.send(linkId, { kind: 'ack', sequence: frame.sequence, updates });
      }
      case 'ack':
        prober.ack(link, frame.sequence, nowMs);
        helper.ack(link, frame.sequence);
        return this.#news(link, frame.updates, nowMs);
      case 'ping-req':
        return helper.ask(link, frame.sequence, frame.target, nowMs);
      case 'nack':
        return prober.nack(link, frame.sequence, frame.reason);
      case 'members':
        return this.#news(link, frame.updates, nowMs);
      case 'member-digest':
        return comparison.digest(link, frame);
      case 'member-buckets':
        return comparison.buckets(link, frame);
      case 'member-rows':
        return comparison.rows(link, frame, nowMs);
      case 'member-want':
        return comparison.want(link, frame, nowMs);
    }
  }

  #news(link: MemberLink, updates: Updates, nowMs: number): void {
    if (updates.members.length === 0 && updates.observations.length === 0) return;
    this.#parts.intake.take(link, updates, nowMs);
  }
}
