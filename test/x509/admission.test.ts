import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type AdmissionContext, admitAnchor } from '../../src/x509/admission.ts';
import { type CertificateFacts, parseCertificate } from '../../src/x509/certificate.ts';
import { issueCa, issueIntermediate, issueLeaf } from '../../src/x509/issue.ts';

const NOW_MS = Date.parse('2026-11-23T10:00:00Z');
const DAY_MS = 86_400_000;
const issued = {
  commonName: 'Test Root',
  nowMs: NOW_MS,
  validForMs: 365 * DAY_MS,
  serial: () => Uint8Array.of(1),
};
const ca = issueCa(issued);

function judge(facts: CertificateFacts, context: Partial<AdmissionContext> = {}): string[] {
  return admitAnchor(facts, { nowMs: NOW_MS, existing: [], ...context }).map(
    ({ severity, rule }) => `${severity} ${rule}`,
  );
}

describe('admitAnchor', () => {
  it('has nothing to say about a good root', () => {
    expect(judge(ca.facts)).toEqual([]);
  });

  it('admits the public root program with warnings at most', () => {
    const nowMs = Date.parse('2026-01-01T00:00:00Z');
    const admitted: CertificateFacts[] = [];
    const refused: string[] = [];
    for (const pem of rootCertificates) {
      const facts = parseCertificate(new X509Certificate(pem).raw);
      const findings = admitAnchor(facts, { nowMs, existing: admitted, expired: 'warn' });
      if (findings.some(({ severity }) => severity === 'refuse')) refused.push(facts.subject);
      admitted.push(facts);
    }
    expect(refused).toEqual([]);
  });

  it('refuses a leaf (E12)', () => {
    const leaf = issueLeaf({ ...issued, issuer: ca });
    expect(judge(leaf.facts)).toContain('refuse not-a-ca');
  });

  it('refuses a CA whose key usage does not allow signing certificates', () => {
    expect(judge({ ...ca.facts, keyUsage: ['cRLSign'] })).toEqual(['refuse key-usage']);
  });

  it('refuses a small RSA key, and accepts 2048 bits', () => {
    expect(judge({ ...ca.facts, keyAlg: 'rsa', keyBits: 1024 })).toEqual(['refuse weak-key']);
    expect(judge({ ...ca.facts, keyAlg: 'rsa', keyBits: 2048 })).toEqual([]);
  });

  it('refuses kinds of keys that verifiers do not know', () => {
    expect(judge({ ...ca.facts, keyAlg: 'dsa' })).toEqual(['refuse unknown-key']);
    expect(judge({ ...ca.facts, keyCurve: 'secp256k1' })).toEqual(['refuse unknown-key']);
  });

  it('warns of SHA-1 under a root and refuses it under an intermediate', () => {
    const signatureAlg = 'rsa-sha1';
    expect(judge({ ...ca.facts, signatureAlg })).toEqual(['warn weak-signature']);
    const crossSigned = { ...ca.facts, signatureAlg, selfIssued: false, selfSigned: false };
    expect(judge(crossSigned)).toEqual(['refuse weak-signature']);
  });

  it('refuses a root with the signature of somebody else', () => {
    expect(judge({ ...ca.facts, selfSigned: false })).toEqual(['refuse broken-signature']);
  });

  it('warns that an intermediate is a poor anchor', () => {
    const below = issueIntermediate({ ...issued, issuer: ca, commonName: 'Issuing' });
    expect(judge(below.facts)).toEqual(['warn not-self-signed']);
  });

  it('refuses an expired certificate unless asked to warn (E12)', () => {
    const nowMs = NOW_MS + 366 * DAY_MS;
    expect(judge(ca.facts, { nowMs })).toEqual(['refuse expired']);
    expect(judge(ca.facts, { nowMs, expired: 'warn' })).toEqual(['warn expired']);
  });

  it.each([
    [-1, 'warn not-yet-valid'],
    [365 - 89, 'warn expires-within-90-days'],
    [365 - 29, 'warn expires-within-30-days'],
  ])('warns by its dates after %d days: %s', (days, expected) => {
    expect(judge(ca.facts, { nowMs: NOW_MS + days * DAY_MS })).toEqual([expected]);
  });

  it('refuses a certificate that ends before it begins', () => {
    expect(judge({ ...ca.facts, notAfterMs: ca.facts.notBeforeMs - 1 })).toEqual([
      'refuse validity',
    ]);
  });

  it('refuses a duplicate and warns of shared keys and subjects', () => {
    const sameSubject = issueCa(issued);
    const sameKey = issueCa({ ...issued, keyPem: ca.keyPem, validForMs: 400 * DAY_MS });
    expect(judge(ca.facts, { existing: [ca.facts] })).toEqual(['refuse duplicate']);
    expect(judge(sameSubject.facts, { existing: [ca.facts] })).toEqual(['warn same-subject']);
    expect(judge(sameKey.facts, { existing: [ca.facts] })).toEqual(['warn same-key']);
  });

  it('names the worst first', () => {
    const facts = { ...ca.facts, signatureAlg: 'rsa-sha1', keyAlg: 'rsa', keyBits: 512 };
    expect(judge(facts)).toEqual(['refuse weak-key', 'warn weak-signature']);
  });
});
