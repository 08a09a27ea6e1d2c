/**
 * What is done once in a while: compare tables, try failed members again, forget who is long gone.
 *
 * There is no timer of its own for any of it: it takes its turn between two probes.
 *
 * @module
 */
import type { Comparison } from './comparison.ts';
import type { MembershipConfig } from './config.ts';
import type { LinkTable } from './links.ts';
import type { Member } from './member.ts';
import type { Outbox } from './outbox.ts';
import type { Spreader } from './spreader.ts';
import type { MemberTable } from './table.ts';

/** Probe intervals between two looks for members to forget. */
const REAP_EVERY = 60;

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
  #rejoinAtMs = 0;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#compareAt = Math.floor(parts.random() * parts.config.compareEvery);
  }

  /** Between two probes. */
  turn(nowMs: number): void {
    this.#turn += 1;
    this.#compare();
    if (nowMs >= this.#rejoinAtMs) this.#rejoin(nowMs);
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

  #rejoin(nowMs: number): void {
    const { config, outbox, table, random } = this.#parts;
    this.#rejoinAtMs = nowMs + config.rejoinIntervalMs * (0.5 + random());
    let chosen: Member | undefined;
    let seen = 0;
    for (const member of table.values()) {
      if (member.state !== 'failed' || member.link !== undefined) continue;
      seen += 1;
      if (random() * seen < 1) chosen = member;
    }
    if (chosen === undefined) return;
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
