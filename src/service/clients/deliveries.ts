/**
 * What programs of all bundles are due at this node, and the rollouts that are under way.
 *
 * A bundle whose newest release waits for nothing never comes here: it costs nothing. Of the others
 * the plan is made once per statement, by whoever asks first, and the gates are judged twice per
 * second while there is something to wait for.
 *
 * @module
 */
import type { ReportingNode } from '../../core/adoption/view.ts';
import type { AuditFact } from '../../core/audit/entry.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type BundleName,
  releaseStream,
  rolloutStream,
  type StreamName,
  splitStream,
} from '../../core/ids.ts';
import type { HeartbeatBook } from '../../core/log/heartbeat-book.ts';
import type { RolloutBody } from '../../core/rollouts/body.ts';
import { planDelivery } from '../../core/rollouts/plan.ts';
import { type RegionalSight, seeRollout } from '../../core/rollouts/sight.ts';
import {
  currentCharter,
  headOf,
  type RolloutHead,
  type StreamState,
  type TrustedState,
} from '../../core/trusted/state.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Store } from '../../ports/store.ts';
import { Delivery, type DeliveryOptions } from './delivery.ts';
import { DueHistory } from './due-history.ts';
import { Prepared } from './prepared.ts';
import { reportStep, stepFact } from './rollout-reports.ts';

/** What deliveries work with. */
export interface DeliveriesOptions {
  /** What is on disk at start. */
  readonly state: TrustedState;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What all nodes say of their programs. */
  readonly nodes: () => readonly ReportingNode[];
  /** The newest verified heartbeats of regions: which time it is by them. */
  readonly heartbeats: () => HeartbeatBook;
  /** A wave opened, or a rollout stopped. */
  readonly onStep: (bundle: BundleName, delivery: Delivery) => void;
  /** For the audit log; absent where none is kept. */
  readonly note?: (fact: AuditFact) => void;
}

/** What is made for one bundle. */
interface Entry {
  readonly releases: StreamState | undefined;
  readonly rollouts: StreamState | undefined;
  readonly delivery: Prepared<Delivery>;
}

const JUDGE_EVERY_MS = 500;

