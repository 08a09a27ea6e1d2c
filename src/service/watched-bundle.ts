/**
 * One bundle that a client watches: what the client has of it, and what it is sent next.
 *
 * @module
 */
import { type BundleName, type ReleaseStream, releaseStream, type Sha256 } from '../core/ids.ts';
import {
  type Evidence,
  type ForkedStream,
  headOf,
  type ReleaseHead,
  type TrustedState,
} from '../core/trusted/state.ts';
import type { WatchResponse } from '../core/watch/messages.ts';
import { oncePer, type Prepared } from './prepared.ts';
import type { Held, UpdateSource } from './updates.ts';

/** What a client gets next: messages, what has to be made before that is known, or nothing. */
export type Next = readonly WatchResponse[] | Prepared<unknown> | undefined;

/** How far a client came with a release. */
export type Stage = 'delivered' | 'loaded' | 'refused';

/** Where updates come from, as of now. */
export interface UpdateContext {
  readonly updates: UpdateSource;
  readonly state: TrustedState;
}

interface Awaited {
  readonly target: Held;
  readonly messages: Prepared<readonly WatchResponse[]>;
}

// Clients that are told the same get the very same message, which is encoded once.
const currentOf = oncePer(
  ({ sequence, digest }: ReleaseHead, bundle: BundleName) =>
    [{ kind: 'current', at: { bundle, held: { sequence, digest } } }] as const,
);

const placeOf = oncePer(({ sequence, digest }: ReleaseHead): Held => ({ sequence, digest }));

/** The evidence of a fork. */
export const forkOf: (evidence: Evidence) => readonly WatchResponse[] = oncePer(
  (evidence: Evidence) => [{ kind: 'fork', evidence } as const],
);

/** One watched bundle of one client. */
export class WatchedBundle {
  readonly #bundle: BundleName;
  readonly #stream: ReleaseStream;
  #held: Held | undefined;
  /** The evidence or head that the client was last told of, so that nothing is told twice. */
  #told: string | undefined;
  #awaited: Awaited | undefined;
  #stage: { readonly digest: Sha256; readonly stage: Stage } | undefined;

  constructor(bundle: BundleName, held: Held | undefined) {
    this.#bundle = bundle;
    this.#stream = releaseStream(bundle);
    this.#held = held;
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
    const stream = context.state.streams.get(this.#stream);
    if (stream?.kind === 'forked') return this.#nextOfForked(stream, context);
    const head = headOf(context.state, this.#stream);
    const held = this.#held;
    if (
      head === undefined ||
      head.digest === held?.digest ||
      head.sequence < (held?.sequence ?? 0)
    ) {
      // Said again while this node catches up with a client that is ahead of it.
      const told = head?.digest ?? 'none';
      if (this.#told === told) return undefined;
      this.#told = told;
      if (head !== undefined) return currentOf(head, this.#bundle);
      return [{ kind: 'current', at: { bundle: this.#bundle, held: undefined } }];
    }
    return this.#update(placeOf(head), context);
  }

  /** A forked stream: what both sides have in common as far as it is held, and the evidence. */
  #nextOfForked(stream: ForkedStream, context: UpdateContext): Next {
    const { evidence, heldSequence } = stream;
    if (heldSequence > (this.#held?.sequence ?? 0)) {
      const common = context.updates.common(this.#bundle, stream);
      return common.value === undefined ? common : this.#update(common.value, context);
    }
    const told = `fork at ${String(evidence.sequence)}, held ${String(heldSequence)}`;
    if (this.#told === told) return undefined;
    this.#told = told;
    return forkOf(evidence);
  }

  #update(target: Held, { updates, state }: UpdateContext): Next {
    const messages = updates.update(this.#held, target, this.#bundle, state.charters);
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
