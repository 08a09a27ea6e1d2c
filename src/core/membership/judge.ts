/**
 * From a missed answer to a failed member: suspects, counts confirmations, and gives up in the end.
 *
 * Nobody's word makes a member failed here. That others suspect it or call it failed starts this
 * node's own suspicion or shortens it; the member has the whole wait to speak for itself.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import type { MembershipConfig } from './config.ts';
import type { Observation } from './frames.ts';
import type { LocalHealth } from './health.ts';
import type { MemberLink } from './links.ts';
import type { Member } from './member.ts';
import type { Outbox } from './outbox.ts';
import type { Own } from './own.ts';
import { observationOf } from './rumors.ts';
import type { Spreader } from './spreader.ts';
import { type ClaimSource, Suspicion } from './suspicion.ts';
import type { MemberTable } from './table.ts';

/** Members named beside one observation. */
const ACCUSERS_MAX = 3;
/** Suspects that are warned again in one turn. */
const WARNINGS_MAX = 8;

/** What judging takes. */
export interface JudgeParts {
  readonly config: MembershipConfig;
  readonly outbox: Outbox;
  readonly table: MemberTable;
  readonly spreader: Spreader;
  readonly health: LocalHealth;
  readonly own: Own;
}

/** The suspicions of one node. */
export class Judge {
  readonly #config: MembershipConfig;
  readonly #outbox: Outbox;
  readonly #table: MemberTable;
  readonly #spreader: Spreader;
  readonly #health: LocalHealth;
  readonly #own: Own;

  constructor({ config, outbox, table, spreader, health, own }: JudgeParts) {
    this.#config = config;
    this.#outbox = outbox;
    this.#table = table;
    this.#spreader = spreader;
    this.#health = health;
    this.#own = own;
  }

  /** A peer says how a member stands. */
  hear(link: MemberLink, { nodeId, incarnation, by }: Observation, nowMs: number): void {
    const { record } = this.#own;
    if (nodeId === record.nodeId) {
      if (incarnation !== record.incarnation || this.#own.hasLeft) return;
      this.#health.worsen(1);
      return this.#own.refute(incarnation, nowMs);
    }
    const member = this.#table.get(nodeId);
    if (member === undefined || member.record.incarnation !== incarnation) return;
    if (member.isAlive) this.#accuse(member, by, link.linkId, nowMs);
    this.#spreader.heard(member, link);
  }

  /** This node's own probe was not answered. */
  suspect(member: Member, nowMs: number): void {
    if (member.isAlive) this.#accuse(member, [this.#own.nodeId], undefined, nowMs);
  }

  /** Gives up on those whose time is over, and warns the others again. */
  expire(nowMs: number): void {
    if (this.#table.suspects.size === 0 || this.#own.hasLeft) return;
    let warnings = WARNINGS_MAX;
    for (const member of this.#table.suspects) {
      if (member.suspicion === undefined) continue;
      if (member.suspicion.dueMs > nowMs) {
        // The first warning may have gone down with the link that was doubted.
        if (warnings-- > 0) this.#warn(member);
        continue;
      }
      const others = member.suspicion.by.filter((one) => one !== this.#own.nodeId);
      member.accusers = [this.#own.nodeId, ...others].slice(0, ACCUSERS_MAX);
      this.#table.mark(member, 'failed', nowMs);
      this.#outbox.emit({ kind: 'changed', member, before: 'suspect' });
      this.#spreader.tell(member);
    }
  }

  /** This node slept for so long; everybody gets the time back. */
  extend(byMs: number): void {
    for (const { suspicion } of this.#table.suspects) suspicion?.extend(byMs);
  }

  #accuse(member: Member, by: readonly NodeId[], source: ClaimSource, nowMs: number): void {
    const [first] = by;
    if (first === undefined) return;
    const { suspicion } = member;
    if (suspicion !== undefined) {
      const told = member.accusers.length;
      if (suspicion.confirm(by, source) === 'known') return;
      member.accusers = suspicion.by.slice(0, ACCUSERS_MAX);
      if (member.accusers.length > told) this.#spreader.tellMore(member);
      return;
    }
    const members = this.#table.aliveCount;
    const witnesses = this.#table.aliveIn(member.region) - 2;
    const started = new Suspicion(
      this.#config,
      { members, witnesses },
      { by: first, source },
      nowMs,
    );
    member.suspicion = started;
    member.accusers = started.by.slice(0, ACCUSERS_MAX);
    this.#table.mark(member, 'suspect', nowMs);
    this.#outbox.emit({ kind: 'changed', member, before: 'alive' });
    this.#spreader.tell(member);
    this.#warn(member);
  }

  /** Whoever has a link to a suspect tells it at once: it can refute within a round trip. */
  #warn(member: Member): void {
    const observation = observationOf(member);
    if (member.link === undefined || observation === undefined) return;
    const updates = { members: [], observations: [observation] };
    this.#outbox.send(member.link.linkId, { kind: 'members', updates });
  }
}
