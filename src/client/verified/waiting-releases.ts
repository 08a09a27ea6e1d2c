/**
 * Releases that wait behind a rollout, as a node showed them to this program: verified like those
 * that come into use, and not used.
 *
 * Regions name the newest release alone. A program that another one holds back can tell from what
 * it is shown that this is the one, and that nothing in between was due to it. Of each bundle one
 * body is kept and a bounded number of places. What contradicts them is proof that signers signed
 * twice, of which nodes are told. Spec section 13, DW-18, and FK-6.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { openContent } from '../../core/gossip/replica/push.ts';
import { type BundleName, releaseStream } from '../../core/ids.ts';
import { WAITING_MAX } from '../../core/limits.ts';
import type { NamedRelease } from '../../core/rollouts/body.ts';
import { isAtOnce } from '../../core/rollouts/plan.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { acceptDocument, acceptEvidence } from '../../core/trusted/accept.ts';
import { isGoodHistory } from '../../core/trusted/authority.ts';
import { decisionAt } from '../../core/trusted/decisions.ts';
import { makeEvidence } from '../../core/trusted/evidence.ts';
import { isPlaced } from '../../core/trusted/settle.ts';
import {
  type Evidence,
  forkOf,
  headOf,
  type ReleaseHead,
  type TrustedState,
  withStream,
} from '../../core/trusted/state.ts';
import type { BundleUpdate } from '../../core/watch/messages.ts';

/** One that was shown. */
interface ShownRelease extends NamedRelease {
  /** `at-once`: it is due to everybody (DW-8, DW-9), so nobody waits for it. */
  readonly delivery: 'at-once' | 'waves';
  readonly statement: SignedStatement;
}

/** What was shown of one bundle. */
interface Shown {
  /** The release on which all of it builds: in use, or verified and not cosigned yet. */
  readonly ground: NamedRelease & Pick<ReleaseHead, 'charterVersion'>;
  readonly releases: readonly ShownRelease[];
  /** The last of them, or the ground. */
  readonly head: ReleaseHead;
}

/** What says nothing against a node: charters change what may follow, and the program may lag. */
const HARMLESS: readonly KedgeError['code'][] = [
  'GAP',
  'EXPIRED',
  'ROLLBACK',
  'FORK',
  'POLICY',
  'LIFECYCLE',
  'BLAST_RADIUS',
];

/** The releases that one program was shown. */
export class WaitingReleases {
  readonly #shown: Map<BundleName, Shown> = new Map();
  readonly #forks: Map<BundleName, Evidence> = new Map();

  /**
   * What is shown next builds on this release, or on what was shown behind it. `waits`: it is
   * verified, and enough regions have to cosign it before it comes into use.
   */
  stand(bundle: BundleName, head: ReleaseHead, use: 'in-use' | 'waits'): void {
    const known = this.#shown.get(bundle);
    const index = known && indexOf(known, head);
    const { sequence, digest, charterVersion } = head;
    const ground = { sequence, digest, charterVersion };
    if (known === undefined || index === undefined) {
      this.#shown.set(bundle, { ground, releases: [], head });
    } else if (use === 'in-use') {
      this.#shown.set(bundle, { ...known, ground, releases: known.releases.slice(index) });
    }
  }

  /**
   * The charters are others: what leads to a release that is not valid any more, or fell, is
   * forgotten. The places between are known, which a head alone does not show (RF-6).
   */
  govern(trusted: TrustedState): void {
    for (const [bundle, { ground, releases, head }] of this.#shown) {
      const stream = releaseStream(bundle);
      const isStanding = releases.every(({ sequence, digest }) => {
        const decision = decisionAt(trusted, { stream, sequence });
        return decision === undefined || decision.digest === digest;
      });
      const isStill = isStanding && isPlaced(trusted, stream, ground);
      if (!isStill || !isGoodHistory(trusted, head.statement)) this.#shown.delete(bundle);
    }
    for (const [bundle, evidence] of this.#forks) {
      const { fork } = judgeFork(trusted, evidence);
      if (fork === undefined) this.#forks.delete(bundle);
      else this.#forks.set(bundle, fork);
    }
  }

