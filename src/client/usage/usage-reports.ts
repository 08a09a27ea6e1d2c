/**
 * Tells nodes which anchors this program uses, and who the program is over all its connections.
 *
 * What is used for the first time since a change is told within about two seconds, and so is what
 * is used after half a minute of silence; what goes on is told every half minute, while it does.
 * The waits are spread at random, so that a release does not make a whole fleet speak at once.
 * Nothing here is needed for trust, and a node of an earlier version, which does not say its name,
 * is told nothing of it.
 *
 * A report that is on a connection which then breaks may not have arrived. It counts as arrived
 * once the node said something a while later; else it is told again, on the next connection.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { BundleName, NodeId } from '../../core/ids.ts';
import type { Usage, WatchRequest, WatchStart } from '../../core/watch/messages.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Bundle } from '../bundle.ts';
import { AnchorUsage, type UsageUrgency } from './usage.ts';

/** How long what is new may wait, and the least time between two reports. */
const SOON_MS = 2_000;
/** How often is told what goes on. */
const EVERY_MS = 30_000;
/** How often is told that anchors with open connections are in use. `QUIET_MIN_MS` is longer. */
const OPEN_EVERY_MS = 10 * 60_000;
/** When a report counts as arrived, if the node says something after it. */
const ARRIVED_MS = 1_000;
/** Messages of one report; a node takes 20 each second, and these come every two at most. */
const MESSAGES_MAX = 32;

/** What {@link UsageReports} works with. */
export interface UsageReportsOptions {
  readonly bundles: readonly BundleName[];
  readonly clock: Clock;
  readonly random: () => number;
}

/** A connection, as reports use it. */
export interface ReportLine {
  send(request: WatchRequest): void;
  /** Who the node says that it is; absent until it did. */
  readonly nodeId: NodeId | undefined;
}

/** Reports of one opened source. */
export class UsageReports {
  readonly #options: UsageReportsOptions;
  readonly #usage: AnchorUsage;
  readonly #instance = randomBytes(16).toString('hex');
  #streams = 0;
  #line: ReportLine | undefined;
  #previousNode: NodeId | undefined;
  #unsure: { readonly atMs: number; readonly reports: readonly Usage[] }[] = [];
  #timer: ClockTimer | undefined;
  #refresh: ClockTimer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** The node had not said its name when it was to be told. */
  #isHeldBack = false;

  constructor(options: UsageReportsOptions) {
    this.#options = options;
    const { bundles, clock } = options;
    this.#usage = new AnchorUsage({ bundles, clock, onUse: (urgency) => this.#plan(urgency) });
  }

  /** As {@link AnchorUsage.follow}. */
  follow(bundle: Bundle): void {
    this.#usage.follow(bundle);
  }

  /** As {@link AnchorUsage.note}. */
  note(...use: Parameters<AnchorUsage['note']>): void {
    this.#usage.note(...use);
  }

  /** Who this is, for the start of a stream; each call is the start of one. */
  introduce(): Pick<WatchStart, 'instance' | 'streams' | 'previousNode' | 'reportsUsage'> {
    this.#streams += 1;
    return {
      instance: this.#instance,
      streams: this.#streams,
      ...(this.#previousNode !== undefined && { previousNode: this.#previousNode }),
      reportsUsage: true,
    };
  }

  /** Reports over a connection, until what is returned is disposed. */
  begin(line: ReportLine): Disposable {
    this.#line = line;
    this.#usage.repeat();
    if (this.#usage.hasNews) this.#plan('soon');
    this.#refreshLater();
    return { [Symbol.dispose]: () => this.#end() };
  }

  /** The node said something. */
  heard(): void {
    if (this.#isHeldBack) this.#plan('soon');
    if (this.#unsure.length === 0) return;
    const sinceMs = this.#options.clock.monotonicMs() - ARRIVED_MS;
    this.#unsure = this.#unsure.filter(({ atMs }) => atMs > sinceMs);
  }

  /** Tells what there is now, open connections included: nothing comes after it. */
  farewell(): void {
    this.#usage.refresh();
    this.#tell();
    this.#unsure = [];
  }

  #end(): void {
    this.#previousNode = this.#line?.nodeId ?? this.#previousNode;
    this.#line = undefined;
    this.#unplan();
    this.#refresh?.[Symbol.dispose]();
    for (const { reports } of this.#unsure) this.#usage.giveBack(reports);
    this.#unsure = [];
  }

  #refreshLater(): void {
    this.#refresh = this.#options.clock.setTimer(OPEN_EVERY_MS, () => {
      this.#usage.refresh();
      if (this.#usage.hasNews) this.#plan('later');
      this.#refreshLater();
    });
  }

  #plan(urgency: UsageUrgency): void {
    if (this.#line === undefined) return;
    const { clock, random } = this.#options;
    // The first one after a silence finds nothing planned.
    const isPlanned = this.#dueMs !== Number.POSITIVE_INFINITY;
    if (isPlanned && urgency === 'later') return;
    const nowMs = clock.monotonicMs();
    const isSoon = urgency === 'soon' || nowMs - this.#toldMs >= EVERY_MS;
    const soonMs = nowMs + (SOON_MS * (1 + 2 * random())) / 4;
    const dueMs = isSoon ? Math.max(soonMs, this.#toldMs + SOON_MS) : this.#toldMs + EVERY_MS;
    if (dueMs >= this.#dueMs) return;
    this.#unplan();
    this.#dueMs = dueMs;
    this.#timer = clock.setTimer(Math.ceil(dueMs - nowMs), () => this.#tell());
  }

  #unplan(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #tell(): void {
    this.#unplan();
    const line = this.#line;
    this.#isHeldBack = line !== undefined && line.nodeId === undefined;
    if (line?.nodeId === undefined) return;
    const reports = this.#usage.take(MESSAGES_MAX);
    if (reports.length === 0) return;
    const nowMs = this.#options.clock.monotonicMs();
    this.#toldMs = nowMs;
    this.#unsure.push({ atMs: nowMs, reports });
    for (const usage of reports) line.send({ kind: 'usage', usage });
    if (this.#usage.hasNews) this.#plan('soon');
  }
}
