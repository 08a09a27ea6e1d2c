/**
 * The facts of a proposed release: one set per anchor that it changes.
 *
 * @module
 */
import type { Anchor } from '../core/anchors/anchor.ts';
import type { Charter } from '../core/charter/charter.ts';
import { KedgeError } from '../core/errors.ts';
import type { AnchorId, SignerId } from '../core/ids.ts';
import type { ReleaseBody } from '../core/releases/body.ts';
import { countChanges } from '../core/releases/diff.ts';
import { narrowsOnly } from '../core/releases/narrowing.ts';
import type { Statement } from '../core/statements/statement.ts';
import { type CertificateFacts, parseCertificate } from '../x509/certificate.ts';
import { emptyFacts, type Facts, type FactValue } from './environment.ts';
import { approvalFacts, daysBetween, hoursBetween, realmFacts, timeFacts } from './shared-facts.ts';

/** A proposed release and what is known around it. */
export interface ReleaseCase {
  readonly charter: Charter;
  readonly statement: Statement;
  readonly previous: ReleaseBody | undefined;
  readonly body: ReleaseBody;
  /** Certificates of the anchors that change; those that enter must be there. */
  readonly certificates: ReadonlyMap<AnchorId, Uint8Array>;
  readonly signers: readonly SignerId[];
  readonly threshold: number;
  readonly nowMs: number;
}

type Values = Readonly<Record<string, FactValue>>;

/** One anchor's change. */
interface AnchorStep {
  readonly kind: string;
  readonly old: Anchor | undefined;
  readonly next: Anchor | undefined;
}

const CURVE_BITS: ReadonlyMap<string, number> = new Map([
  ['prime256v1', 256],
  ['secp256k1', 256],
  ['secp384r1', 384],
  ['secp521r1', 521],
]);

/** Errors: `POLICY` when the certificate of an anchor that enters is missing or unreadable. */
export function releaseFacts(given: ReleaseCase): readonly Facts[] {
  const { charter, statement, previous, body, nowMs } = given;
  const counts = countChanges(previous, body);
  const steps = anchorSteps(previous, body);
  const common = {
    release: {
      bundle: body.bundle,
      sequence: statement.sequence,
      note: body.note,
      validDays: daysBetween(statement.issuedMs, statement.expiresMs),
      rollback: body.replaces !== undefined,
      waves: body.delivery !== undefined,
      changed: counts.added + counts.left + counts.changed,
      trustedBefore: counts.trustedBefore,
      trustedAfter: counts.trustedAfter,
    },
    realm: realmFacts(charter),
    approvals: approvalFacts(given),
    time: timeFacts(nowMs),
  };
  const narrows = previous !== undefined && narrowsOnly(previous, body);
  return steps.map((step) => ({
    ...common,
    change: changeValues(step, { narrows, nowMs }),
    anchor: anchorValues(step, given),
  }));
}

/** Every anchor once; something even when no anchor changes, so that rules about the note count. */
function anchorSteps(previous: ReleaseBody | undefined, body: ReleaseBody): readonly AnchorStep[] {
  const before = new Map((previous?.anchors ?? []).map((anchor) => [anchor.id, anchor]));
  const after = new Map(body.anchors.map((anchor) => [anchor.id, anchor]));
  const reasons = new Map(body.tombstones.map(({ id, reason }) => [id, reason]));
  const known = new Set((previous?.tombstones ?? []).map(({ id }) => id));
  const steps: AnchorStep[] = [];
  for (const id of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [old, next] = [before.get(id), after.get(id)];
    if (next === undefined) {
      steps.push({ kind: reasons.get(id) === 'revoked' ? 'revoke' : 'remove', old, next });
    } else if (old === undefined) {
      steps.push({ kind: next.state === 'staged' ? 'stage' : 'add', old, next });
    } else {
      if (old.state !== next.state) steps.push({ kind: KINDS[next.state], old, next });
      if (isEdited(old, next)) steps.push({ kind: 'edit', old, next });
    }
  }
  const isBare = (id: AnchorId): boolean => !known.has(id) && !before.has(id);
  if (body.tombstones.some(({ id }) => isBare(id))) {
    steps.push({ kind: 'tombstone', old: undefined, next: undefined });
  }
  return steps.length > 0 ? steps : [{ kind: 'renew', old: undefined, next: undefined }];
}

