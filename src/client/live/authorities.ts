/**
 * Which CA of a set vouches for a certificate chain, and which anchors that uses: by signatures,
 * because CAs that follow each other often have the same name.
 *
 * OpenSSL has verified the handshake already, against the set that was in force when it began, and
 * does not say at which of its CAs it ended. So names and signatures are looked at (RFC 5280
 * section 6.1) and the limits of the CA are applied to the leaf. Where a leaf leads to several CAs,
 * one that allows it is enough; when another one does not, the path to it has to hold by itself,
 * because OpenSSL may have verified the other one. Each CA is parsed once for all sets that have
 * it, and a leaf that comes again costs a digest, unless a CA refuses it.
 *
 * A path may lead through several anchors, when an intermediate is one itself: all of them count.
 * Where several CAs have the same name and key, the one counts that will stay: active before
 * retiring, then the one that expires last.
 *
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { AnchorState } from '../../core/anchors/anchor.ts';
import { type AnchorLimits, breachOf } from '../../core/anchors/limits.ts';
import { foldName } from '../../core/anchors/names.ts';
import { type CertificateOutline, readOutline } from '../../core/anchors/outline.ts';
import { isSoundPath, type PathContext } from '../../core/anchors/sound-path.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId } from '../../core/ids.ts';
import type { AnchorInside } from '../usage/taking.ts';
import { type PeerChain, parsed } from './peer-chain.ts';
import { turns } from './turns.ts';

/** One CA. */
export interface Authority extends AnchorInside {
  readonly id: AnchorId;
  readonly state: AnchorState;
  /** Absent: it vouches for whatever it issued. */
  readonly limits?: AnchorLimits;
  /** Equal for equal limits; empty without any. */
  readonly limitsText: string;
}

/** Who vouches for a leaf. */
export type Verdict =
  /** `anchors`: those that are used by it, the nearest first; `anchor` is the first of them. */
  | {
      readonly kind: 'vouched';
      readonly anchor: Authority;
      readonly anchors: readonly AnchorId[];
    }
  /** The CAs that issued it may not vouch for this leaf; `anchor` is one of them. */
  | { readonly kind: 'limited'; readonly anchor: Authority; readonly message: string }
  /** No path of signatures was found. */
  | { readonly kind: 'unvouched' };

interface Path {
  readonly anchor: Authority;
  /** Between leaf and anchor, from the leaf up. */
  readonly between: readonly X509Certificate[];
}

/** A path under construction, by its uppermost certificate. */
interface Climb {
  readonly top: X509Certificate;
  readonly between: readonly X509Certificate[];
}

/** Leaves whose verdict is remembered: the peers of a busy program. */
const VERDICTS_MAX = 2048;

/** The names of CAs, which sets share. */
const subjects = new WeakMap<Authority, string>();
/** Who issued whom, as far as that was found out. */
const issued = new WeakMap<X509Certificate, WeakMap<X509Certificate, boolean>>();

/** The CAs of one set. */
export class Authorities {
  readonly isLimited: boolean;
  readonly #cas: ReadonlyMap<AnchorId, Authority>;
  /** By digest of the leaf. Only who vouches: what is missing now may be shown later. */
  readonly #verdicts: Map<string, Verdict> = new Map();
  #bySubject: ReadonlyMap<string, readonly Authority[]> | undefined;

  constructor(cas: readonly Authority[]) {
    this.#cas = new Map(cas.map((ca) => [ca.id, ca]));
    this.isLimited = cas.some(({ limits }) => limits !== undefined);
  }

  /** Reads the certificates ahead of their first use, in pieces, as long as that is wanted. */
  async read(isWanted: () => boolean): Promise<void> {
    for (const ca of this.#cas.values()) {
      if (subjects.has(ca)) continue;
      if (!isWanted()) return;
      await turns.run(() => subjectOf(ca));
    }
  }

  /** Says whether a CA is here with the limits that it has elsewhere. */
  hasAsItIs({ id, limitsText }: Authority): boolean {
    return this.#cas.get(id)?.limitsText === limitsText;
  }

