/**
 * One bundle that a client watches: what the client has of it, and what it is sent next.
 *
 * @module
 */
import type { BundleName, Sha256 } from '../../core/ids.ts';
import { WAITING_MAX } from '../../core/limits.ts';
import type { NamedRelease } from '../../core/rollouts/body.ts';
import type { Candidate } from '../../core/rollouts/cohort.ts';
import {
  type Evidence,
  type ForkedStream,
  headOf,
  type RolloutHead,
  type StreamState,
  type TrustedState,
} from '../../core/trusted/state.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import { type Deliveries, isWaved } from './deliveries.ts';
import type { Delivery, KnownWave } from './delivery.ts';
import type { Receiver } from './fan-out.ts';
import { oncePer, type Prepared } from './prepared.ts';
import type { Topic } from './topics.ts';
import type { Held, UpdateSource } from './updates.ts';
import type { WaitingSource } from './waiting-source.ts';

/** What a client gets next: messages, what has to be made before that is known, or nothing. */
export type Next = readonly WatchResponse[] | Prepared<unknown> | undefined;

/** How far a client came with a release. */
export type Stage = 'delivered' | 'loaded' | 'refused';

/** Where updates come from, as of now. */
export interface UpdateContext {
  readonly updates: UpdateSource;
  readonly waiting: WaitingSource;
  readonly deliveries: Pick<Deliveries, 'of'>;
  readonly state: TrustedState;
  /** Who watches. */
  readonly who: Candidate;
  /**
   * `told`: the client asks regions, so it has to know by which rollout it waits; `explained`: and
   * for what.
   */
  readonly rollouts: 'explained' | 'told' | 'untold';
}

/** A client, as its watches know it. */
export interface Watcher extends Receiver {
  /** What it may be sent of this bundle is another thing now. Says whether it can be sent any. */
  changed(moved: WatchedBundle): boolean;
}

interface Awaited {
  readonly target: Held;
  readonly messages: Prepared<readonly WatchResponse[]>;
}

// Clients that are told the same get the very same message, which is encoded once.
const currentOf = oncePer(
  ({ sequence, digest }: NamedRelease, bundle: BundleName) =>
    [{ kind: 'current', at: { bundle, held: { sequence, digest } } }] as const,
);

const placeOf = oncePer(({ sequence, digest }: NamedRelease): Held => ({ sequence, digest }));

const rolloutOf = oncePer(
  ({ statement, bodyBytes }: RolloutHead) =>
    [{ kind: 'rollout', document: { statement, body: bodyBytes } }] as const,
);

/** The evidence of a fork. */
export const forkOf: (evidence: Evidence) => readonly WatchResponse[] = oncePer(
  (evidence: Evidence) => [{ kind: 'fork', evidence } as const],
);

/** One watched bundle of one client. */
export class WatchedBundle {
  readonly watcher: Watcher;
  readonly #topic: Topic;
  #held: Held | undefined;
  /** The evidence or head that the client was last told of, so that nothing is told twice. */
  #told: string | undefined;
  #awaited: Awaited | undefined;
  #wave: KnownWave | undefined;
  #toldRollout: RolloutHead | undefined;
  /** The last release that was shown to the client, and not given. */
  #shown: Held | undefined;
  #stage: { readonly digest: Sha256; readonly stage: Stage } | undefined;

  constructor(topic: Topic, held: Held | undefined, watcher: Watcher) {
    this.#topic = topic;
    this.#held = held;
    this.watcher = watcher;
  }

  get bundle(): BundleName {
    return this.#topic.bundle;
  }

  /** What the client has once it has read all that was sent. */
  get held(): Held | undefined {
    return this.#held;
  }

  /** How far the client came with this release. */
  stageOf(digest: Sha256): Stage | undefined {
    return this.#stage?.digest === digest ? this.#stage.stage : undefined;
  }

  /** The client says how far it came. */
  note(digest: Sha256, stage: Stage): void {
    this.#stage = { digest, stage };
  }