/**
 * Another state hides no edit, or a rule for edits would be easy to get around. That an anchor is
 * trusted for less long goes with retiring it.
 */
function isEdited(old: Anchor, next: Anchor): boolean {
  if (old.state === next.state) return JSON.stringify(old) !== JSON.stringify(next);
  const fixed = ({ kind, label, purposes, constraints }: Anchor): string =>
    JSON.stringify([kind, label, purposes, constraints]);
  const isLater = (next.distrustAfterMs ?? Infinity) > (old.distrustAfterMs ?? Infinity);
  return isLater || fixed(old) !== fixed(next);
}

const KINDS = { staged: 'stage', active: 'activate', retiring: 'retire' } as const;

function changeValues(
  { kind, old, next }: AnchorStep,
  { narrows, nowMs }: { readonly narrows: boolean; readonly nowMs: number },
): Values {
  return {
    kind,
    from: old?.state ?? '',
    to: next?.state ?? '',
    stateHours: old === undefined ? 0 : hoursBetween(old.sinceMs, nowMs),
    narrows,
  };
}

function anchorValues({ old, next }: AnchorStep, given: ReleaseCase): Values {
  const empty = emptyFacts('release')['anchor'] ?? {};
  const anchor = next ?? old;
  if (anchor === undefined) return empty;
  return {
    ...empty,
    fingerprint: anchor.id,
    label: anchor.label,
    purposes: anchor.purposes,
    constraints: anchor.constraints.map(({ type }) => type),
    constrainedNames: anchor.constraints.flatMap(({ values }) => values),
    ...certificateValues(anchor, old === undefined ? 'enters' : 'was-there', given),
  };
}

/** An anchor that was there may be older than what this version reads; one that enters may not. */
function certificateValues(
  { id, label }: Anchor,
  how: 'enters' | 'was-there',
  { certificates, nowMs }: ReleaseCase,
): Values {
  const der = certificates.get(id);
  try {
    if (der !== undefined) return factValues(parseCertificate(der), nowMs);
  } catch (cause) {
    if (how === 'was-there') return {};
    const what = `the certificate of ${JSON.stringify(label)} cannot be read for the policy`;
    throw new KedgeError('POLICY', what, { cause, detail: { anchor: id } });
  }
  if (how === 'was-there') return {};
  const what = `the certificate of ${JSON.stringify(label)} is missing, so rules cannot judge it`;
  throw new KedgeError('POLICY', what, { detail: { anchor: id } });
}

function factValues(facts: CertificateFacts, nowMs: number): Values {
  return {
    known: true,
    subject: facts.subject,
    issuer: facts.issuer,
    serial: facts.serial,
    keyType: facts.keyAlg,
    keyBits: facts.keyBits ?? CURVE_BITS.get(facts.keyCurve ?? '') ?? 0,
    curve: facts.keyCurve ?? '',
    signatureAlg: facts.signatureAlg,
    notBefore: new Date(facts.notBeforeMs),
    notAfter: new Date(facts.notAfterMs),
    validityDays: daysBetween(facts.notBeforeMs, facts.notAfterMs),
    daysLeft: daysBetween(nowMs, facts.notAfterMs),
    isCa: facts.isCa,
    pathLength: facts.pathLen ?? -1,
    selfSigned: facts.selfSigned,
    nameConstrained: facts.hasNameConstraints,
    keyUsage: facts.keyUsage ?? [],
    extendedKeyUsage: facts.extendedKeyUsage ?? [],
  };
}
