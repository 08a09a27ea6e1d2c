/**
 * What may break later, or for other verifiers: what people wish they had known before.
 *
 * The two cases that everybody remembers are among them: a cross-signed certificate that expires
 * while the root of the same key stays (AddTrust, May 2020), and an expired root that stays an
 * anchor (DST Root CA X3, September 2021).
 *
 * @module
 */
import { type Anchor, isTrusted } from '../core/anchors/anchor.ts';
import { formatTimestamp, type Sha256 } from '../core/ids.ts';
import type { Certificate, Certificates } from './certificates.ts';
import type { ChainPlan } from './chain-plan.ts';
import { certificateOf, type PlannedBundle } from './trust-store.ts';
import type { DissentKind } from './verdict.ts';

/** What a warning is about. */
export type WarningKind =
  | DissentKind
  /** Several certificates expire at nearly one time. */
  | 'simultaneous-expiry'
  /** Two anchors have one name and different keys. */
  | 'same-subject-new-key'
  /** An anchor expires, and nothing that outlives it is active. */
  | 'no-successor'
  /** A cross-signed certificate expires; the root of its key stays. */
  | 'cross-sign-expires'
  /** Chains rest on an anchor that is retiring. */
  | 'rests-on-retiring';

/** Something to know. */
export interface PlanWarning {
  readonly kind: WarningKind;
  /** For people. */
  readonly text: string;
  /** When it begins to matter; absent: it does already. */
  readonly atMs?: number;
  readonly certificates: readonly Sha256[];
  /** Chains that it is about. */
  readonly chains: number;
}

/** What warnings are made from, beside the chains. */
export interface WarningContext {
  /** The proposed one. */
  readonly bundle: PlannedBundle;
  readonly certificates: Certificates;
  /** What was sent above leaves, and by how many. */
  readonly seen: ReadonlyMap<Certificate, number>;
  readonly instants: readonly number[];
  readonly clusterMs: number;
}

/** An anchor with its certificate. */
interface ReadAnchor {
  readonly anchor: Anchor;
  readonly certificate: Certificate;
}

const DAY_MS = 86_400_000;
/** Expiries further away than this are nobody's business yet, unless a time asked for is. */
const HORIZON_MS = 366 * DAY_MS;
const NAMES_SHOWN = 4;

/** All warnings; those of other verifiers first. */
export function warningsOf(
  chains: readonly ChainPlan[],
  context: WarningContext,
): readonly PlanWarning[] {
  const { bundle, certificates } = context;
  const anchors = bundle.body.anchors.flatMap((anchor): readonly ReadAnchor[] => {
    const certificate = certificateOf(bundle, anchor.id, certificates);
    return certificate === undefined ? [] : [{ anchor, certificate }];
  });
  return [
    ...dissentWarnings(chains),
    ...crossSignWarnings(anchors, context),
    ...successorWarnings(anchors, context),
    ...namesakeWarnings(anchors, context),
    ...retiringWarnings(chains, anchors),
    ...clusterWarnings(chains, anchors, context),
  ];
}

/** One for each reason, from the first time on. */
function dissentWarnings(chains: readonly ChainPlan[]): readonly PlanWarning[] {
  const found = new Map<string, { kind: DissentKind; because: string; atMs: number; n: number }>();
  let startMs = Infinity;
  for (const { cells } of chains) {
    const told = new Set<string>();
    for (const { atMs, proposed } of cells) {
      startMs = Math.min(startMs, atMs);
      for (const { kind, because } of proposed.dissents) {
        const key = `${kind} ${because}`;
        const known = found.get(key) ?? { kind, because, atMs, n: 0 };
        known.atMs = Math.min(known.atMs, atMs);
        if (!told.has(key)) known.n += 1;
        told.add(key);
        found.set(key, known);
      }
    }
  }
  return [...found.values()].map(({ kind, because, atMs, n }) => {
    const when = atMs > startMs ? { atMs } : {};
    return { kind, text: `${DISSENTS[kind]}: ${because}`, ...when, certificates: [], chains: n };
  });
}

const DISSENTS: Readonly<Record<DissentKind, string>> = {
  'first-path-refuses':
    'strict first-path clients break (OpenSSL 1.0.2, GnuTLS before 3.6.14), which look for no ' +
    'other way',
  'dateless-accepts':
    'clients that ignore the dates of anchors go on (Android before 7.1.1), all others refuse',
  'any-path-accepts':
    'clients that try all paths go on (Go, browsers), OpenSSL and so Node refuses',
};

/** AddTrust: the root stays, the certificate that another root made for its key does not. */
function crossSignWarnings(
  anchors: readonly ReadAnchor[],
  { certificates, seen, instants }: WarningContext,
): readonly PlanWarning[] {
  const endMs = instants.at(-1) ?? 0;
  return [...seen].flatMap(([cross, chains]): readonly PlanWarning[] => {
    const { notAfterMs } = cross.outline;
    if (!cross.isCa || cross.isSelfIssued || notAfterMs > endMs) return [];
    const root = anchors.find(({ anchor, certificate }) => {
      const isTwin = certificate !== cross && certificate.subject === cross.subject;
      const isRoot = isTrusted(anchor) && certificates.isSelfSigned(certificate);
      return isTwin && isRoot && certificates.keyOf(certificate) === certificates.keyOf(cross);
    });
    if (root === undefined) return [];
    const text =
      `"${cross.name}" is sent as cross-signed, and that certificate ends on ` +
      `${formatTimestamp(notAfterMs)}; the root of the same key stays: let servers leave it out`;
    const isPast = notAfterMs <= (instants[0] ?? 0);
    return [
      {
        kind: 'cross-sign-expires',
        text,
        ...(!isPast && { atMs: notAfterMs }),
        certificates: [cross.id, root.certificate.id],
        chains,
      },
    ];
  });
}

