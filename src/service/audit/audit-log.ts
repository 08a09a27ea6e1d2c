/**
 * The audit log of one node, running: takes facts, writes them in groups, signs the head.
 *
 * Noting returns at once and is never on the way of a statement: what is noted is written a moment
 * later, together, with one sync, behind what the store has to write anyway. Only what is on the
 * disk is shown and signed, so no checkpoint is ever taken back. A disk that refuses is tried again
 * with the same entries; of what comes meanwhile as much waits as there is room for, and the rest
 * is counted. Spec section 11.
 *
 * @module
 */
import { type AuditSealer, sealAuditCheckpoint } from '../../core/audit/checkpoint.ts';
import type { AuditEntry, AuditFact } from '../../core/audit/entry.ts';
import {
  type AuditLogState,
  appendEntries,
  EMPTY_AUDIT_LOG,
  isOversized,
  pruneOldest,
} from '../../core/audit/log.ts';
import { FactPace } from '../../core/audit/pace.ts';
import { type RefusalSource, Refusals } from '../../core/audit/refusals.ts';
import { KedgeError } from '../../core/errors.ts';
import type { NodeId, RealmName } from '../../core/ids.ts';
import { perfectSubtrees, treeRoot } from '../../core/log/tree.ts';
import type { AuditBatch, AuditStore } from '../../ports/audit-store.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';

/** What an audit log works with. */
export interface AuditLogOptions {
  readonly realm: RealmName;
  readonly node: NodeId;
  readonly store: AuditStore;
  /** How much room entries take before the oldest are removed. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** How far a stream is noted, to be written with an entry. */
export type Mark = AuditBatch['marks'][number];

interface Waiting {
  readonly entry: AuditEntry;
  readonly mark: Mark | undefined;
}

/** How long the first of a group waits for others. */
const WRITE_AFTER_MS = 250;
/** How long after a failure the same is tried again. */
const RETRY_AFTER_MS = 2_000;
/** Entries in one write. */
const GROUP_MAX = 500;
/** Entries that wait for the disk; more are counted. */
const WAITING_MAX = 4_000;
/** Entries that one write removes at most; the next one goes on. */
const PRUNE_MAX = 1_000;

/** The audit log of one node. */
export class AuditLog implements AsyncDisposable {
  readonly #options: AuditLogOptions;
  readonly #refusals: Refusals = new Refusals();
  readonly #pace: FactPace = new FactPace();
  /** What is on the disk. */
  #durable: AuditLogState;
  #waiting: Waiting[] = [];
  /** What may be on the disk: written again, as it is, before anything else. */
  #inDoubt: AuditBatch | undefined;
  #lost = 0;
  #work: Promise<void> = Promise.resolve();
  #timer: ClockTimer | undefined;
  #windowTimer: ClockTimer | undefined;
  #sealer: AuditSealer | undefined;
  #sealed: { readonly size: number; readonly bytes: Uint8Array } | undefined;
  #isClosed = false;

  private constructor(options: AuditLogOptions, durable: AuditLogState) {
    this.#options = options;
    this.#durable = durable;
  }

  /** Goes on where the store says. Errors: `STORE`. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { store } = options;
    const record = await store.record();
    if (record === undefined) return new AuditLog(options, EMPTY_AUDIT_LOG);
    const { size, ...rest } = record;
    const peaks = await store.subtrees(perfectSubtrees(0, size));
    return new AuditLog(options, { ...rest, tree: { size, peaks } });
  }

  /** What is on the disk. */
  get durable(): AuditLogState {
    return this.#durable;
  }

  /** From now on the head is signed for a region, or for none. */
  sealWith(sealer: AuditSealer | undefined): void {
    this.#sealer = sealer;
    this.#sealed = undefined;
  }

  /** Notes a fact, now; `mark` goes to the disk with it. */
  note(fact: AuditFact, mark?: Mark): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= WAITING_MAX) {
      this.#lost += 1;
      return this.#options.metrics.increment('kedge_audit_lost_total');
    }
    const entry = { ...fact, timeMs: this.#options.clock.nowMs() };
    this.#waiting.push({ entry, mark });
    this.#options.metrics.increment('kedge_audit_entries_total', { what: fact.what });
    this.#arm(WRITE_AFTER_MS);
  }

