/**
 * Ways from a leaf to an anchor, as different verifiers find them.
 *
 * OpenSSL since 1.1.0, and so Node, looks for the issuer of each certificate among its anchors
 * first and only then in what the other side sent (`trusted-first`). OpenSSL 1.0.2, and others of
 * that time, climb by what was sent and take the first anchor above (`sent-first`): when that one
 * has expired they fail, whatever other way there is. Neither turns back. Verifiers that try all
 * ways (Go, browsers) find one of {@link allPaths}.
 *
 * All of them go by names and key identifiers; here signatures are checked too, at once. Dates are
 * looked at only where OpenSSL prefers one of several issuers by them; whether a path holds is
 * `path-rules.ts`.
 *
 * @module
 */
import { CHAIN_MAX, PLAN_PATHS_MAX, PLAN_STEPS_MAX } from '../core/limits.ts';
import type { Certificate, Certificates } from './certificates.ts';
import type { StoredAnchor, TrustStore } from './trust-store.ts';

/** Where paths are looked for. */
export interface PathSearch {
  readonly certificates: Certificates;
  readonly store: TrustStore;
  readonly leaf: Certificate;
  /** What the other side sent beside it, in its order. */
  readonly sent: readonly Certificate[];
}

/** A way that ends at an anchor. */
export interface Path {
  /** The leaf first, the anchor last. */
  readonly links: readonly Certificate[];
  readonly end: StoredAnchor;
}

/** What a verifier that does not turn back comes to. */
export type Route =
  | ({ readonly kind: 'ends' } & Path)
  /** Nobody is known who issued the last of `links`. */
  | { readonly kind: 'stuck'; readonly links: readonly Certificate[] }
  /** It takes `taken` for the issuer of the last one, which has its name and not its key. */
  | {
      readonly kind: 'misled';
      readonly links: readonly Certificate[];
      readonly taken: Certificate;
    };

/** The ways that do not turn back. */
export type Habit = 'trusted-first' | 'sent-first';

/** All ways that were found. */
export interface Paths {
  readonly paths: readonly Path[];
  /** `some`: there were more than are told apart. */
  readonly extent: 'all' | 'some';
}

/** Links of a path: what was sent, and anchors above. */
const DEPTH_MAX = CHAIN_MAX + 8;

/** The way that a verifier of a habit takes at a time. */
export function routeOf(search: PathSearch, habit: Habit, nowMs: number): Route {
  const links: readonly Certificate[] = [search.leaf];
  return habit === 'trusted-first'
    ? climbTrustedFirst(search, links, nowMs)
    : climbSentFirst(search, links, nowMs);
}

function climbTrustedFirst(
  search: PathSearch,
  start: readonly Certificate[],
  nowMs: number,
): Route {
  let links = start;
  while (links.length < DEPTH_MAX) {
    const above = climbStore(search, links, nowMs);
    // What an anchor leads to is looked for among anchors alone.
    if (above.kind !== 'stuck' || above.links.length > links.length) return above;
    if (search.certificates.isSelfSigned(topOf(links))) return above;
    const next = preferred(search, topOf(links), unused(search.sent, links), nowMs);
    if (next === undefined) return { kind: 'stuck', links };
    if (next.relation === 'lookalike') return { kind: 'misled', links, taken: next.issuer };
    links = [...links, next.issuer];
  }
  return { kind: 'stuck', links };
}

/** Up to a self-signed anchor, by anchors alone. */
function climbStore(search: PathSearch, start: readonly Certificate[], nowMs: number): Route {
  const { certificates, store } = search;
  let links = start;
  while (links.length < DEPTH_MAX) {
    const top = topOf(links);
    if (certificates.isSelfSigned(top)) {
      const end = store.get(top);
      return end === undefined ? { kind: 'stuck', links } : { kind: 'ends', links, end };
    }
    const issuers = store.listed(top.issuer);
    // Among anchors OpenSSL goes round in a circle, when two have signed each other, and gives up.
    const next = preferred(search, top, issuers, nowMs);
    if (next === undefined) return { kind: 'stuck', links };
    if (next.relation === 'lookalike') return { kind: 'misled', links, taken: next.issuer };
    links = [...links, next.issuer];
  }
  return { kind: 'stuck', links };
}

function climbSentFirst(search: PathSearch, start: readonly Certificate[], nowMs: number): Route {
  const { certificates, store, sent } = search;
  let links = start;
  while (links.length < DEPTH_MAX && !certificates.isSelfSigned(topOf(links))) {
    const top = topOf(links);
    const next = unused(sent, links).find((issuer) => isCandidate(search, top, issuer));
    if (next === undefined) break;
    if (certificates.relation(top, next) === 'lookalike') {
      return { kind: 'misled', links, taken: next };
    }
    links = [...links, next];
  }
  const isForeignRoot = certificates.isSelfSigned(topOf(links)) && !store.get(topOf(links));
  if (isForeignRoot && links.length > 1) links = links.slice(0, -1);
  // From the top down: where nothing is found above, an anchor further below may do.
  for (let count = links.length; count > 0; count -= 1) {
    const route = climbStore(search, links.slice(0, count), nowMs);
    if (route.kind !== 'stuck') return route;
  }
  return { kind: 'stuck', links };
}

