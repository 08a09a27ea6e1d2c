/**
 * The membership machine of one node: `handle(event, nowMs) → effects`.
 *
 * SWIM with Lifeguard over the links that exist anyway: who is there, who fails, who left. No I/O,
 * clock or randomness here. Of its parts `table.ts` knows the members, `linking.ts` notes links,
 * `reading.ts` and `intake.ts` take what peers say, `prober.ts` and `helper.ts` ask whether members
 * answer, `judge.ts` concludes, `spreader.ts` passes news on, `comparison.ts` mends what was
 * missed. Source: docs/membership.md.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { NodeId } from '../ids.ts';
import { Comparison } from './comparison.ts';
import { MEMBERSHIP_DEFAULTS, type MembershipConfig } from './config.ts';
import type {
  MembershipEffect,
  MembershipEvent,
  MembershipSnapshot,
  MembershipTimer,
  RememberedMember,
} from './events.ts';
import { LocalHealth } from './health.ts';
import { Helper } from './helper.ts';
import { Intake } from './intake.ts';
import { Judge } from './judge.ts';
import { Linking } from './linking.ts';
import { LinkTable, type MemberLink } from './links.ts';
import { Outbox } from './outbox.ts';
import { Own } from './own.ts';
import { Prober } from './prober.ts';
import { Reading } from './reading.ts';
import { type MemberRecord, type MemberSigner, signMember } from './record.ts';
import { Rumors } from './rumors.ts';
import type { Software } from './software.ts';
import { Spreader } from './spreader.ts';
import { MemberTable } from './table.ts';
import { Upkeep } from './upkeep.ts';
import type { MemberView } from './view.ts';

/** What a machine is made of. */
export interface MembershipOptions {
  /** This node as it describes itself. */
  readonly self: Omit<MemberRecord, 'incarnation' | 'status'>;
  /** Signs with the key in `self.publicKey`. */
  readonly sign: MemberSigner;
  /** What this node runs; absent: it does not say. */
  readonly software?: Software;
  /** Uniform in [0, 1): order and jitter only, never a decision about trust. */
  readonly random: () => number;
  readonly nowMs: number;
  readonly config?: Partial<MembershipConfig>;
  /** What {@link MembershipMachine.snapshot} gave before the last stop. */
  readonly remembered?: MembershipSnapshot;
}

/** One node's view of all others. Not re-entrant: one event at a time. */
export class MembershipMachine {
  readonly #config: MembershipConfig;
  readonly #outbox: Outbox = new Outbox();
  readonly #links: LinkTable = new LinkTable();
  readonly #health: LocalHealth;
  readonly #table: MemberTable;
  readonly #spreader: Spreader;
  readonly #own: Own;
  readonly #judge: Judge;
  readonly #linking: Linking;
  readonly #reading: Reading;
  readonly #prober: Prober;
  readonly #helper: Helper;
  readonly #upkeep: Upkeep;

