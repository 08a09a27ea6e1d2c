/**
 * Asks one member after the other whether it is there: SWIM's failure detector over links.
 *
 * A round: ping over the link; no answer in time: ask up to 3 others to try; no answer through them
 * either: suspect. Members of the own region are probed, by relays also whoever of another region
 * has a link here, and by everybody whoever should have one and has not. Each pass goes over all of
 * them in a new random order. Members whose link breaks are probed next.
 *
 * A member without a link here, and without a failed attempt at one, is only suspected when a
 * helper that should reach it cannot: that this node has no link says nothing about it.
 *
 * @module
 */

import type { NodeId } from '../ids.ts';
import type { LinkId } from '../peer.ts';
import type { MembershipConfig } from './config.ts';
import type { MembershipTimer } from './events.ts';
import type { LocalHealth } from './health.ts';
import type { Judge } from './judge.ts';
import type { LinkTable, MemberLink } from './links.ts';
import type { Member } from './member.ts';
import type { Outbox } from './outbox.ts';
import type { Spreader } from './spreader.ts';
import type { MemberTable } from './table.ts';

/** Members whose links broke, waiting to be probed. */
const URGENT_MAX = 64;
/** The number of a ping is one of so many by chance, then a count: 7 bytes on the wire. */
const SECRETS = 2 ** 40;
const COUNTS = 2 ** 9;
const TIMER: MembershipTimer = { name: 'member-probe' };

/** One probe under way. */
interface Round {
  readonly target: Member;
  readonly sequence: number;
  readonly startMs: number;
  /** Waiting for the target itself, or for helpers. */
  phase: 'direct' | 'indirect';
  readonly timeoutMs: number;
  readonly helpers: LinkId[];
  nacks: number;
  /** A helper that should reach the target could not. */
  witnessed: boolean;
  /** The round was given its time again. */
  graced: boolean;
}

/** What rounds are made of. */
export interface ProberParts {
  readonly config: MembershipConfig;
  readonly outbox: Outbox;
  readonly table: MemberTable;
  readonly links: LinkTable;
  readonly spreader: Spreader;
  readonly health: LocalHealth;
  readonly judge: Judge;
  readonly random: () => number;
}

/** The probes of one node. */
export class Prober {
  readonly #parts: ProberParts;
  #relays: ReadonlySet<NodeId> = new Set();
  #ring: Member[] = [];
  #place = 0;
  readonly #urgent: Member[] = [];
  #round: Round | undefined;
  #pings = 0;
  #dueMs = 0;
  #isLate = false;

  constructor(parts: ProberParts) {
    this.#parts = parts;
  }

  /** The first round begins at some point of the first interval. */
  start(nowMs: number): void {
    this.#arm(this.#parts.config.probeIntervalMs * this.#parts.random(), nowMs);
  }

  /** The relays of the own region, who alone probe other regions, and who should have a link. */
  setPlaces({
    nodeIds,
    wanted,
  }: {
    readonly nodeIds: readonly NodeId[];
    readonly wanted?: ReadonlySet<NodeId>;
  }): void {
    this.#relays = new Set(nodeIds);
    this.#parts.links.wanted = wanted;
  }

  /** This member's link broke, or could not be made: probe it next. */
  hurry(member: Member): void {
    if (!this.#isProbed(member) || this.#urgent.includes(member)) return;
    if (this.#urgent.length < URGENT_MAX) this.#urgent.push(member);
  }

  /**
   * A number for a ping of this node, unlike those that wait for an answer. Nobody can guess it:
   * who answers has read the ping, and measures no less than the way to it and back.
   */
  sequence(): number {
    this.#pings = (this.#pings + 1) % COUNTS;
    return Math.floor(this.#parts.random() * SECRETS) * COUNTS + this.#pings;
  }

  /** The target, or a helper on its behalf, answered. */
  ack(link: MemberLink, sequence: number, nowMs: number): void {
    const round = this.#round;
    if (round?.sequence !== sequence) return;
    const direct = round.target.link === link;
    if (!direct && !round.helpers.includes(link.linkId)) return;
    // A late answer counts too, or a link slower than the first timeout would never be waited for.
    if (direct) link.addRtt(nowMs - round.startMs);
    // An answer to a node that sleeps between its own timers is no sign of health.
    if (!this.#isLate) this.#parts.health.improve();
    this.#endRound(round, nowMs);
  }

  /** A helper is there, but did not reach the target. */
  nack(link: MemberLink, sequence: number, reason: 'no-answer' | 'no-link'): void {
    const round = this.#round;
    if (round?.sequence !== sequence) return;
    const asked = round.helpers.indexOf(link.linkId);
    if (asked < 0) return;
    round.nacks += 1;
    if (reason === 'no-answer') round.witnessed = true;
  }

  /** How late the timer is that just came; 0 when that means nothing. */
  lateMs(nowMs: number): number {
    const lateMs = nowMs - this.#dueMs;
    this.#isLate = lateMs > this.#parts.config.lateMs;
    return this.#isLate ? lateMs : 0;
  }

  /**
   * This node slept and has not read its mail: gives the round under way its time again, once.
   * Returns when there is none to wait for.
   */
  grace(nowMs: number): 'waiting' | 'done' {
    const round = this.#round;
    if (round === undefined || round.graced) return 'done';
    round.graced = true;
    this.#arm(round.timeoutMs, nowMs);
    return 'waiting';
  }

  /** The wait is over: go on to helpers, or judge. Returns when a new round may begin. */
  timeout(nowMs: number): 'waiting' | 'done' {
    const round = this.#round;
    if (round === undefined) return 'done';
    if (round.phase === 'direct') {
      this.#askHelpers(round, nowMs);
      return 'waiting';
    }
    this.#round = undefined;
    this.#conclude(round, nowMs);
    return 'done';
  }

  /** Begins the next round and arms the timer. */
  begin(nowMs: number): void {
    const target = this.#next();
    if (target === undefined) return this.#arm(this.#intervalMs(), nowMs);
    const { config, health, outbox, spreader } = this.#parts;
    const { link } = target;
    const timeoutMs = (link?.timeoutMs(config) ?? config.probeTimeoutMinMs) * health.factor;
    const round: Round = {
      target,
      sequence: this.sequence(),
      startMs: nowMs,
      phase: 'direct',
      timeoutMs,
      helpers: [],
      nacks: 0,
      witnessed: false,
      graced: false,
    };
    this.#round = round;
    if (link === undefined) return this.#reachAcross(round, nowMs);
    const about = target.state === 'suspect' ? target : undefined;
    const updates = spreader.piggyback(link.linkId, about);
    outbox.send(link.linkId, { kind: 'ping', sequence: round.sequence, updates });
    this.#arm(timeoutMs, nowMs);
  }

  #arm(delayMs: number, nowMs: number): void {
    this.#dueMs = nowMs + delayMs;
    this.#parts.outbox.arm(TIMER, delayMs);
  }

  #endRound({ startMs }: Round, nowMs: number): void {
    this.#round = undefined;
    this.#arm(Math.max(0, startMs + this.#intervalMs() - nowMs), nowMs);
  }

  #intervalMs(): number {
    return this.#parts.config.probeIntervalMs * this.#parts.health.factor;
  }

  /** Without a link: one helper stands in for it, if there is no reason to doubt the target. */
  #reachAcross(round: Round, nowMs: number): void {
    if (this.#parts.links.misses(round.target)) return this.#askHelpers(round, nowMs);
    this.#ask(round, 1);
    this.#arm(2 * round.timeoutMs, nowMs);
  }

  #askHelpers(round: Round, nowMs: number): void {
    round.phase = 'indirect';
    this.#ask(round, this.#parts.config.helpers);
    // A helper waits as long for the target as this node did, and answers over one more link.
    const restMs = round.startMs + this.#intervalMs() - nowMs;
    this.#arm(Math.max(2 * round.timeoutMs, restMs), nowMs);
  }