/** The issuer that OpenSSL takes: the first one that is valid, else the one that ends last. */
function preferred(
  search: PathSearch,
  top: Certificate,
  issuers: readonly Certificate[],
  nowMs: number,
): { readonly issuer: Certificate; readonly relation: 'issued' | 'lookalike' } | undefined {
  const fitting = issuers.filter((issuer) => isCandidate(search, top, issuer));
  const latest = fitting.toSorted((a, b) => b.outline.notAfterMs - a.outline.notAfterMs)[0];
  const issuer = fitting.find((one) => isWithinDates(one, nowMs)) ?? latest;
  if (issuer === undefined) return undefined;
  const isIssuer = search.certificates.relation(top, issuer) === 'issued';
  return { issuer, relation: isIssuer ? 'issued' : 'lookalike' };
}

function isCandidate({ certificates }: PathSearch, top: Certificate, issuer: Certificate): boolean {
  const relation = certificates.relation(top, issuer);
  return relation === 'issued' || relation === 'lookalike';
}

/** All ways by signatures, without regard to dates; the shortest first. */
export function allPaths(search: PathSearch): Paths {
  const { certificates, store, sent } = search;
  const paths: Path[] = [];
  let steps = 0;
  let level: (readonly Certificate[])[] = [[search.leaf]];
  while (level.length > 0) {
    const above: (readonly Certificate[])[] = [];
    for (const links of level) {
      const top = topOf(links);
      const end = certificates.isSelfSigned(top) ? store.get(top) : undefined;
      if (end !== undefined) paths.push({ links, end });
      if (certificates.isSelfSigned(top) || links.length >= DEPTH_MAX) continue;
      const anchors = store.named(top.issuer).map(({ certificate }) => certificate);
      for (const issuer of new Set([...unused(anchors, links), ...unused(sent, links)])) {
        steps += 1;
        if (certificates.relation(top, issuer) === 'issued') above.push([...links, issuer]);
      }
      if (paths.length >= PLAN_PATHS_MAX || steps >= PLAN_STEPS_MAX) {
        return { paths: paths.slice(0, PLAN_PATHS_MAX), extent: 'some' };
      }
    }
    level = above;
  }
  return { paths, extent: 'all' };
}

/**
 * Ways to the nearest anchors, intermediates that are anchors too, in the order in which live trust
 * looks at them (`client/live/authorities.ts`): by limits of these a leaf is judged.
 */
export function nearestAnchors(search: PathSearch): readonly Path[] {
  const { certificates } = search;
  const isIssued = (links: readonly Certificate[], issuer: Certificate): boolean =>
    certificates.relation(topOf(links), issuer) === 'issued';
  const found: Path[] = [];
  let between = search.sent.filter(({ isCa }) => isCa);
  let level: readonly (readonly Certificate[])[] = [[search.leaf]];
  while (level.length > 0) {
    for (const links of level) found.push(...anchorsAt(search, links));
    const above: (readonly Certificate[])[] = [];
    for (const issuer of between) {
      const below = level.find((links) => isIssued(links, issuer));
      if (below !== undefined) above.push([...below, issuer]);
    }
    between = between.filter((issuer) => !above.some((links) => topOf(links) === issuer));
    level = above;
  }
  return found;
}

function anchorsAt(
  { certificates, store }: PathSearch,
  links: readonly Certificate[],
): readonly Path[] {
  const top = topOf(links);
  const self = store.get(top);
  const issuers = store
    .named(top.issuer)
    .filter(({ certificate }) => certificates.relation(top, certificate) === 'issued');
  return [
    ...(self === undefined ? [] : [{ links, end: self }]),
    ...issuers.map((end) => ({ links: [...links, end.certificate], end })),
  ];
}

/** Says whether a time lies within the validity of a certificate. */
function isWithinDates({ outline }: Certificate, nowMs: number): boolean {
  return outline.notBeforeMs <= nowMs && nowMs <= outline.notAfterMs;
}

/** Each is on a path once: two may have signed each other. */
function unused(
  issuers: readonly Certificate[],
  links: readonly Certificate[],
): readonly Certificate[] {
  return issuers.filter((issuer) => !links.includes(issuer));
}

/** Paths begin with the leaf, so there is always one. */
function topOf(links: readonly Certificate[]): Certificate {
  const top = links.at(-1);
  if (top === undefined) throw new RangeError('a path without a leaf');
  return top;
}
