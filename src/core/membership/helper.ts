/**
 * Tries for others: pings a member on behalf of one who gets no answer from it.
 *
 * The asker gets `ack` when the target answered, and `nack` when it did not in most of the time in
 * which the asker waits: so it knows that its link to this node works, and that the target is to
 * blame. Lifeguard, section IV-A. An answer that comes after that is passed on all the same.
 *
 * @module
 */

import type { NodeId } from '../ids.ts';
import type { LinkId } from '../peer.ts';
import type { MembershipConfig } from './config.ts';
import type { MembershipTimer } from './events.ts';
import type { LinkTable, MemberLink } from './links.ts';
import type { Outbox } from './outbox.ts';
import type { Prober } from './prober.ts';
import type { Spreader } from './spreader.ts';
import type { MemberTable } from './table.ts';

/** Tries under way for all askers together; more are answered with `nack` at once. */
const TRIES_MAX = 256;
/** Tries under way for one asker. */
const TRIES_PER_LINK_MAX = 16;
/** Share of a timeout after which a target counts as not answering. */
const NACK_SHARE = 0.8;
const TIMER: MembershipTimer = { name: 'member-help' };

interface Try {
  readonly asker: LinkId;
  readonly askerSequence: number;
  readonly target: LinkId;
  /** When the asker is told that no answer came, and then when it stops waiting for a late one. */
  dueMs: number;
  isNacked: boolean;
}

/** What helping takes. */
export interface HelperParts {
  readonly config: MembershipConfig;
  readonly outbox: Outbox;
  readonly table: MemberTable;
  readonly links: LinkTable;
  readonly spreader: Spreader;
  readonly prober: Prober;
}

/** The tries of one node, by the sequence of its own ping. */
export class Helper {
  readonly #config: MembershipConfig;
  readonly #outbox: Outbox;
  readonly #table: MemberTable;
  readonly #links: LinkTable;
  readonly #spreader: Spreader;
  readonly #prober: Prober;
  readonly #tries: Map<number, Try> = new Map();

  constructor({ config, outbox, table, links, spreader, prober }: HelperParts) {
    this.#config = config;
    this.#outbox = outbox;
    this.#table = table;
    this.#links = links;
    this.#spreader = spreader;
    this.#prober = prober;
  }

  /** A peer asks for a try. */
  ask(asker: MemberLink, askerSequence: number, nodeId: NodeId, nowMs: number): void {
    const target = this.#links.to(nodeId);
    if (target === undefined) {
      const member = this.#table.get(nodeId);
      const isMissed = member !== undefined && this.#links.misses(member);
      return this.#nack(asker.linkId, askerSequence, isMissed ? 'no-answer' : 'no-link');
    }
    if (!this.#hasRoom(asker.linkId)) return this.#nack(asker.linkId, askerSequence, 'no-link');
    const sequence = this.#prober.sequence();
    const waitMs = NACK_SHARE * target.timeoutMs(this.#config);
    this.#tries.set(sequence, {
      asker: asker.linkId,
      askerSequence,
      target: target.linkId,
      dueMs: nowMs + waitMs,
      isNacked: false,
    });
    const updates = this.#spreader.piggyback(target.linkId);
    this.#outbox.send(target.linkId, { kind: 'ping', sequence, updates });
    this.#armNext(nowMs);
  }

  /** A target answered. */
  ack(link: MemberLink, sequence: number): void {
    const one = this.#tries.get(sequence);
    if (one?.target !== link.linkId) return;
    this.#tries.delete(sequence);
    if (this.#links.get(one.asker) === undefined) return;
    const updates = this.#spreader.piggyback(one.asker);
    this.#outbox.send(one.asker, { kind: 'ack', sequence: one.askerSequence, updates });
  }

  timer(nowMs: number): void {
    for (const [sequence, one] of this.#tries) {
      if (one.dueMs > nowMs) continue;
      if (one.isNacked) {
        this.#tries.delete(sequence);
        continue;
      }
      // One lost packet makes an answer late by more than this wait. It still counts.
      one.isNacked = true;
      one.dueMs = nowMs + this.#config.probeIntervalMs;
      this.#nack(one.asker, one.askerSequence, 'no-answer');
    }
    this.#armNext(nowMs);
  }

  #hasRoom(asker: LinkId): boolean {
    if (this.#tries.size >= TRIES_MAX) return false;
    let open = 0;
    for (const one of this.#tries.values()) if (one.asker === asker) open += 1;
    return open < TRIES_PER_LINK_MAX;
  }

  #nack(asker: LinkId, sequence: number, reason: 'no-answer' | 'no-link'): void {
    if (this.#links.get(asker) === undefined) return;
    this.#outbox.send(asker, { kind: 'nack', sequence, reason });
  }

  #armNext(nowMs: number): void {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const one of this.#tries.values()) dueMs = Math.min(dueMs, one.dueMs);
    if (dueMs !== Number.POSITIVE_INFINITY) {
      this.#outbox.arm(TIMER, Math.max(0, dueMs - nowMs));
    }
  }
}