  /** Brings the helpers of a round up to a number. */
  #ask(round: Round, count: number): void {
    const { target, sequence, helpers } = round;
    const asked = helpers.length;
    this.#chooseHelpers(round, count);
    for (let i = asked; i < helpers.length; i += 1) {
      const linkId = helpers[i];
      if (linkId === undefined) continue;
      this.#parts.outbox.send(linkId, { kind: 'ping-req', sequence, target: target.nodeId });
    }
  }

  #conclude(round: Round, nowMs: number): void {
    const { judge, health, links } = this.#parts;
    const { target, helpers, nacks, witnessed } = round;
    const expected = target.link !== undefined || links.misses(target);
    // A helper that does not even say no: the fault may be on this side. Lifeguard, section IV-A.
    if (helpers.length > nacks) health.worsen(helpers.length - nacks);
    else if (helpers.length === 0 && expected) health.worsen(1);
    if (expected || witnessed) judge.suspect(target, nowMs);
  }

  /** Relays of the target's region first, then others of it, then anybody. */
  #chooseHelpers(round: Round, count: number): void {
    const { links, table, random } = this.#parts;
    const { list } = links;
    const start = Math.floor(random() * list.length);
    for (const wish of ['relay', 'region', 'any'] as const) {
      for (let i = 0; i < list.length; i += 1) {
        if (round.helpers.length >= count) return;
        const link = list[(start + i) % list.length];
        if (link === undefined || round.helpers.includes(link.linkId)) continue;
        const { nodeId, region } = link.peer;
        if (nodeId === round.target.nodeId || table.get(nodeId)?.state !== 'alive') continue;
        if (wish !== 'any' && region !== round.target.region) continue;
        if (wish === 'relay' && !this.#relays.has(nodeId)) continue;
        round.helpers.push(link.linkId);
      }
    }
  }

  #next(): Member | undefined {
    for (let urgent = this.#urgent.shift(); urgent !== undefined; urgent = this.#urgent.shift()) {
      if (this.#isProbed(urgent)) return urgent;
    }
    for (let turn = 0; turn < 2; turn += 1) {
      while (this.#place < this.#ring.length) {
        const member = this.#ring[this.#place++];
        if (member !== undefined && this.#isProbed(member)) return member;
      }
      this.#refill();
    }
    return undefined;
  }

  /** A new pass, in a new order. */
  #refill(): void {
    const ring: Member[] = [];
    for (const member of this.#parts.table.values()) {
      if (this.#isProbed(member)) ring.push(member);
    }
    for (let i = ring.length - 1; i > 0; i -= 1) {
      const j = Math.floor(this.#parts.random() * (i + 1));
      const a = ring[i];
      const b = ring[j];
      if (a === undefined || b === undefined) continue;
      ring[i] = b;
      ring[j] = a;
    }
    this.#ring = ring;
    this.#place = 0;
  }

  #isProbed(member: Member): boolean {
    const { table, links } = this.#parts;
    const { self } = table;
    if (!member.isAlive || member === self || member.isForgotten) return false;
    if (member.region === self.region || links.misses(member)) return true;
    return member.link !== undefined && this.#relays.has(self.nodeId);
  }
}
