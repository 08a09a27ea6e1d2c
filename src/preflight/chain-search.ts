/**
 * One chain before one trust store: its paths, found once, and what is known of anchors that do not
 * count.
 *
 * @module
 */
import type { Certificate, Certificates } from './certificates.ts';
import {
  allPaths,
  type Habit,
  nearestAnchors,
  type Path,
  type PathSearch,
  type Paths,
  type Route,
  routeOf,
} from './paths.ts';
import type { Revocations } from './revocations.ts';
import type { Absence, TrustStore } from './trust-store.ts';

/** What a chain is looked at with. */
export interface ChainQuestion {
  readonly certificates: Certificates;
  readonly store: TrustStore;
  /** Anchors of any release and state that is looked at, by folded subject. */
  readonly others: ReadonlyMap<string, readonly Certificate[]>;
  readonly leaf: Certificate;
  readonly sent: readonly Certificate[];
  /** The first of the times that are looked at: the present. */
  readonly startMs: number;
  readonly revocations?: Revocations;
}

/** An anchor that vouches for the chain and does not count. */
export interface AbsentAnchor {
  readonly certificate: Certificate;
  readonly absence: Absence;
}

/** What becomes of it as an anchor, the likeliest explanation first. */
const RANKS: readonly Absence['reason'][] = ['revoked', 'removed', 'staged', 'withheld', 'purpose'];
/** Climbing to anchors that do not count. */
const CLIMB_MAX = 256;

/** The chain before the store. */
export class ChainSearch implements PathSearch {
  readonly certificates: Certificates;
  readonly store: TrustStore;
  readonly leaf: Certificate;
  readonly sent: readonly Certificate[];
  readonly startMs: number;
  readonly revocations: Revocations | undefined;
  readonly #others: ChainQuestion['others'];
  #paths: Paths | undefined;
  #nearest: readonly Path[] | undefined;

  constructor(question: ChainQuestion) {
    this.certificates = question.certificates;
    this.store = question.store;
    this.leaf = question.leaf;
    this.sent = question.sent;
    this.startMs = question.startMs;
    this.revocations = question.revocations;
    this.#others = question.others;
  }

  get purpose(): string {
    return this.store.purpose;
  }

  get paths(): Paths {
    this.#paths ??= allPaths(this);
    return this.#paths;
  }

  /** The anchors by whose limits the leaf is judged. */
  get nearest(): readonly Path[] {
    this.#nearest ??= nearestAnchors(this);
    return this.#nearest;
  }

  route(habit: Habit, nowMs: number): Route {
    return routeOf(this, habit, nowMs);
  }

  /** An anchor above the chain that does not count; none: nobody above it is or was an anchor. */
  absentAnchor(): AbsentAnchor | undefined {
    const found: AbsentAnchor[] = [];
    const seen = new Set<Certificate>([this.leaf]);
    for (const top of seen) {
      if (seen.size > CLIMB_MAX) break;
      const absence = top === this.leaf ? undefined : this.store.absenceOf(top.id);
      if (absence !== undefined) found.push({ certificate: top, absence });
      for (const issuer of [...this.othersNamed(top.issuer), ...this.sent]) {
        if (this.certificates.relation(top, issuer) === 'issued') seen.add(issuer);
      }
    }
    return found.toSorted((a, b) => rankOf(a) - rankOf(b))[0];
  }

  /** Anchors of any release and state with a name. */
  othersNamed(subject: string): readonly Certificate[] {
    return this.#others.get(subject) ?? [];
  }
}

function rankOf({ absence }: AbsentAnchor): number {
  return RANKS.indexOf(absence.reason);
}
