/**
 * Rollouts by which newer releases come to this program, verified: why a newer release that regions
 * hold is not due here yet.
 *
 * Kept while the program runs, and told anew by every node. A rollout is the word of its signers,
 * not of a node; which waves are open is a node's word, so what a rollout excuses ends with it.
 * Spec section 13, DW-13, DW-14 and DW-18.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, releaseStream, rolloutStream } from '../../core/ids.ts';
import type { HeldHead } from '../../core/log/freshness.ts';
import type { NamedRelease, RolloutBody } from '../../core/rollouts/body.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { acceptDocument } from '../../core/trusted/accept.ts';
import { isGoodHistory } from '../../core/trusted/authority.ts';
import { isPlaced } from '../../core/trusted/settle.ts';
import {
  type ReleaseHead,
  type StreamState,
  type TrustedState,
  withStream,
} from '../../core/trusted/state.ts';
import type { BundleUpdate } from '../../core/watch/messages.ts';
import { WaitingReleases } from './waiting-releases.ts';

/** What says nothing against the node: it, or this program, lacks something that may come. */
const HARMLESS: readonly KedgeError['code'][] = ['GAP', 'EXPIRED', 'ROLLBACK', 'FORK'];

/** Nor does one that was signed well: its signers have left since, or its releases fell. */
function isHarmless({ code, detail }: KedgeError): boolean {
  return HARMLESS.includes(code) || detail['standing'] === 'history';
}

/** The rollouts that one program knows. */
export class ComingReleases {
  readonly #bundles: readonly BundleName[];
  readonly #rollouts: Map<BundleName, StreamState> = new Map();
  readonly #waiting: WaitingReleases = new WaitingReleases();

  constructor(bundles: readonly BundleName[]) {
    this.#bundles = bundles;
  }

  /**
   * Verifies a rollout and keeps it; says whether it is another one. Errors: those of
   * `acceptDocument` that are the node's fault, `TYPE` (of a bundle that is not watched).
   */
  take(trusted: TrustedState, { statement, body }: SignedDocument, nowMs: number): 'new' | 'held' {
    const { kind, bundle } = parseStatement(statement.payload);
    if (kind !== 'rollout' || bundle === undefined || !this.#bundles.includes(bundle)) {
      throw new KedgeError('TYPE', 'a node sent something else as a rollout');
    }
    const offer = { chain: [statement], body, mode: 'jump', releases: 'not-held' } as const;
    try {
      const result = acceptDocument(this.#with(trusted, bundle, nowMs), offer, nowMs);
      if (result.outcome === 'held') return 'held';
      const stream = result.state.streams.get(rolloutStream(bundle));
      if (stream !== undefined) this.#rollouts.set(bundle, stream);
      return 'new';
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (!isHarmless(error)) throw error;
      return 'held';
    }
  }

  /** The charters are others: what stands on some that a recovery replaced, or fell, is left. */
  govern(trusted: TrustedState): void {
    for (const [bundle, stream] of this.#rollouts) {
      if (!isStill(trusted, stream)) this.#rollouts.delete(bundle);
    }
    this.#waiting.govern(trusted);
  }

  /** A release is verified that is in use, or waits for cosignatures alone. */
  stand(bundle: BundleName, head: ReleaseHead, use: 'in-use' | 'waits'): void {
    this.#waiting.stand(bundle, head, use);
  }

  /**
   * Verifies a release that waits behind a rollout; says whether it is another one. Errors: those
   * of `WaitingReleases.take`, `TYPE` (of a bundle that is not watched).
   */
  show(trusted: TrustedState, update: BundleUpdate, nowMs: number): 'new' | 'held' {
    if (this.#bundles.includes(update.bundle)) return this.#waiting.take(trusted, update, nowMs);
    throw new KedgeError('TYPE', 'a node showed a release of a bundle that is not watched');
  }

  /** The newest rollout that is known of a bundle, for regions to vouch for. */
  newest(bundle: BundleName): HeldHead | undefined {
    const stream = this.#rollouts.get(bundle);
    if (stream?.kind !== 'open') return undefined;
    const { sequence, digest } = stream.head;
    return { stream: stream.stream, sequence, digest };
  }

  /**
   * The newest release that was shown and is not due to whoever has `head`; absent when no rollout
   * holds it back, or something up to it is due to everybody. What was not shown excuses nothing: a
   * rollout may name a revocation, and whoever signs rollouts is not trusted to hold that back.
   */
  notDue(bundle: BundleName, head: ReleaseHead | undefined, nowMs: number): HeldHead | undefined {
    const rollout = this.#inForce(bundle, nowMs);
    if (rollout === undefined || head === undefined) return undefined;
    const { from, to } = rollout;
    const behind = this.#waiting.behind(bundle, head);
    const newest = behind.at(-1);
    if (newest === undefined || behind.some(({ delivery }) => delivery === 'at-once')) {
      return undefined;
    }
    const isTo = head.digest === to.digest;
    const waitsForTo =
      from !== undefined &&
      (from.sequence < head.sequence || from.digest === head.digest) &&
      behind.some(({ digest }) => digest === to.digest);
    if (!isTo && !waitsForTo) return undefined;
    const { sequence, digest } = newest;
    return {
      stream: releaseStream(bundle),
      sequence,
      digest,
      below: (at) => [head, ...behind].find((one) => one.sequence === at)?.digest,
      ...(sequence > to.sequence && { by: rolloutStream(bundle) }),
    };
  }

  /** Rule DW-14: a rollout says that programs have this release while a newer one is there. */
  isHeldBack(bundle: BundleName, { digest }: NamedRelease, nowMs: number): boolean {
    const rollout = this.#inForce(bundle, nowMs);
    return rollout?.from?.digest === digest || rollout?.to.digest === digest;
  }

  #inForce(bundle: BundleName, nowMs: number): RolloutBody | undefined {
    const stream = this.#rollouts.get(bundle);
    if (stream?.kind !== 'open' || stream.head.kind !== 'rollout') return undefined;
    const { body, expiresMs } = stream.head;
    return body.state === 'aborted' || expiresMs <= nowMs ? undefined : body;
  }

  /**
   * The trusted state together with the rollout that is known, which keeps out what is older, and
   * what contradicts it. What has expired does not: a thief may have shown it to nobody else.
   */
  #with(trusted: TrustedState, bundle: BundleName, nowMs: number): TrustedState {
    const known = this.#rollouts.get(bundle);
    return known === undefined || isOver(known, nowMs) ? trusted : withStream(trusted, known);
  }
}

/** Whether a rollout has expired, or one of two that contradict each other. */
function isOver(stream: StreamState, nowMs: number): boolean {
  if (stream.kind === 'open') return stream.head.expiresMs <= nowMs;
  const { first, second } = stream.evidence;
  return [first, second].some(({ payload }) => parseStatement(payload).expiresMs <= nowMs);
}

/** Whether what is known of a stream is valid under the charters that hold now, and stands. */
function isStill(trusted: TrustedState, stream: StreamState): boolean {
  if (stream.kind === 'open') {
    const { head } = stream;
    return isPlaced(trusted, stream.stream, head) && isGoodHistory(trusted, head.statement);
  }
  const { first, second } = stream.evidence;
  return isGoodHistory(trusted, first) && isGoodHistory(trusted, second);
}
