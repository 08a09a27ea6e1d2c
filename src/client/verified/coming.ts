/**
 * Rollouts by which newer releases come to this program, verified: why a newer release that regions
 * hold is not due here yet.
 *
 * Kept while the program runs, and told anew by every node. A rollout is the word of its signers,
 * not of a node; which waves are open is a node's word, so what a rollout excuses ends with it.
 * What a verified rollout keeps out is kept beside it, and taken when that one is over: a thief may
 * have shown it to nobody else. Spec section 13, DW-13, DW-14 and DW-18.
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
import { decisionAt } from '../../core/trusted/decisions.ts';
import { isPlaced } from '../../core/trusted/settle.ts';
import {
  type Evidence,
  type Head,
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

/** Rollouts of one bundle that are kept out; whoever signs more of them loses the oldest. */
const KEPT_OUT_MAX = 4;

/** The rollouts that one program knows. */
export class ComingReleases {
  readonly #bundles: readonly BundleName[];
  readonly #rollouts: Map<BundleName, StreamState> = new Map();
  /** Those that the known one keeps out, the last that came first. */
  readonly #keptOut: Map<BundleName, readonly SignedDocument[]> = new Map();
  readonly #waiting: WaitingReleases = new WaitingReleases();

  constructor(bundles: readonly BundleName[]) {
    this.#bundles = bundles;
  }

  /**
   * Verifies a rollout and keeps it; says whether it is another one. Errors: those of
   * `acceptDocument` that are the node's fault, `TYPE` (of a bundle that is not watched).
   */
  take(trusted: TrustedState, document: SignedDocument, nowMs: number): 'new' | 'held' {
    const { kind, bundle, expiresMs } = parseStatement(document.statement.payload);
    if (kind !== 'rollout' || bundle === undefined || !this.#bundles.includes(bundle)) {
      throw new KedgeError('TYPE', 'a node sent something else as a rollout');
    }
    const isPast = expiresMs <= nowMs;
    const known = isPast ? undefined : this.#known(bundle, nowMs);
    const beside = judge(
      known === undefined ? trusted : withStream(trusted, known),
      document,
      nowMs,
    );
    if (beside.kind === 'held') return 'held';
    const isOne = beside.kind === 'taken' && beside.stream.kind === 'open';
    if (!isOne) this.#oppose(trusted, { bundle, document, known }, nowMs);
    if (beside.kind === 'refused' || isPast) return 'held';
    this.#rollouts.set(bundle, beside.stream);
    return 'new';
  }

  /**
   * Time passed, or the charters are others: a rollout that is over gives way to what it kept out,
   * as if a node had told that now. Returns the bundles of which another one is known.
   */
  settle(trusted: TrustedState, nowMs: number): readonly BundleName[] {
    return this.#bundles.filter((bundle) => {
      const keptOut = this.#keptOut.get(bundle) ?? [];
      if (this.#known(bundle, nowMs) !== undefined) return false;
      this.#keptOut.delete(bundle);
      const isOver = this.#rollouts.delete(bundle);
      const taken = keptOut.filter((one) => this.#takeAgain(trusted, one, nowMs) === 'new');
      return isOver || taken.length > 0;
    });
  }