  /** What the client has to get next of this bundle. */
  next(context: UpdateContext): Next {
    if (this.#awaited !== undefined) {
      const { target, messages } = this.#awaited;
      if (messages.value === undefined) return messages;
      this.#awaited = undefined;
      return this.#took(target, messages.value);
    }
    const stream = context.state.streams.get(this.#topic.stream);
    if (isWaved(stream)) return this.#nextDue(stream, context);
    if (stream?.kind === 'forked') return this.#nextOfForked(stream, context);
    const head = headOf(context.state, this.#topic.stream);
    const held = this.#held;
    if (
      head === undefined ||
      head.digest === held?.digest ||
      head.sequence < (held?.sequence ?? 0)
    ) {
      // Said again while this node catches up with a client that is ahead of it.
      return this.#tellCurrent(head);
    }
    return this.#update(placeOf(head), context);
  }

  /** What the client is due while the newest release comes in waves. Spec rules DW-10 to DW-12. */
  #nextDue(stream: StreamState | undefined, context: UpdateContext): Next {
    const made = context.deliveries.of(this.#topic.bundle);
    const delivery = made.value;
    if (delivery === undefined) return made;
    const { due, wave } = delivery.due(context.who, this.#wave);
    this.#wave = wave;
    const held = this.#held;
    if (due !== undefined && due.sequence > (held?.sequence ?? 0)) {
      return this.#update(due, context);
    }
    if (stream?.kind === 'forked') return this.#tellFork(stream);
    if (held === undefined || held.digest === due?.digest) {
      return this.#settle(due, delivery, context);
    }
    // It has more than it is due, which nobody takes away.
    const isHeld = context.updates.holds(this.#topic.bundle, held, stream?.head.digest);
    if (isHeld.value === undefined) return isHeld;
    return this.#settle(isHeld.value ? held : due, delivery, context);
  }

  /** Says that the client has what it is due, and by which rollout. */
  #settle(at: NamedRelease | undefined, { rollout }: Delivery, context: UpdateContext): Next {
    if (context.rollouts !== 'untold' && rollout !== undefined && this.#toldRollout !== rollout) {
      this.#toldRollout = rollout;
      return rolloutOf(rollout);
    }
    return (rollout && this.#showWaiting(context)) ?? this.#tellCurrent(at);
  }

  /** What waits while a rollout runs, for a client that has what it is due. Spec rule DW-18. */
  #showWaiting(context: UpdateContext): Next {
    const { rollouts, waiting, state } = context;
    const head = headOf(state, this.#topic.stream);
    const held = this.#held;
    if (rollouts !== 'explained' || head === undefined || held === undefined) return undefined;
    const ahead = head.sequence - held.sequence;
    // Who would keep no more of them is shown the rest when it has come closer.
    if (head.digest === this.#shown?.digest || ahead <= 0 || ahead > WAITING_MAX) return undefined;
    const isBeyond = (this.#shown?.sequence ?? 0) > held.sequence;
    const made = waiting.between(isBeyond ? (this.#shown ?? held) : held, head, this.#topic.bundle);
    if (made.value === undefined) return made;
    if (made.value.length > 0) {
      this.#shown = placeOf(head);
      return made.value;
    }
    if (!isBeyond) return undefined;
    // What was shown fell, with a fork or with a thief's charters.
    this.#shown = undefined;
    return this.#showWaiting(context);
  }

  #tellCurrent(at: NamedRelease | undefined): Next {
    const told = at?.digest ?? 'none';
    if (this.#told === told) return undefined;
    this.#told = told;
    if (at !== undefined) return currentOf(at, this.#topic.bundle);
    return [{ kind: 'current', at: { bundle: this.#topic.bundle, held: undefined } }];
  }

  /** A forked stream: what both sides have in common as far as it is held, and the evidence. */
  #nextOfForked(stream: ForkedStream, context: UpdateContext): Next {
    if (stream.heldSequence > (this.#held?.sequence ?? 0)) {
      const common = context.updates.common(this.#topic.bundle, stream);
      return common.value === undefined ? common : this.#update(common.value, context);
    }
    return this.#tellFork(stream);
  }

  #tellFork({ evidence, heldSequence }: ForkedStream): Next {
    const told = `fork at ${String(evidence.sequence)}, held ${String(heldSequence)}`;
    if (this.#told === told) return undefined;
    this.#told = told;
    return forkOf(evidence);
  }

  #update(target: Held, { updates, state }: UpdateContext): Next {
    const messages = updates.update(this.#held, target, this.#topic.bundle, state.charters);
    if (messages.value !== undefined) return this.#took(target, messages.value);
    this.#awaited = { target, messages };
    return messages;
  }

  #took(target: Held, messages: readonly WatchResponse[]): readonly WatchResponse[] {
    this.#held = target;
    this.#told = target.digest;
    return messages;
  }
}
