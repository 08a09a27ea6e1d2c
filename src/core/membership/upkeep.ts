/**
 * What is done once in a while: compare tables, try failed members again, forget who is long gone.
 *
 * All but the trying takes its turn between two probes. Trying has a timer of its own: a node that
 * is cut off doubts itself and probes slowly, and must not be slow to see that the way is free.
 *
 * @module
 */
import type { Comparison } from './comparison.ts';
import type { MembershipConfig } from './config.ts';
import type { MembershipTimer } from './events.ts';
import type { LinkTable } from './links.ts';
import type { Member } from './member.ts';
import type { Outbox } from './outbox.ts';
import type { Spreader } from './spreader.ts';
import type { MemberTable } from './table.ts';

/** Probe intervals between two looks for members to forget. */
const REAP_EVERY = 60;
const TIMER: MembershipTimer = { name: 'member-rejoin' };

/** What upkeep works with. */
export interface UpkeepParts {
  readonly config: MembershipConfig;
  readonly outbox: Outbox;
  readonly table: MemberTable;
  readonly links: LinkTable;
  readonly spreader: Spreader;
  readonly comparison: Comparison;
  readonly random: () => number;
}

/** The slow work of one node. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  #turn = 0;
  #compareAt = 0;
  #comparedVersion = 0;
  #rejoinTries = 0;
  /** The timer is armed. */
  #isTrying = false;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#compareAt = Math.floor(parts.random() * parts.config.compareEvery);
  }

  /** Begins to try members that failed in an earlier life. */
  start(): void {
    this.#try();
  }

  /** It is time to try one. */
  timer(): void {
    this.#isTrying = false;
    if (this.#parts.table.self.record.status === 'left') return;
    this.#rejoin();
    this.#try();
  }

  /** Between two probes, right after members were given up. */
  turn(nowMs: number): void {
    this.#turn += 1;
    this.#try();
    this.#compare();
    if (this.#turn % REAP_EVERY === 0) this.#reap(nowMs);
  }

  /** After each change with somebody at once, else at a slow pace. */
  #compare(): void {
    const { config, table, links, comparison, random } = this.#parts;
    if (this.#turn < this.#compareAt && table.version === this.#comparedVersion) return;
    this.#comparedVersion = table.version;
    this.#compareAt = this.#turn + config.compareEvery;
    const link = links.any(random());
    if (link !== undefined) comparison.start(link);
  }

  /** Sleeps for as long as nobody is gone. */
  #try(): void {
    const { config, outbox, table, random } = this.#parts;
    if (this.#isTrying || table.size === table.aliveCount) return;
    this.#isTrying = true;
    outbox.arm(TIMER, config.rejoinIntervalMs * (0.5 + random()));
  }

  /** Dials the lost member that was not tried for longest, or any of several such. */
  #rejoin(): void {
    const { config, outbox, table, random } = this.#parts;
    if (!table.hasLost) return;
    // That a failed member is back is news for all; a doubtful one each node has to see for itself.
    const takesShare = random() * table.aliveCount < config.rejoinSharers;
    let chosen: Member | undefined;
    let seen = 0;
    for (const member of table.values()) {
      const isLost = member.state === 'failed' ? takesShare : member.isAlive && member.isDoubtful;
      if (!isLost || member.link !== undefined) continue;
      if (chosen !== undefined && member.rejoinTry > chosen.rejoinTry) continue;
      if (chosen !== undefined && member.rejoinTry < chosen.rejoinTry) seen = 0;
      seen += 1;
      if (random() * seen < 1) chosen = member;
    }
    if (chosen === undefined) return;
    this.#rejoinTries += 1;
    chosen.rejoinTry = this.#rejoinTries;
    outbox.emit({ kind: 'dial', nodeId: chosen.nodeId, address: chosen.record.address });
  }

  #reap(nowMs: number): void {
    const { config, outbox, table, spreader } = this.#parts;
    for (const member of table.values()) {
      if (member.isAlive || nowMs - member.sinceMs < config.reapMs) continue;
      if (member === table.self) continue;
      table.remove(member);
      spreader.forget(member);
      outbox.emit({ kind: 'removed', member });
    }
  }
}