  /** Says whether all CAs of another set are here as they are there. */
  hasAllOf(others: Authorities): boolean {
    return [...others.#cas.values()].every((ca) => this.hasAsItIs(ca));
  }

  /** The CAs that another set has not; absent when it has one that is not here as it is there. */
  beyond(others: Authorities): readonly Authority[] | undefined {
    if (!this.hasAllOf(others)) return undefined;
    return [...this.#cas.values()].filter(({ id }) => !others.#cas.has(id));
  }

  /** Says who vouches for the leaf of `chain` (DER, leaf first). */
  vouch(chain: PeerChain, context: PathContext): Verdict {
    const [leaf, ...rest] = chain;
    if (leaf === undefined) return { kind: 'unvouched' };
    const key = createHash('sha256').update(leaf).digest('base64');
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const between = rest.map(parsed).filter(({ ca }) => ca);
    const paths = this.#paths(new X509Certificate(leaf), between);
    const { verdict, isForGood } = this.#choose(paths, leaf, context);
    if (verdict.kind !== 'vouched') return verdict;
    const tried = new Set([verdict.anchor.certificate().fingerprint256]);
    const anchors = [verdict.anchor.id, ...this.#above(verdict.anchor, between, tried)];
    const vouched = { ...verdict, anchors };
    // What another CA refuses, or where its dates decide, holds for this chain and this time alone.
    if (isForGood) this.#remember(key, vouched);
    return vouched;
  }

  #choose(
    paths: Iterable<Path>,
    leaf: Uint8Array,
    context: PathContext,
  ): { readonly verdict: Verdict; readonly isForGood: boolean } {
    let sound: Path | undefined;
    let other: Path | undefined;
    let refusal: Verdict | undefined;
    for (const path of paths) {
      const { anchor } = path;
      const message = forbidden(anchor, leaf);
      if (message !== undefined) refusal = { kind: 'limited', anchor, message };
      else if (isSound(path, context)) sound ??= path;
      else other ??= path;
      if (!this.isLimited && sound !== undefined) break;
    }
    // Of CAs that have one key OpenSSL may have taken only one whose dates and lengths hold.
    const path = sound ?? (refusal === undefined ? other : undefined);
    const isForGood = refusal === undefined && other === undefined;
    if (path === undefined) return { verdict: refusal ?? { kind: 'unvouched' }, isForGood };
    return { verdict: { kind: 'vouched', anchor: path.anchor, anchors: [] }, isForGood };
  }

  #remember(key: string, verdict: Verdict): void {
    const oldest = this.#verdicts.keys().next();
    if (this.#verdicts.size >= VERDICTS_MAX && oldest.done !== true) {
      this.#verdicts.delete(oldest.value);
    }
    this.#verdicts.set(key, verdict);
  }

  /** All paths of signatures, shortest first; each intermediate is on one of them. */
  *#paths(leaf: X509Certificate, shown: readonly X509Certificate[]): Generator<Path, void> {
    let between = shown;
    let level: readonly Climb[] = [{ top: leaf, between: [] }];
    while (level.length > 0) {
      for (const climb of level) yield* this.#ends(climb);
      const above: Climb[] = [];
      for (const issuer of between) {
        const below = level.find(({ top }) => isIssuedBy(top, issuer));
        if (below !== undefined) above.push({ top: issuer, between: [...below.between, issuer] });
      }
      // Each is tried once: two intermediates may have signed each other.
      between = between.filter((issuer) => !above.some(({ top }) => top === issuer));
      level = above;
    }
  }

  *#ends({ top, between }: Climb): Generator<Path, void> {
    for (const anchor of this.#named(top.subject)) {
      if (!isSame(top, anchor.certificate())) continue;
      yield { anchor, between: between.slice(0, -1) };
    }
    for (const anchor of this.#named(top.issuer)) {
      if (isIssuedBy(top, anchor.certificate())) yield { anchor, between };
    }
  }

  /** The anchors that an anchor which is an intermediate rests on itself. */
  #above(
    anchor: Authority,
    between: readonly X509Certificate[],
    tried: Set<string>,
  ): readonly AnchorId[] {
    const certificate = anchor.certificate();
    if (certificate.subject === certificate.issuer) return [];
    for (const { anchor: next } of this.#paths(certificate, between)) {
      const { fingerprint256 } = next.certificate();
      if (tried.has(fingerprint256)) continue;
      tried.add(fingerprint256);
      return [next.id, ...this.#above(next, between, tried)];
    }
    return [];
  }

  #named(name: string): readonly Authority[] {
    this.#bySubject ??= sortBySubject(this.#cas.values());
    return this.#bySubject.get(foldName(name)) ?? [];
  }
}

/** The name that leaves look for, as it is compared. */
function subjectOf(ca: Authority): string {
  const subject = subjects.get(ca) ?? foldName(ca.certificate().subject);
  subjects.set(ca, subject);
  return subject;
}

function sortBySubject(cas: Iterable<Authority>): ReadonlyMap<string, readonly Authority[]> {
  const bySubject = new Map<string, Authority[]>();
  for (const ca of cas) {
    const subject = subjectOf(ca);
    const same = bySubject.get(subject);
    if (same === undefined) bySubject.set(subject, [ca]);
    else same.push(ca);
  }
  for (const same of bySubject.values()) if (same.length > 1) same.sort(byStaying);
  return bySubject;
}

function byStaying(a: Authority, b: Authority): number {
  if (a.state !== b.state) return a.state === 'active' ? -1 : 1;
  return Date.parse(b.certificate().validTo) - Date.parse(a.certificate().validTo);
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

/** Names alone prove nothing: CAs that follow each other often have the same one. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  const known = issued.get(certificate) ?? new WeakMap<X509Certificate, boolean>();
  const answer =
    known.get(issuer) ?? (certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
  issued.set(certificate, known.set(issuer, answer));
  return answer;
}

function forbidden({ limits }: Authority, leaf: Uint8Array): string | undefined {
  if (limits === undefined) return undefined;
  const outline = outlineOf(leaf);
  return outline instanceof KedgeError ? outline.message : breachOf(limits, outline);
}

function isSound({ anchor, between }: Path, context: PathContext): boolean {
  const outlines: CertificateOutline[] = [];
  for (const { raw } of [...between, anchor.certificate()]) {
    const outline = outlineOf(raw);
    if (outline instanceof KedgeError) return false;
    outlines.push(outline);
  }
  return isSoundPath(outlines, context);
}

function outlineOf(der: Uint8Array): CertificateOutline | KedgeError {
  try {
    return readOutline(der);
  } catch (thrown) {
    return KedgeError.from(thrown);
  }
}