  /** When a rollout that is known is over, in milliseconds from `nowMs`; absent: there is none. */
  leftMs(nowMs: number): number | undefined {
    const left = [...this.#rollouts.values()].map((known) => endOf(known) - nowMs);
    return left.length === 0 ? undefined : Math.max(0, Math.min(...left));
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

  /** Two rollouts or releases for one place, of each bundle of which such were shown. */
  forks(): readonly Evidence[] {
    const streams = [...this.#rollouts.values()];
    const rollouts = streams.flatMap((one) => (one.kind === 'forked' ? [one.evidence] : []));
    return [...rollouts, ...this.#waiting.forks()];
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

  /** It was taken once; whatever speaks against it now is no node's fault. */
  #takeAgain(trusted: TrustedState, document: SignedDocument, nowMs: number): 'new' | 'held' {
    return judge(trusted, document, nowMs).kind === 'taken'
      ? this.take(trusted, document, nowMs)
      : 'held';
  }

  /**
   * Keeps a rollout that the known one alone keeps out, which says nothing against the node. Of two
   * for one place neither is obeyed, and either may be over first. Errors: those of `take`.
   */
  #oppose(trusted: TrustedState, { bundle, document, known }: Opposed, nowMs: number): void {
    const alone = judge(trusted, document, nowMs);
    if (alone.kind === 'refused' && !isHarmless(alone.error)) throw alone.error;
    const { digest, sequence } = parseStatement(document.statement.payload);
    const head = known?.kind === 'open' ? known.head : undefined;
    if (head !== undefined && head.sequence === sequence) this.#keepOut(bundle, documentOf(head));
    // Its signers replaced what they signed the known one upon.
    const isReplaced = head?.previous === digest;
    if (alone.kind === 'taken' && !isReplaced) this.#keepOut(bundle, document);
  }

  #keepOut(bundle: BundleName, document: SignedDocument): void {
    const { digest, sequence } = parseStatement(document.statement.payload);
    const others = (this.#keptOut.get(bundle) ?? []).filter(({ statement }) => {
      const other = parseStatement(statement.payload);
      // A node that tells of one has none that is later.
      return other.digest !== digest && other.sequence >= sequence;
    });
    this.#keptOut.set(bundle, [document, ...others].slice(0, KEPT_OUT_MAX));
  }

  /** What keeps out what is older, and what contradicts it. */
  #known(bundle: BundleName, nowMs: number): StreamState | undefined {
    const stream = this.#rollouts.get(bundle);
    return stream === undefined || endOf(stream) <= nowMs ? undefined : stream;
  }

  #inForce(bundle: BundleName, nowMs: number): RolloutBody | undefined {
    const stream = this.#rollouts.get(bundle);
    if (stream?.kind !== 'open' || stream.head.kind !== 'rollout') return undefined;
    const { body, expiresMs } = stream.head;
    return body.state === 'aborted' || expiresMs <= nowMs ? undefined : body;
  }
}

/** A rollout, and what does not let it in; absent: it came alone. */
interface Opposed {
  readonly bundle: BundleName;
  readonly document: SignedDocument;
  readonly known: StreamState | undefined;
}

/** What a rollout comes to. */
type Judged =
  | { readonly kind: 'held' }
  | { readonly kind: 'taken'; readonly stream: StreamState }
  | { readonly kind: 'refused'; readonly error: KedgeError };

function judge(trusted: TrustedState, { statement, body }: SignedDocument, nowMs: number): Judged {
  const offer = { chain: [statement], body, mode: 'jump', releases: 'not-held' } as const;
  try {
    const { outcome, state } = acceptDocument(trusted, offer, nowMs);
    const stream = state.streams.get(parseStatement(statement.payload).stream);
    return outcome === 'held' || stream === undefined
      ? { kind: 'held' }
      : { kind: 'taken', stream };
  } catch (thrown) {
    return { kind: 'refused', error: KedgeError.from(thrown) };
  }
}

/** When a rollout expires, or the first of two that contradict each other. */
function endOf(stream: StreamState): number {
  if (stream.kind === 'open') return stream.head.expiresMs;
  const { first, second } = stream.evidence;
  return Math.min(...[first, second].map(({ payload }) => parseStatement(payload).expiresMs));
}

function documentOf({ statement, bodyBytes }: Head): SignedDocument {
  return { statement, body: bodyBytes };
}

/** Whether what is known of a stream is valid under the charters that hold now, and stands. */
function isStill(trusted: TrustedState, stream: StreamState): boolean {
  if (stream.kind === 'open') {
    const { head } = stream;
    return isPlaced(trusted, stream.stream, head) && isGoodHistory(trusted, head.statement);
  }
  const { first, second } = stream.evidence;
  const isOpen = decisionAt(trusted, stream.evidence) === undefined;
  return isOpen && isGoodHistory(trusted, first) && isGoodHistory(trusted, second);
}
