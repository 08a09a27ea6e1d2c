/**
 * Whether programs accept a chain at a time, and by which anchor, or why not.
 *
 * A program on Node takes the way of OpenSSL (`paths.ts`), which has to hold (`path-rules.ts`);
 * then an anchor has to allow the leaf (spec rule US-3). What other verifiers would say is noted
 * where it differs.
 *
 * @module
 */
import { breachOf } from '../core/anchors/limits.ts';
import { isSoundPath } from '../core/anchors/sound-path.ts';
import { type AnchorId, formatTimestamp } from '../core/ids.ts';
import type { Certificate } from './certificates.ts';
import type { ChainSearch } from './chain-search.ts';
import { absenceText, strandedText } from './explain.ts';
import { type Fault, type FaultReason, faultOf, type PathTerms } from './path-rules.ts';
import type { Path, Route } from './paths.ts';
import type { Absence, StoredAnchor } from './trust-store.ts';

/** Why a chain is not accepted. */
export type BreakReason =
  | FaultReason
  | Absence['reason']
  /** The anchor may not vouch for this leaf. */
  | 'constraint'
  /** What has the name of the issuer has another key. */
  | 'wrong-key'
  /** Who issued it is neither sent nor an anchor. */
  | 'no-path';

/** Verifiers that come to another result than OpenSSL 3. */
export type DissentKind =
  /** Clients that take the first path that they find (OpenSSL 1.0.2) refuse it. */
  | 'first-path-refuses'
  /** Clients that do not look at the dates of anchors accept it. */
  | 'dateless-accepts'
  /** Clients that try all paths (Go, browsers) accept it. */
  | 'any-path-accepts';

/** What some verifiers do, and because of what. */
export interface Dissent {
  readonly kind: DissentKind;
  /** What is wrong with the way that fails, for people. */
  readonly because: string;
}

/** What becomes of a chain. */
export type Verdict =
  | {
      readonly kind: 'accepted';
      /** The nearest one that allows it; where several have one key, the one that will stay. */
      readonly anchor: AnchorId;
      /** The way that OpenSSL takes: the leaf first, a root last. */
      readonly path: readonly Certificate[];
      readonly dissents: readonly Dissent[];
    }
  | {
      readonly kind: 'refused';
      readonly reason: BreakReason;
      /** For people. */
      readonly text: string;
      /** The anchor that it is about, if it is about one. */
      readonly anchor?: AnchorId;
      /** The certificate that it is about; 0 is the leaf. */
      readonly depth?: number;
      readonly dissents: readonly Dissent[];
    };

type Refusal = Omit<Extract<Verdict, { kind: 'refused' }>, 'dissents' | 'kind'>;

/** Judges one chain at one time. */
export function judgeChain(search: ChainSearch, nowMs: number): Verdict {
  const terms = termsAt(search, nowMs);
  const route = search.route('trusted-first', nowMs);
  const fault = route.kind === 'ends' ? faultOf(route.links, terms) : undefined;
  const refusal =
    route.kind === 'ends' ? fault && refusalOf(fault, route) : strandedOf(search, route);
  const sound = search.paths.paths.filter(({ links }) => faultOf(links, terms) === undefined);
  if (refusal === undefined && route.kind === 'ends') {
    const chosen = chooseAllowed(search, route, nowMs);
    if (chosen.kind === 'refused') return { ...chosen, dissents: [] };
    const { anchor } = chosen.anchor;
    const because = firstPathFault(search, terms);
    const kind = 'first-path-refuses';
    const dissents: readonly Dissent[] = because === undefined ? [] : [{ kind, because }];
    return { kind: 'accepted', anchor: anchor.id, path: route.links, dissents };
  }
  const why = refusal ?? { reason: 'no-path', text: 'nobody vouches for it' };
  return { kind: 'refused', ...why, dissents: dissentsOf(search, { sound, terms, why }) };
}