  /** Errors: those of `signMember` and `verifyMember`; what is remembered is verified again. */
  constructor(options: MembershipOptions) {
    const { self, sign, random, nowMs, remembered } = options;
    const config = { ...MEMBERSHIP_DEFAULTS, ...options.config };
    const [outbox, links] = [this.#outbox, this.#links];
    const incarnation = (remembered?.incarnation ?? 0) + 1;
    const record: MemberRecord = { ...self, incarnation, status: 'alive' };
    const signed = signMember(record, sign, options.software);
    const table = new MemberTable({ signed, record, state: 'alive' }, nowMs);
    const health = new LocalHealth(config.healthMax);
    const rumors = new Rumors(config, table);
    const spreader = new Spreader(config, outbox, links, rumors, random);
    const own = new Own(outbox, table, spreader, sign);
    const judge = new Judge({ config, outbox, table, spreader, health, own });
    const comparison = new Comparison(outbox, table, judge);
    const prober = new Prober({ config, outbox, table, links, spreader, health, judge, random });
    this.#config = config;
    this.#health = health;
    this.#table = table;
    this.#spreader = spreader;
    this.#own = own;
    this.#judge = judge;
    this.#prober = prober;
    const intake = new Intake({ outbox, table, links, spreader, own, judge });
    const helper = new Helper({ config, outbox, table, links, spreader, prober });
    const asking = { comparison, prober };
    this.#helper = helper;
    this.#linking = new Linking({ outbox, table, links, spreader, own, ...asking });
    this.#reading = new Reading({ outbox, links, spreader, intake, helper, ...asking });
    this.#upkeep = new Upkeep({ config, outbox, table, links, spreader, comparison, random });
    for (const member of remembered?.members ?? []) this.#remember(member, nowMs);
  }

  /** This node's own record. */
  get self(): MemberView {
    return this.#table.self;
  }

  /** Counts the changes of alive members and their records. */
  get version(): number {
    return this.#table.version;
  }

  /** The summary of all alive members: equal on nodes that agree. */
  get root(): { readonly root: string; readonly count: number } {
    const { root, count } = this.#table.digest;
    return { root, count };
  }

  /** How far this node doubts itself: 1 when all is well. */
  get healthFactor(): number {
    return this.#health.factor;
  }

  member(nodeId: NodeId): MemberView | undefined {
    return this.#table.get(nodeId);
  }

  /**
   * Says whether a member never showed itself here and could not be reached: it is told of and
   * tried, and counts for nothing else.
   */
  isDoubtful(nodeId: NodeId): boolean {
    return this.#table.get(nodeId)?.isDoubtful === true;
  }

  /** Says whether a member showed itself here, in this run or an earlier one. */
  isMet(nodeId: NodeId): boolean {
    return this.#table.get(nodeId)?.isMet === true;
  }

  link(linkId: MemberLink['linkId']): Pick<MemberLink, 'rttMs' | 'fastestMs'> | undefined {
    return this.#links.get(linkId);
  }

  /** Everybody known, this node included; gone ones until they are forgotten. */
  members(): Iterable<MemberView> {
    return this.#table.values();
  }

  /** What is worth remembering across a restart. */
  snapshot(): MembershipSnapshot {
    const members: RememberedMember[] = [];
    for (const member of this.#table.values()) {
      if (member === this.#table.self) continue;
      const { signed, state, binding } = member;
      members.push({ signed, state: state === 'suspect' ? 'alive' : state, binding });
    }
    return { incarnation: this.#own.record.incarnation, members };
  }

  /** Takes one event; returns what the driver has to do, in order. A refusal never throws. */
  handle(event: MembershipEvent, nowMs: number): readonly MembershipEffect[] {
    this.#dispatch(event, nowMs);
    return this.#outbox.take();
  }

  #dispatch(event: MembershipEvent, nowMs: number): void {
    switch (event.kind) {
      case 'start':
        this.#upkeep.start();
        return this.#prober.start(nowMs);
      case 'link-up':
        return this.#linking.up(event.linkId, event.peer);
      case 'link-down':
        return this.#linking.down(event.linkId);
      case 'dial-failed':
        return this.#linking.failed(event.nodeId);
      case 'frame':
        return this.#reading.take(event.linkId, event.frame, nowMs);
      case 'timer':
        return this.#timer(event.timer, nowMs);
      case 'late':
        if (event.lateMs > this.#config.lateMs) this.#health.worsen(1);
        return;
      case 'relays':
        return this.#prober.setPlaces(event);
      case 'leave':
        return this.#leave(nowMs);
    }
  }

  #remember(member: RememberedMember, nowMs: number): void {
    try {
      this.#table.restore(member, nowMs);
    } catch (thrown) {
      this.#outbox.notice({ kind: 'forgotten', error: KedgeError.from(thrown) });
    }
  }

  #leave(nowMs: number): void {
    if (this.#own.hasLeft) return;
    this.#own.leave(nowMs);
    const updates = { members: [this.#own.signed], observations: [] };
    for (const { linkId } of this.#links.list) {
      this.#outbox.send(linkId, { kind: 'members', updates });
    }
  }

  #timer(timer: MembershipTimer, nowMs: number): void {
    switch (timer.name) {
      case 'member-probe':
        if (!this.#own.hasLeft) this.#probe(nowMs);
        return;
      case 'member-spread':
        return this.#spreader.timer();
      case 'member-help':
        return this.#helper.timer(nowMs);
      case 'member-rejoin':
        return this.#upkeep.timer();
    }
  }

  #probe(nowMs: number): void {
    const lateMs = this.#prober.lateMs(nowMs);
    if (lateMs > 0) {
      this.#health.worsen(1);
      this.#judge.extend(lateMs);
      if (this.#prober.grace(nowMs) === 'waiting') return;
    }
    if (this.#prober.timeout(nowMs) === 'waiting') return;
    this.#judge.expire(nowMs);
    this.#upkeep.turn(nowMs);
    this.#prober.begin(nowMs);
  }
}
