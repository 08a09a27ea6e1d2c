/**
 * What a change of a bundle does to chains: each before today's release and the proposed one, at
 * several times.
 *
 * Three things are told apart: what breaks by the change, what breaks anyway because something
 * expires, and what the change mends. A leaf that ends later than now is taken as renewed: that is
 * its owner's daily business, and not what anchors are about. Pure: evidence and times are inputs.
 *
 * @module
 */

import { KedgeError } from '../core/errors.ts';
import { CHAIN_MAX, PLAN_CHAINS_MAX, PLAN_INSTANTS_MAX } from '../core/limits.ts';
import { type Certificate, Certificates } from './certificates.ts';
import type { ChainPlan, Outcome, PlanCell } from './chain-plan.ts';
import { ChainSearch } from './chain-search.ts';
import { type ListReport, type RecordedList, Revocations } from './revocations.ts';
import { certificateOf, type PlannedBundle, TrustStore } from './trust-store.ts';
import { judgeChain, type Verdict } from './verdict.ts';
import { type PlanWarning, warningsOf } from './warnings.ts';

/** A chain as somebody showed it, unverified. */
export interface RecordedChain {
  /** Who showed it, for example `api.example.org:443`. */
  readonly name: string;
  /** What the leaf is used for, for example `tls-server`. */
  readonly purpose: string;
  /** DER, leaf first, as sent. */
  readonly chain: readonly Uint8Array[];
}

/** What a plan is made from. */
export interface PlanInput {
  /** What programs trust now; empty before the first release. */
  readonly today: PlannedBundle;
  /** What is proposed; absent: nothing changes. */
  readonly proposed?: PlannedBundle;
  readonly chains: readonly RecordedChain[];
  /** Ascending; the first is the present. */
  readonly instants: readonly number[];
  /** Revocation lists; absent: nobody asks them. */
  readonly lists?: readonly RecordedList[];
  /** Expiries that are closer together than this are one event, milliseconds. */
  readonly clusterMs: number;
}

/** A chain that could not be looked at. */
export interface UnreadChain {
  readonly name: string;
  readonly reason: string;
}

/** What a change does. */
export interface Plan {
  /** The worst first. */
  readonly chains: readonly ChainPlan[];
  readonly unread: readonly UnreadChain[];
  readonly warnings: readonly PlanWarning[];
  readonly lists: readonly ListReport[];
  /** CAs of accepted chains of which a list is missing, where lists are asked. */
  readonly unlisted: readonly Certificate[];
  readonly counts: Readonly<Record<Outcome, number>>;
}

const OUTCOMES: readonly Outcome[] = ['breaks', 'expires', 'broken', 'mended', 'fine'];

/** Makes the plan. Errors: `CONFIG` for instants that are none, `LIMIT` for too many chains. */
export function planChange(input: PlanInput): Plan {
  requireBounds(input);
  const planner = new Planner(input);
  const chains: ChainPlan[] = [];
  const unread: UnreadChain[] = [];
  for (const recorded of input.chains) {
    const planned = planner.plan(recorded);
    if ('reason' in planned) unread.push(planned);
    else chains.push(planned);
  }
  const counts = { breaks: 0, expires: 0, broken: 0, mended: 0, fine: 0 };
  for (const { outcome } of chains) counts[outcome] += 1;
  chains.sort(byUrgency);
  const { today, proposed = today, instants, clusterMs } = input;
  const { certificates, seen } = planner;
  const warnings = warningsOf(chains, {
    bundle: proposed,
    certificates,
    seen,
    instants,
    clusterMs,
  });
  const { unlisted, lists } = planner;
  return { chains, unread, counts, warnings, lists, unlisted };
}

function requireBounds({ instants, chains }: PlanInput): void {
  if (instants.length === 0 || instants.length > PLAN_INSTANTS_MAX) {
    throw new KedgeError('CONFIG', `a plan looks at 1 to ${PLAN_INSTANTS_MAX} times`);
  }
  if (chains.length <= PLAN_CHAINS_MAX) return;
  throw new KedgeError('LIMIT', `${chains.length} chains; at most ${PLAN_CHAINS_MAX} are allowed`);
}

/** Holds what all chains share. */
class Planner {
  readonly certificates: Certificates = new Certificates();
  /** What was sent above leaves, and by how many. */
  readonly seen: Map<Certificate, number> = new Map();
  /** CAs of accepted chains of which a list is missing. */
  readonly #unlisted = new Set<Certificate>();
  readonly #input: PlanInput;
  readonly #revocations: Revocations | undefined;
  readonly #others: ReadonlyMap<string, readonly Certificate[]>;
  readonly #stores = new Map<PlannedBundle, Map<string, TrustStore>>();