/** A leaf that ends before the time, and not before now, is taken as renewed by its issuer. */
function termsAt({ leaf, purpose, startMs, revocations }: ChainSearch, nowMs: number): PathTerms {
  const isRenewed = nowMs > startMs && leaf.outline.notAfterMs >= startMs;
  const about = isRenewed ? 'renewed' : 'as-it-is';
  return { nowMs, purpose, leaf: about, anchor: 'strict', ...(revocations && { revocations }) };
}

type Chosen =
  | { readonly kind: 'allowed'; readonly anchor: StoredAnchor }
  | ({ readonly kind: 'refused' } & Refusal);

/** US-3: an anchor that allows the leaf, by a path of its own where another one forbids it. */
function chooseAllowed(search: ChainSearch, route: Path, nowMs: number): Chosen {
  const usage = search.purpose === 'tls-client' ? 'client' : 'server';
  let sound: Path | undefined;
  let other: Path | undefined;
  let refusal: Chosen | undefined;
  for (const path of search.nearest) {
    const message = breachAt(search, path.end, nowMs);
    const outlines = path.links.slice(1).map(({ outline }) => outline);
    if (message !== undefined) refusal = constrained(path, message);
    else if (isSoundPath(outlines, { nowMs, usage })) sound ??= path;
    else other ??= path;
  }
  const path = sound ?? (refusal === undefined ? (other ?? route) : undefined);
  if (path !== undefined) return { kind: 'allowed', anchor: path.end };
  return refusal ?? constrained(route, 'no anchor allows it');
}

function constrained({ end, links }: Path, message: string): Chosen {
  const text = `"${end.anchor.label}" may not vouch for it: ${message}`;
  const about = { anchor: end.anchor.id, depth: links.length - 1 };
  return { kind: 'refused', reason: 'constraint', text, ...about };
}

/** A renewed leaf begins when the one that is there ends, at the latest. */
function breachAt(
  { leaf, startMs }: ChainSearch,
  { limits }: StoredAnchor,
  nowMs: number,
): string | undefined {
  if (limits === undefined) return undefined;
  const { outline } = leaf;
  const message = breachOf(limits, outline);
  const { distrustAfterMs = Infinity } = limits;
  const isRenewed = nowMs > outline.notAfterMs && outline.notAfterMs >= startMs;
  if (message !== undefined || !isRenewed || outline.notAfterMs <= distrustAfterMs) return message;
  return `it ends, and a new one is valid from later than ${formatTimestamp(distrustAfterMs)}`;
}

function refusalOf({ reason, text, depth }: Fault, { links, end }: Path): Refusal {
  const isAnchor = depth === links.length - 1;
  return { reason, text, depth, ...(isAnchor && { anchor: end.anchor.id }) };
}

/** No anchor was reached: because it does not count, or because nobody knows of one. */
function strandedOf(search: ChainSearch, route: Exclude<Route, { kind: 'ends' }>): Refusal {
  const depth = route.links.length - 1;
  const gone = route.kind === 'misled' ? undefined : search.absentAnchor();
  if (gone !== undefined) {
    const { certificate, absence } = gone;
    const text = absenceText(certificate, absence);
    return { reason: absence.reason, text, anchor: certificate.id };
  }
  const { reason, text } = strandedText(search, route);
  return { reason, text, depth };
}

function firstPathFault(search: ChainSearch, terms: PathTerms): string | undefined {
  const route = search.route('sent-first', terms.nowMs);
  if (route.kind === 'ends') return faultOf(route.links, terms)?.text;
  return strandedText(search, route).text;
}

function dissentsOf(
  search: ChainSearch,
  judged: {
    readonly sound: readonly Path[];
    readonly terms: PathTerms;
    readonly why: Pick<Refusal, 'text'>;
  },
): readonly Dissent[] {
  const { sound, terms, why } = judged;
  const because = why.text;
  const allows = ({ end }: Path): boolean => breachAt(search, end, terms.nowMs) === undefined;
  if (sound.some(allows)) return [{ kind: 'any-path-accepts', because }];
  const lax = { ...terms, anchor: 'lax' } as const;
  const isLax = search.paths.paths.some((path) => {
    return allows(path) && faultOf(path.links, lax) === undefined;
  });
  return isLax ? [{ kind: 'dateless-accepts', because }] : [];
}