  /**
   * Verifies the next release and keeps its place; says whether it is another one. Errors: those of
   * `acceptDocument` that are the node's fault, `TYPE` (it is no single release of the bundle).
   */
  take(trusted: TrustedState, update: BundleUpdate, nowMs: number): 'new' | 'held' {
    const { bundle, statements, content } = update;
    const stream = releaseStream(bundle);
    const [statement, ...more] = statements;
    if (
      statement === undefined ||
      more.length > 0 ||
      parseStatement(statement.payload).stream !== stream
    ) {
      throw new KedgeError('TYPE', `a node showed something else as a release of ${bundle}`);
    }
    const known = this.#shown.get(bundle);
    if (known === undefined) return 'held';
    const evidence = contradiction(trusted, known, statement);
    if (evidence !== undefined) {
      const isNew = !this.#forks.has(bundle);
      this.#forks.set(bundle, evidence);
      return isNew ? 'new' : 'held';
    }
    if (known.releases.length >= WAITING_MAX) return 'held';
    const body = openContent(known.head, content);
    if (body === undefined) return 'held';
    const before = withStream(trusted, { kind: 'open', stream, head: known.head });
    const head = headAfter(before, { statement, body, bundle }, nowMs);
    if (head === undefined) return 'held';
    const { sequence, digest } = head;
    const delivery = isAtOnce(head.body, known.head.body) ? 'at-once' : 'waves';
    const releases = [...known.releases, { sequence, digest, delivery, statement } as const];
    this.#shown.set(bundle, { ...known, releases, head });
    return 'new';
  }

  /** Two releases for one place, of each bundle of which such were shown. */
  forks(): readonly Evidence[] {
    return [...this.#forks.values()];
  }

  /** What is known to lie behind a release, in order; nothing where that was not shown. */
  behind(bundle: BundleName, release: NamedRelease): readonly ShownRelease[] {
    const known = this.#shown.get(bundle);
    const index = known && indexOf(known, release);
    return index === undefined ? [] : (known?.releases.slice(index) ?? []);
  }
}

/** How many of what was shown lead to a release; absent: it is none of them. */
function indexOf({ ground, releases }: Shown, { digest }: NamedRelease): number | undefined {
  const index = [ground, ...releases].findIndex((one) => one.digest === digest);
  return index === -1 ? undefined : index;
}

/**
 * The proof that this statement and a release that was shown contradict each other; absent when
 * they do not. Errors: those of `acceptEvidence` that are the node's fault.
 */
function contradiction(
  trusted: TrustedState,
  { releases }: Shown,
  statement: SignedStatement,
): Evidence | undefined {
  const { stream, sequence, digest } = parseStatement(statement.payload);
  const other = releases.find((one) => one.sequence === sequence);
  if (other === undefined || other.digest === digest) return undefined;
  const { fork, error } = judgeFork(
    trusted,
    makeEvidence(stream, sequence, [other.statement, statement]),
  );
  if (error === undefined || HARMLESS.includes(error.code)) return fork;
  throw error;
}

/**
 * The fork that evidence proves under these charters, without what is no signature: whoever showed
 * the statements may have added much. Absent when it proves none.
 */
function judgeFork(
  trusted: TrustedState,
  evidence: Evidence,
): { readonly fork?: Evidence; readonly error?: KedgeError } {
  try {
    const { outcome, state } = acceptEvidence(trusted, evidence);
    const fork = outcome === 'forked' ? forkOf(state, evidence.stream) : undefined;
    return fork === undefined ? {} : { fork };
  } catch (thrown) {
    return { error: KedgeError.from(thrown) };
  }
}

/** The next head of a bundle; absent when it is nobody's fault that there is none. */
function headAfter(
  trusted: TrustedState,
  offered: Pick<BundleUpdate, 'bundle'> & {
    readonly statement: BundleUpdate['statements'][number];
    readonly body: Uint8Array;
  },
  nowMs: number,
): ReleaseHead | undefined {
  const { bundle, statement, body } = offered;
  try {
    const result = acceptDocument(trusted, { chain: [statement], body, mode: 'linked' }, nowMs);
    return result.outcome === 'accepted' ? headOf(result.state, releaseStream(bundle)) : undefined;
  } catch (thrown) {
    const error = KedgeError.from(thrown);
    if (HARMLESS.includes(error.code) || error.detail['standing'] === 'history') return undefined;
    throw error;
  }
}