  constructor(input: PlanInput) {
    this.#input = input;
    const { today, proposed, lists, instants } = input;
    this.#revocations = lists && new Revocations(lists, instants[0] ?? 0);
    this.#others = bySubject([today, ...(proposed === undefined ? [] : [proposed])], (bundle) =>
      bundle.body.anchors.flatMap(({ id }) => certificateOf(bundle, id, this.certificates) ?? []),
    );
  }

  get lists(): readonly ListReport[] {
    return this.#revocations?.reports ?? [];
  }

  get unlisted(): readonly Certificate[] {
    return [...this.#unlisted];
  }

  plan(recorded: RecordedChain): ChainPlan | UnreadChain {
    const { name, purpose } = recorded;
    const read = this.#read(recorded);
    if ('reason' in read) return read;
    const { leaf, sent } = read;
    for (const one of sent) this.seen.set(one, (this.seen.get(one) ?? 0) + 1);
    const { today, proposed, instants } = this.#input;
    const before = this.#search(today, purpose, read);
    const after = proposed === undefined ? before : this.#search(proposed, purpose, read);
    const cells = instants.map((atMs): PlanCell => {
      const now = judgeChain(before, atMs);
      return { atMs, today: now, proposed: after === before ? now : judgeChain(after, atMs) };
    });
    const { outcome, decisive } = outcomeOf(cells);
    const gaps: ChainPlan['gaps'] = [
      ...(this.#isListed(cells) ? [] : (['revocation'] as const)),
      ...([before, after].some(({ paths }) => paths.extent === 'some')
        ? (['more-paths'] as const)
        : []),
    ];
    const { id, outline } = leaf;
    const about = { id, name: leaf.name, notAfterMs: outline.notAfterMs };
    return { name, purpose, leaf: about, outcome, decisive, cells, gaps };
  }

  /** Whether lists say of everything that an accepted chain rests on that it is not revoked. */
  #isListed(cells: readonly PlanCell[]): boolean {
    const revocations = this.#revocations;
    if (revocations === undefined) return true;
    const missing = cells
      .flatMap(({ today, proposed }) => [today, proposed])
      .flatMap((verdict) => (verdict.kind === 'accepted' ? [verdict.path] : []))
      .flatMap((path) =>
        path.flatMap((link, depth) => {
          const issuer = path[depth + 1] ?? link;
          return revocations.standingOf(link, issuer).kind === 'unknown' ? [issuer] : [];
        }),
      );
    for (const issuer of missing) this.#unlisted.add(issuer);
    return missing.length === 0;
  }

  #read(recorded: RecordedChain): Pick<ChainSearch, 'leaf' | 'sent'> | UnreadChain {
    const { name, chain } = recorded;
    if (chain.length > CHAIN_MAX) {
      return { name, reason: `a chain of ${chain.length}; at most ${CHAIN_MAX} are looked at` };
    }
    try {
      const [leaf, ...rest] = chain.map((der) => this.certificates.read(der));
      if (leaf === undefined) return { name, reason: 'a chain without a certificate' };
      return { leaf, sent: [...new Set(rest)].filter((one) => one !== leaf) };
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.code === 'BUG') throw error;
      return { name, reason: error.message };
    }
  }

  #search(
    bundle: PlannedBundle,
    purpose: string,
    { leaf, sent }: Pick<ChainSearch, 'leaf' | 'sent'>,
  ): ChainSearch {
    const stores = this.#stores.get(bundle) ?? new Map<string, TrustStore>();
    this.#stores.set(bundle, stores);
    const store = stores.get(purpose) ?? new TrustStore(bundle, purpose, this.certificates);
    stores.set(purpose, store);
    const { certificates } = this;
    const startMs = this.#input.instants[0] ?? 0;
    const revocations = this.#revocations;
    return new ChainSearch({
      certificates,
      store,
      others: this.#others,
      leaf,
      sent,
      startMs,
      ...(revocations && { revocations }),
    });
  }
}

function outcomeOf(cells: readonly PlanCell[]): Pick<ChainPlan, 'outcome' | 'decisive'> {
  const is = (verdict: Verdict): boolean => verdict.kind === 'accepted';
  const breaks = cells.find(({ today, proposed }) => is(today) && !is(proposed));
  if (breaks !== undefined) return { outcome: 'breaks', decisive: breaks };
  const [first] = cells;
  if (first === undefined) throw new RangeError('a plan without times');
  if (!is(first.proposed)) return { outcome: 'broken', decisive: first };
  const expires = cells.find(({ proposed }) => !is(proposed));
  if (expires !== undefined) return { outcome: 'expires', decisive: expires };
  const mended = cells.find(({ today }) => !is(today));
  if (mended !== undefined) return { outcome: 'mended', decisive: mended };
  return { outcome: 'fine', decisive: first };
}

/** The worst first, then the soonest. */
function byUrgency(a: ChainPlan, b: ChainPlan): number {
  const [rankA, rankB] = [OUTCOMES.indexOf(a.outcome), OUTCOMES.indexOf(b.outcome)];
  return rankA === rankB ? a.decisive.atMs - b.decisive.atMs : rankA - rankB;
}

function bySubject(
  bundles: readonly PlannedBundle[],
  certificatesOf: (bundle: PlannedBundle) => readonly Certificate[],
): ReadonlyMap<string, readonly Certificate[]> {
  const by = new Map<string, Certificate[]>();
  for (const certificate of new Set(bundles.flatMap(certificatesOf))) {
    const same = by.get(certificate.subject);
    if (same === undefined) by.set(certificate.subject, [certificate]);
    else same.push(certificate);
  }
  return by;
}
