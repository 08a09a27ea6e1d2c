/**
 * What programs trust for one purpose under one release, with what else the release says of its
 * anchors, so that it can be told why one does not count. Spec rules US-1 and US-3.
 *
 * @module
 */
import { type Anchor, isTrusted } from '../core/anchors/anchor.ts';
import { type AnchorLimits, readLimits } from '../core/anchors/limits.ts';
import { KedgeError } from '../core/errors.ts';
import type { AnchorId } from '../core/ids.ts';
import type { ReleaseBody } from '../core/releases/body.ts';
import type { Certificate, Certificates } from './certificates.ts';

/** A release with its certificates; nothing of it is checked here. */
export interface PlannedBundle {
  readonly body: ReleaseBody;
  /** DER by id, of every anchor of the body. */
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

/** An anchor that counts. */
export interface StoredAnchor {
  readonly anchor: Anchor;
  readonly certificate: Certificate;
  /** Absent: it vouches for whatever it issued. */
  readonly limits?: AnchorLimits;
}

/** Why an anchor of a release does not count for a purpose. */
export type Absence =
  | { readonly reason: 'staged' | 'purpose' | 'withheld'; readonly message: string }
  | { readonly reason: 'removed' | 'revoked'; readonly message: string };

/** The anchors that count for one purpose. */
export class TrustStore {
  readonly purpose: string;
  readonly anchors: readonly StoredAnchor[];
  readonly #bundle: PlannedBundle;
  readonly #byId: ReadonlyMap<string, StoredAnchor>;
  readonly #bySubject = new Map<string, StoredAnchor[]>();

  constructor(bundle: PlannedBundle, purpose: string, certificates: Certificates) {
    this.#bundle = bundle;
    this.purpose = purpose;
    this.anchors = bundle.body.anchors.flatMap((anchor) => {
      if (!isTrusted(anchor) || !anchor.purposes.includes(purpose)) return [];
      const limits = readLimits(anchor);
      const certificate = certificateOf(bundle, anchor.id, certificates);
      if (limits.kind === 'unknown' || certificate?.isCa !== true) return [];
      return [{ anchor, certificate, ...(limits.limits && { limits: limits.limits }) }];
    });
    this.#byId = new Map(this.anchors.map((stored) => [stored.anchor.id, stored]));
    for (const stored of this.anchors) {
      const { subject } = stored.certificate;
      const same = this.#bySubject.get(subject);
      if (same === undefined) this.#bySubject.set(subject, [stored]);
      else same.push(stored);
    }
    for (const same of this.#bySubject.values()) same.sort(byStaying);
  }

  /** Those with a name, folded; the one that will stay first. */
  named(subject: string): readonly StoredAnchor[] {
    return this.#bySubject.get(subject) ?? [];
  }

  /** The same as programs hand them to OpenSSL, which takes the first that fits: by id. */
  listed(subject: string): readonly Certificate[] {
    const certificates = this.named(subject).map(({ certificate }) => certificate);
    return certificates.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(certificate: Certificate): StoredAnchor | undefined {
    return this.#byId.get(certificate.id);
  }

  /** Why a certificate that is or was an anchor of the bundle does not count. */
  absenceOf(id: AnchorId): Absence | undefined {
    const { body } = this.#bundle;
    const tombstone = body.tombstones.find((one) => one.id === id);
    if (tombstone !== undefined) {
      const { reason } = tombstone;
      return { reason, message: `is ${reason}` };
    }
    const anchor = body.anchors.find((one) => one.id === id);
    if (anchor === undefined || this.#byId.has(id)) return undefined;
    if (!isTrusted(anchor)) {
      return { reason: 'staged', message: 'is staged, so nobody trusts it yet' };
    }
    if (!anchor.purposes.includes(this.purpose)) {
      const has = anchor.purposes.join(', ');
      return { reason: 'purpose', message: `is for ${has} and not for ${this.purpose}` };
    }
    const limits = readLimits(anchor);
    const why = limits.kind === 'unknown' ? limits.message : 'it is no CA certificate';
    return { reason: 'withheld', message: `is in the bundle and no program uses it: ${why}` };
  }
}

/** Absent where the certificate cannot be read: programs withhold such an anchor too. */
export function certificateOf(
  { blobs }: PlannedBundle,
  id: AnchorId,
  certificates: Certificates,
): Certificate | undefined {
  const der = blobs.get(id);
  if (der === undefined) return undefined;
  try {
    return certificates.read(der);
  } catch (thrown) {
    const error = KedgeError.from(thrown);
    if (error.code === 'BUG') throw error;
    return undefined;
  }
}

function byStaying(a: StoredAnchor, b: StoredAnchor): number {
  if (a.anchor.state !== b.anchor.state) return a.anchor.state === 'active' ? -1 : 1;
  return b.certificate.outline.notAfterMs - a.certificate.outline.notAfterMs;
}