/** The deliveries of one node. */
export class Deliveries implements AsyncDisposable {
  readonly #options: DeliveriesOptions;
  readonly #history: DueHistory;
  readonly #entries: Map<BundleName, Entry> = new Map();
  #state: TrustedState;
  #timer: ClockTimer | undefined;
  #judging: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#history = new DueHistory(options.store);
  }

  /** Goes on with the rollouts that were under way when the node stopped. */
  start(): void {
    this.serve(this.#state, []);
  }

  /** The durable state moved; without streams: it is served from now on. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    this.#state = state;
    for (const stream of streams.length > 0 ? streams : state.streams.keys()) {
      const parsed = splitStream(stream);
      if (parsed.kind === 'charter') continue;
      if (isWaved(state.streams.get(releaseStream(parsed.bundle)))) this.of(parsed.bundle);
      else this.#entries.delete(parsed.bundle);
    }
    this.#arm();
  }

  /** What programs of a bundle are due. Errors of what it makes: `STORE`. */
  of(bundle: BundleName): Prepared<Delivery> {
    const releases = this.#state.streams.get(releaseStream(bundle));
    const rollouts = this.#state.streams.get(rolloutStream(bundle));
    const known = this.#entries.get(bundle);
    if (known !== undefined && known.releases === releases && known.rollouts === rollouts) {
      return known.delivery;
    }
    const delivery = new Prepared(this.#make(bundle, this.#state, known?.delivery));
    const entry = { releases, rollouts, delivery };
    this.#entries.set(bundle, entry);
    this.#arm();
    delivery.settled.catch((thrown: unknown) => {
      if (this.#entries.get(bundle) === entry) this.#entries.delete(bundle);
      this.#failed(bundle, thrown);
    });
    return delivery;
  }

  /** What is known of the programs of a bundle's rollout. */
  see(
    bundle: BundleName,
    { digest, body }: RolloutHead,
    nodes: readonly ReportingNode[] = this.#options.nodes(),
  ): RegionalSight {
    return seeRollout({ bundle, digest, waves: body.waves.length }, nodes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    await this.#judging;
  }

  async #make(
    bundle: BundleName,
    state: TrustedState,
    before: Prepared<Delivery> | undefined,
  ): Promise<Delivery> {
    // What is being opened under the statement before is on disk then.
    await before?.settled.catch(() => undefined);
    await this.#judging;
    const top = topOf(state, bundle);
    const newest = headOf(state, rolloutStream(bundle));
    const isHeld = newest !== undefined && (await this.#holds(bundle, top, newest.body));
    const rollout = isHeld ? newest : undefined;
    const floor = rollout?.body.from?.sequence ?? 0;
    const atOnce = await this.#history.atOnce(bundle, top, floor);
    const plan = planDelivery({ atOnce, rollout: rollout?.body });
    const { store, clock } = this.#options;
    const inForce = plan.rollout === undefined ? undefined : rollout;
    const witnesses = this.#witnesses.bind(this);
    const delivery = new Delivery({ bundle, plan, rollout: inForce, store, clock, witnesses });
    await this.#restore(bundle, delivery);
    // The first wave waits for nothing.
    await this.#step(bundle, delivery, this.#options.nodes());
    this.#options.onStep(bundle, delivery);
    return delivery;
  }

  #witnesses(): ReturnType<DeliveryOptions['witnesses']> {
    const charter = currentCharter(this.#state)?.charter;
    return { charter, heartbeats: this.#options.heartbeats() };
  }

  /** Without its note a rollout begins anew, which opens less than before, never more. */
  async #restore(bundle: BundleName, delivery: Delivery): Promise<void> {
    try {
      await delivery.restore();
    } catch (thrown) {
      if (KedgeError.from(thrown).code === 'STORE') throw thrown;
      this.#failed(bundle, thrown);
    }
  }

  async #holds(bundle: BundleName, top: number, { from, to }: RolloutBody): Promise<boolean> {
    if (to.sequence > top) return false;
    const both = [this.#history.holds(bundle, from), this.#history.holds(bundle, to)];
    return (await Promise.all(both)).every(Boolean);
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#isClosed || this.#entries.size === 0) return;
    this.#timer = this.#options.clock.setTimer(JUDGE_EVERY_MS, () => {
      this.#timer = undefined;
      this.#judging = this.#judgeAll();
    });
  }

  async #judgeAll(): Promise<void> {
    let underWay = 0;
    let nodes: readonly ReportingNode[] | undefined;
    for (const [bundle, { delivery }] of this.#entries) {
      if (delivery.value?.isUnderWay === false) continue;
      underWay += 1;
      // Asked once for all of them.
      nodes ??= this.#options.nodes();
      if (delivery.value !== undefined) await this.#step(bundle, delivery.value, nodes);
    }
    if (underWay > 0) this.#arm();
  }

  async #step(
    bundle: BundleName,
    delivery: Delivery,
    nodes: readonly ReportingNode[],
  ): Promise<void> {
    const { rollout } = delivery;
    if (rollout === undefined) return;
    try {
      const step = await delivery.step(this.see(bundle, rollout, nodes));
      if (step === undefined) return;
      const { logger, metrics, note } = this.#options;
      const stepped = { bundle, rollout, openness: delivery.openness };
      reportStep({ logger, metrics }, stepped, step);
      const fact = stepFact(stepped, step);
      if (fact !== undefined) note?.(fact);
      if (step.kind !== 'waits') this.#options.onStep(bundle, delivery);
    } catch (thrown) {
      this.#failed(bundle, thrown);
    }
  }

  #failed(bundle: BundleName, thrown: unknown): void {
    if (this.#isClosed) return;
    const err = KedgeError.from(thrown);
    const fields = { event: 'rollout.failed', bundle, code: err.code, err } as const;
    this.#options.logger.error(
      fields,
      'no wave opens now: what was opened cannot be read or noted',
    );
  }
}

/** Whether what is due of a stream of releases has to be worked out. */
export function isWaved(releases: StreamState | undefined): boolean {
  if (releases === undefined) return false;
  const { head } = releases;
  // Of a forked stream the newest may be on disk only.
  if (head === undefined) return true;
  return head.kind === 'release' && head.body.delivery !== undefined;
}

/** The sequence up to which a bundle's releases may be given out. */
export function topOf(state: TrustedState, bundle: BundleName): number {
  const releases = state.streams.get(releaseStream(bundle));
  if (releases?.kind === 'forked') return releases.heldSequence;
  return releases?.head.sequence ?? 0;
}