  /** Notes a fact that signers bring about, or counts it when there are many. Rule AL-10. */
  bounded(fact: AuditFact): void {
    const { clock } = this.#options;
    this.#endWindow();
    if (this.#pace.take(fact.what, clock.monotonicMs()) === 'note') return this.note(fact);
    this.#counted();
  }

  /** Notes a refusal, or counts it when there are many. Rule AL-7. */
  refused(source: RefusalSource, fact: Omit<AuditFact, keyof RefusalSource | 'what'>): void {
    const { clock } = this.#options;
    this.#endWindow();
    if (this.#refusals.take(source, clock.monotonicMs()) === 'note') {
      return this.note({ what: 'refused', ...source, ...fact });
    }
    this.#counted();
  }

  /** Writes what waits; resolves when that is done or has failed, which is said elsewhere. */
  async flush(): Promise<void> {
    this.#work = this.#work.then(() => this.#writeAll());
    await this.#work;
  }

  /** Makes room for `GROUP_MAX` entries more; `none` while the disk refuses. */
  async room(): Promise<'room' | 'none'> {
    if (!this.#hasRoom()) await this.flush();
    return this.#hasRoom() ? 'room' : 'none';
  }

  /** The head of what is on the disk, signed where this node has a key of its region. */
  checkpoint(): Uint8Array {
    const { realm, node, clock } = this.#options;
    const { tree, timeMs } = this.#durable;
    if (this.#sealed?.size === tree.size) return this.#sealed.bytes;
    const head = { realm, node, size: tree.size, root: treeRoot(tree) };
    const timeSeconds = Math.max(1, Math.floor(Math.max(clock.nowMs(), timeMs) / 1000));
    const bytes = sealAuditCheckpoint(head, this.#sealer, timeSeconds);
    this.#sealed = { size: tree.size, bytes };
    return bytes;
  }

  /** Writes what is left, counted refusals included. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const fact of [...this.#refusals.close(), ...this.#pace.close()]) this.note(fact);
    await this.flush();
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#windowTimer?.[Symbol.dispose]();
  }

  #hasRoom(): boolean {
    return this.#waiting.length <= WAITING_MAX - GROUP_MAX;
  }

  /** Something was counted alone: it is noted when its window ends, whatever comes until then. */
  #counted(): void {
    const { clock, metrics } = this.#options;
    metrics.increment('kedge_audit_counted_total');
    this.#armWindow(clock);
  }

  #armWindow(clock: Clock): void {
    const due = [this.#refusals.dueMs, this.#pace.dueMs].filter((at) => at !== undefined);
    if (due.length === 0) return;
    const delayMs = Math.max(0, Math.min(...due) - clock.monotonicMs());
    this.#windowTimer ??= clock.setTimer(delayMs, () => {
      this.#windowTimer = undefined;
      this.#endWindow();
      this.#armWindow(clock);
    });
  }

  #endWindow(): void {
    const now = this.#options.clock.monotonicMs();
    for (const fact of [...this.#refusals.due(now), ...this.#pace.due(now)]) this.note(fact);
  }

  #arm(delayMs: number): void {
    this.#timer ??= this.#options.clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      void this.flush();
    });
  }

  async #writeAll(): Promise<void> {
    const { store, logger, metrics } = this.#options;
    while (this.#inDoubt !== undefined || this.#waiting.length > 0) {
      try {
        this.#inDoubt ??= await this.#nextBatch();
        await store.write(this.#inDoubt);
      } catch (thrown) {
        const { code, message: reason } = KedgeError.from(thrown);
        metrics.increment('kedge_audit_failures_total');
        logger.error({ event: 'audit.failed', code, reason }, 'the audit log is not written');
        if (!this.#isClosed) this.#arm(RETRY_AFTER_MS);
        return;
      }
      this.#durable = this.#inDoubt.state;
      this.#inDoubt = undefined;
      metrics.set('kedge_audit_log_entries', this.#durable.tree.size);
      metrics.set('kedge_audit_log_bytes', this.#durable.bytes);
    }
  }

  /** The next group; it leaves the queue when all that it needs was read. */
  async #nextBatch(): Promise<AuditBatch> {
    const { store, maxBytes, clock } = this.#options;
    const group = this.#waiting.slice(0, GROUP_MAX);
    const lost = this.#lost;
    const entries = group.map(({ entry }) => entry);
    const reason = 'the disk did not take them in time';
    const gap = { what: 'lost', count: lost, reason, timeMs: clock.nowMs() } as const;
    const appended = appendEntries(this.#durable, lost === 0 ? entries : [...entries, gap]);
    const removed = { from: this.#durable.first, to: this.#durable.first };
    let { state } = appended;
    if (isOversized(state, maxBytes)) {
      const oldest = await store.entries(state.first, state.first + PRUNE_MAX);
      state = pruneOldest(
        state,
        oldest.map((entry) => entry.bytes),
        maxBytes,
      );
      removed.to = state.first;
    }
    this.#waiting = this.#waiting.slice(group.length);
    this.#lost -= lost;
    const marks = group.flatMap(({ mark }) => (mark === undefined ? [] : [mark]));
    return { ...appended, state, marks, removed };
  }
}
