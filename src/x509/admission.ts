/**
 * Whether a certificate may become an anchor: what a signer is shown before it signs.
 *
 * These are checks of an admin's input, not of a release: nodes and clients do not repeat them, so
 * that a rule can become stricter without making old releases invalid. What makes a certificate
 * useless or dangerous as an anchor is refused; what may be intended is a warning. Key sizes follow
 * the baseline requirements of the CA/Browser Forum for roots that are in use.
 *
 * @module
 */
import { formatTimestamp } from '../core/ids.ts';
import type { CertificateFacts } from './certificate.ts';
import { BROKEN_SIGNATURE_ALGS } from './signature-algs.ts';

/** The admission rules by name; `docs/spec.md` lists them. */
export type AdmissionRule =
  | 'not-a-ca'
  | 'key-usage'
  | 'weak-key'
  | 'unknown-key'
  | 'broken-signature'
  | 'weak-signature'
  | 'not-self-signed'
  | 'validity'
  | 'expired'
  | 'not-yet-valid'
  | 'expires-within-30-days'
  | 'expires-within-90-days'
  | 'duplicate'
  | 'same-key'
  | 'same-subject';

/** One thing to know about a certificate that shall become an anchor. */
export interface AdmissionFinding {
  readonly rule: AdmissionRule;
  readonly severity: 'refuse' | 'warn';
  /** One sentence for people. */
  readonly message: string;
}

/** What admission depends on besides the certificate. */
export interface AdmissionContext {
  readonly nowMs: number;
  /** The anchors that the bundle has already, and those admitted before in the same run. */
  readonly existing: readonly CertificateFacts[];
  /** What an expired certificate is; `refuse` unless the admin says otherwise. */
  readonly expired?: 'refuse' | 'warn';
}

const DAY_MS = 86_400_000;
const RSA_MIN_BITS = 2048;
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const EDWARDS: ReadonlySet<string> = new Set(['ed25519', 'ed448']);

/** Judges a certificate; the worst first. Empty when there is nothing to say. */
export function admitAnchor(
  facts: CertificateFacts,
  context: AdmissionContext,
): readonly AdmissionFinding[] {
  const findings = [
    ...judgeAuthority(facts),
    ...judgeKey(facts),
    ...judgeSignature(facts),
    ...judgeValidity(facts, context),
    ...judgeNeighbours(facts, context.existing),
  ];
  return findings.toSorted(
    (a, b) => Number(b.severity === 'refuse') - Number(a.severity === 'refuse'),
  );
}

function judgeAuthority(facts: CertificateFacts): readonly AdmissionFinding[] {
  if (!facts.isCa) {
    return [refuse('not-a-ca', 'it is not a CA certificate (basicConstraints does not say CA)')];
  }
  if (facts.keyUsage?.includes('keyCertSign') === false) {
    return [refuse('key-usage', 'its key usage does not allow signing certificates')];
  }
  return [];
}

function judgeKey(facts: CertificateFacts): readonly AdmissionFinding[] {
  if (facts.keyAlg === 'rsa' || facts.keyAlg === 'rsa-pss') {
    const bits = facts.keyBits ?? 0;
    if (bits >= RSA_MIN_BITS) return [];
    return [
      refuse('weak-key', `its RSA key has ${bits} bits; at least ${RSA_MIN_BITS} are needed`),
    ];
  }
  if (facts.keyAlg === 'ec') {
    const curve = facts.keyCurve ?? 'without a name';
    return CURVES.has(curve) ? [] : [refuse('unknown-key', `its key is on the curve ${curve}`)];
  }
  if (EDWARDS.has(facts.keyAlg)) return [];
  return [refuse('unknown-key', `its key is of the kind ${facts.keyAlg}`)];
}

function judgeSignature(facts: CertificateFacts): readonly AdmissionFinding[] {
  const broken = BROKEN_SIGNATURE_ALGS.has(facts.signatureAlg);
  if (facts.selfSigned) {
    // Nobody checks a root's own signature, so its weakness is history, not a hole.
    if (!broken) return [];
    return [warn('weak-signature', `it is signed by itself with ${facts.signatureAlg}`)];
  }
  if (facts.selfIssued) {
    return [
      refuse('broken-signature', 'it names itself as issuer, but its signature is not its own'),
    ];
  }
  if (broken) {
    return [refuse('weak-signature', `another CA signed it with ${facts.signatureAlg}`)];
  }
  return [
    warn(
      'not-self-signed',
      'it is an intermediate: most TLS stacks do not accept one as an anchor',
    ),
  ];
}

function judgeValidity(
  facts: CertificateFacts,
  { nowMs, expired = 'refuse' }: AdmissionContext,
): readonly AdmissionFinding[] {
  const until = formatTimestamp(facts.notAfterMs);
  if (facts.notAfterMs < facts.notBeforeMs) {
    return [refuse('validity', 'it ends before it begins')];
  }
  if (facts.notAfterMs < nowMs) {
    return [{ rule: 'expired', severity: expired, message: `it expired at ${until}` }];
  }
  if (facts.notBeforeMs > nowMs) {
    return [warn('not-yet-valid', `it is valid from ${formatTimestamp(facts.notBeforeMs)}`)];
  }
  const days = Math.floor((facts.notAfterMs - nowMs) / DAY_MS);
  const message = `it expires in ${days} days, at ${until}`;
  if (days < 30) return [warn('expires-within-30-days', message)];
  if (days < 90) return [warn('expires-within-90-days', message)];
  return [];
}

function judgeNeighbours(
  facts: CertificateFacts,
  existing: readonly CertificateFacts[],
): readonly AdmissionFinding[] {
  if (existing.some(({ id }) => id === facts.id)) {
    return [refuse('duplicate', 'the bundle has exactly this certificate already')];
  }
  const sameKey = existing.find(({ publicKeyDigest }) => publicKeyDigest === facts.publicKeyDigest);
  if (sameKey !== undefined) {
    return [warn('same-key', `it has the key of ${shorten(sameKey.id)} (${sameKey.subject})`)];
  }
  const sameSubject = existing.find(({ subject }) => subject === facts.subject);
  if (sameSubject !== undefined) {
    return [
      warn('same-subject', `another key has its subject already: ${shorten(sameSubject.id)}`),
    ];
  }
  return [];
}

function shorten(id: string): string {
  return id.slice(0, 16);
}

function refuse(rule: AdmissionRule, message: string): AdmissionFinding {
  return { rule, severity: 'refuse', message };
}

function warn(rule: AdmissionRule, message: string): AdmissionFinding {
  return { rule, severity: 'warn', message };
}