function successorWarnings(
  anchors: readonly ReadAnchor[],
  { instants }: WarningContext,
): readonly PlanWarning[] {
  const [startMs = 0, endMs = 0] = [instants[0], instants.at(-1)];
  return anchors.flatMap(({ anchor, certificate }): readonly PlanWarning[] => {
    const { notAfterMs } = certificate.outline;
    if (!isTrusted(anchor) || notAfterMs > endMs || notAfterMs <= startMs) return [];
    const outlives = (other: ReadAnchor, purpose: string): boolean =>
      other.anchor.purposes.includes(purpose) && other.certificate.outline.notAfterMs > notAfterMs;
    const orphaned = anchor.purposes.filter((purpose) => {
      return !anchors.some((one) => one.anchor.state === 'active' && outlives(one, purpose));
    });
    const [purpose] = orphaned;
    if (purpose === undefined) return [];
    const staged = anchors.find((one) => one.anchor.state === 'staged' && outlives(one, purpose));
    const what =
      staged === undefined
        ? 'and there is no other that outlives it: stage a successor'
        : `and its successor "${staged.anchor.label}" is only staged: activate it before`;
    const text = `"${anchor.label}" ends on ${formatTimestamp(notAfterMs)}, ${what}`;
    const about = [anchor.id, ...(staged === undefined ? [] : [staged.anchor.id])];
    return [{ kind: 'no-successor', text, atMs: notAfterMs, certificates: about, chains: 0 }];
  });
}

function namesakeWarnings(
  anchors: readonly ReadAnchor[],
  { certificates }: WarningContext,
): readonly PlanWarning[] {
  const bySubject = new Map<string, ReadAnchor[]>();
  for (const one of anchors) {
    const same = bySubject.get(one.certificate.subject);
    if (same === undefined) bySubject.set(one.certificate.subject, [one]);
    else same.push(one);
  }
  return [...bySubject.values()].flatMap((same): readonly PlanWarning[] => {
    const keys = new Set(same.map(({ certificate }) => certificates.keyOf(certificate)));
    if (keys.size < 2) return [];
    const [first] = same;
    const ids = same.map(({ anchor }) => anchor.id);
    const text =
      `${same.length} anchors have the name "${first?.certificate.name ?? ''}" and ${keys.size} ` +
      `keys (${ids.map((id) => id.slice(0, 8)).join(', ')}): leaves without a key identifier ` +
      'may be tried against the wrong one';
    return [{ kind: 'same-subject-new-key', text, certificates: ids, chains: 0 }];
  });
}

function retiringWarnings(
  chains: readonly ChainPlan[],
  anchors: readonly ReadAnchor[],
): readonly PlanWarning[] {
  const counts = new Map<string, number>();
  for (const { cells } of chains) {
    const verdict = cells[0]?.proposed;
    if (verdict?.kind !== 'accepted') continue;
    counts.set(verdict.anchor, (counts.get(verdict.anchor) ?? 0) + 1);
  }
  return anchors.flatMap(({ anchor }): readonly PlanWarning[] => {
    const count = counts.get(anchor.id) ?? 0;
    if (anchor.state !== 'retiring' || count === 0) return [];
    const text = `"${anchor.label}" is retiring, and its removal would break what rests on it`;
    return [{ kind: 'rests-on-retiring', text, certificates: [anchor.id], chains: count }];
  });
}

/** Anchors, and what lies between them and leaves. */
function clusterWarnings(
  chains: readonly ChainPlan[],
  anchors: readonly ReadAnchor[],
  { instants, clusterMs }: WarningContext,
): readonly PlanWarning[] {
  const startMs = instants[0] ?? 0;
  const endMs = Math.max(startMs + HORIZON_MS, instants.at(-1) ?? 0);
  const all = new Set(anchors.map(({ certificate }) => certificate));
  for (const { cells } of chains) {
    for (const { proposed } of cells) {
      if (proposed.kind === 'accepted') for (const one of proposed.path.slice(1)) all.add(one);
    }
  }
  let left = [...all]
    .filter(({ outline: { notAfterMs } }) => notAfterMs > startMs && notAfterMs <= endMs)
    .sort((a, b) => a.outline.notAfterMs - b.outline.notAfterMs);
  const warnings: PlanWarning[] = [];
  for (let first = left[0]; first !== undefined; first = left[0]) {
    const untilMs = first.outline.notAfterMs + clusterMs;
    const together = left.filter(({ outline }) => outline.notAfterMs <= untilMs);
    left = left.slice(together.length);
    if (together.length < 2) continue;
    const names = together.slice(0, NAMES_SHOWN).map(({ name }) => `"${name}"`);
    const more = together.length > NAMES_SHOWN ? ', …' : '';
    const atMs = first.outline.notAfterMs;
    const last = together.at(-1)?.outline.notAfterMs ?? atMs;
    const [from, to] = [formatTimestamp(atMs), formatTimestamp(last)];
    const when = from === to ? `at ${from}` : `between ${from} and ${to}`;
    const text = `${together.length} certificates end ${when}: ${names.join(', ')}${more}`;
    const certificates = together.map(({ id }) => id);
    warnings.push({ kind: 'simultaneous-expiry', text, atMs, certificates, chains: 0 });
  }
  return warnings;
}
