/**
 * What one bundle's programs are due now, and how the waves of its rollout come to open.
 *
 * Made anew for each statement; what was opened goes from one to the next. A wave is noted on disk
 * before anybody gets the release for it, so that a restart takes back nothing. That a rollout
 * stopped holds at once, noted or not: it only takes away.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { BundleName, Sha256 } from '../../core/ids.ts';
import type { NamedRelease } from '../../core/rollouts/body.ts';
import { type ClockWitnesses, judgeClock } from '../../core/rollouts/clock-check.ts';
import { type Candidate, waveOf } from '../../core/rollouts/cohort.ts';
import {
  CLOSED,
  type Judged,
  judgeRollout,
  type Openness,
  type Sight,
  type Wait,
} from '../../core/rollouts/gates.ts';
import { isTimed } from '../../core/rollouts/opening.ts';
import { encodeOpenness, restoreOpenness } from '../../core/rollouts/openness.ts';
import { type DeliveryPlan, openWaves } from '../../core/rollouts/plan.ts';
import type { RolloutHead } from '../../core/trusted/state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';

/** What a delivery is made of. */
export interface DeliveryOptions {
  readonly bundle: BundleName;
  readonly plan: DeliveryPlan;
  /** The statement of the plan's rollout; absent: the plan has none. */
  readonly rollout: RolloutHead | undefined;
  readonly store: Pick<Store, 'note' | 'setNote'>;
  readonly clock: Clock;
  /** What the clock is held against, where a wave waits for its time. */
  readonly witnesses: () => Omit<ClockWitnesses, 'issuedMs'>;
}

/** What happened to a rollout. */
export type RolloutStep =
  | { readonly kind: 'opened'; readonly wave: number }
  | { readonly kind: 'stopped' }
  /** It waits for something else than before. */
  | { readonly kind: 'waits'; readonly wait: Wait };

/** Which wave a program is in, worked out once per release and plan. */
export interface KnownWave {
  readonly of: Sha256;
  readonly wave: number;
}

/** What one program is due. */
export interface Due {
  /** Absent: nothing yet. */
  readonly due: NamedRelease | undefined;
  /** Present where it matters. */
  readonly wave?: KnownWave;
}

/** What programs of one bundle are due. */
export class Delivery {
  readonly #options: DeliveryOptions;
  #openness: Openness = CLOSED;
  #heldSinceMs: number | undefined;
  #wait: Wait | undefined;
  #isWriting = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get plan(): DeliveryPlan {
    return this.#options.plan;
  }

  /** The statement by which the newest release comes in waves; absent: it does not. */
  get rollout(): RolloutHead | undefined {
    return this.#options.rollout;
  }

  get openness(): Openness {
    return this.#openness;
  }

  /** False once nothing more can happen under this statement. */
  get isUnderWay(): boolean {
    if (this.rollout === undefined || this.#openness.stop !== undefined) return false;
    const kind = this.#wait?.kind;
    return kind !== 'nothing' && kind !== 'aborted' && kind !== 'expired';
  }

  /** Reads what an earlier run of the node opened. Errors: `STORE`; `PARSE` (it is damaged). */
  async restore(): Promise<void> {
    const { bundle, store, rollout } = this.#options;
    if (rollout === undefined) return;
    const note = await store.note(`rollout:${bundle}`);
    if (note !== undefined) this.#openness = restoreOpenness(note, rollout);
  }

  /** What a program is due that holds `known` of its wave; and its wave, to be kept. */
  due(who: Candidate, known: KnownWave | undefined): Due {
    const { plan, rollout } = this.#options;
    const open = openWaves(plan, this.#openness);
    // Without open waves, and with all of them, nobody has to know who is in which.
    if (rollout === undefined || open === 0) return { due: plan.everybody };
    if (open >= rollout.body.waves.length) return { due: rollout.body.to };
    const { digest, body } = rollout;
    const wave = known?.of === digest ? known : { of: digest, wave: waveOf(body, who) };
    return { due: wave.wave < open ? body.to : plan.everybody, wave };
  }

  /** What judging would come to now; nothing changes. */
  judge(sight: Sight): Judged | undefined {
    const { rollout, clock, witnesses } = this.#options;
    if (rollout === undefined) return undefined;
    const { body, issuedMs } = rollout;
    const nowMs = clock.nowMs();
    const next = body.waves[this.#openness.openedMs.length];
    const isAsked = next !== undefined && isTimed(next);
    return judgeRollout({
      body,
      openness: this.#openness,
      sight,
      heldSinceMs: this.#heldSinceMs,
      nowMs,
      clock: isAsked ? judgeClock(nowMs, { issuedMs, ...witnesses() }) : 'right',
      monotonicMs: clock.monotonicMs(),
      expiresMs: rollout.expiresMs,
    });
  }

  /** Opens what may open, or stops. Returns what happened. Errors: `STORE`; nothing opened then. */
  async step(sight: Sight): Promise<RolloutStep | undefined> {
    const judged = this.#isWriting ? undefined : this.judge(sight);
    if (judged === undefined) return undefined;
    const { openness, wait } = judged;
    if (openness === this.#openness) {
      const isNews = wait.kind !== this.#wait?.kind;
      this.#settle(judged);
      return isNews ? { kind: 'waits', wait } : undefined;
    }
    if (openness.stop !== undefined) this.#settle(judged);
    await this.#note(openness);
    this.#settle(judged);
    if (openness.stop !== undefined) return { kind: 'stopped' };
    return { kind: 'opened', wave: openness.openedMs.length - 1 };
  }

  #settle({ openness, heldSinceMs, wait }: Judged): void {
    this.#openness = openness;
    this.#heldSinceMs = heldSinceMs;
    this.#wait = wait;
  }

  async #note(openness: Openness): Promise<void> {
    const { bundle, store, rollout } = this.#options;
    if (rollout === undefined) throw new KedgeError('BUG', `no rollout of ${bundle} to note`);
    this.#isWriting = true;
    try {
      await store.setNote(`rollout:${bundle}`, encodeOpenness(rollout, openness));
    } finally {
      this.#isWriting = false;
    }
  }
}
