import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/core/bytes.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { parseCertificate } from '../../src/x509/certificate.ts';
import { parseCertificateFile } from '../../src/x509/file.ts';
import { issueCa, issueLeaf } from '../../src/x509/issue.ts';

const NOW_MS = Date.parse('2026-11-23T10:00:00Z');
const issued = {
  commonName: 'Test Root',
  nowMs: NOW_MS,
  validForMs: 86_400_000,
  serial: () => Uint8Array.of(1),
};
const ca = issueCa(issued);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return KedgeError.from(error).code;
  }
  return 'accepted';
}

describe('parseCertificate', () => {
  it('reads every root that Node ships, with the facts that OpenSSL gives', () => {
    expect(rootCertificates.length).toBeGreaterThanOrEqual(130);
    for (const pem of rootCertificates) {
      const openssl = new X509Certificate(pem);
      const facts = parseCertificate(openssl.raw);
      expect(facts.id).toBe(openssl.fingerprint256.replaceAll(':', '').toLowerCase());
      expect(facts.notAfterMs).toBe(Date.parse(openssl.validTo));
      expect(facts.notBeforeMs).toBe(Date.parse(openssl.validFrom));
      expect(facts.isCa).toBe(true);
      expect(facts.selfSigned).toBe(true);
      expect(facts.signatureAlg).toMatch(/^(rsa|ecdsa)-sha(1|256|384|512)$/);
    }
  });

  it('reads names and usages of a leaf', () => {
    const leaf = issueLeaf({
      ...issued,
      issuer: ca,
      commonName: 'leaf',
      uris: ['spiffe://a/b'],
      dnsNames: ['a.b'],
    });
    expect(parseCertificate(leaf.der)).toMatchObject({
      isCa: false,
      uris: ['spiffe://a/b'],
      dnsNames: ['a.b'],
      ips: [],
      selfIssued: false,
      hasNameConstraints: false,
    });
  });

  it('keeps a copy of the bytes', () => {
    const bytes = Uint8Array.from(ca.der);
    const facts = parseCertificate(bytes);
    bytes.fill(0);
    expect(facts.der).toEqual(ca.der);
  });

  it('refuses bytes after the certificate', () => {
    const run = (): unknown => parseCertificate(concatBytes(ca.der, Uint8Array.of(0)));
    expect(codeOf(run)).toBe('PARSE');
    expect(run).toThrow('1 bytes follow the certificate');
  });

  it('refuses a certificate that is cut off, at every length', () => {
    for (let length = 0; length < ca.der.length; length += 1) {
      expect(codeOf(() => parseCertificate(ca.der.subarray(0, length)))).toBe('PARSE');
    }
  });

  it('refuses a length that is not in the shortest form', () => {
    const long = concatBytes(Uint8Array.of(0x30, 0x83, 0), ca.der.subarray(2));
    expect(codeOf(() => parseCertificate(long))).toBe('PARSE');
  });

  it('refuses what is larger than an anchor may be', () => {
    expect(codeOf(() => parseCertificate(new Uint8Array(16 * 1024 + 1)))).toBe('LIMIT');
  });

  it('answers random bytes with PARSE', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(codeOf(() => parseCertificate(bytes))).toBe('PARSE');
      }),
    );
  });

  it('answers a damaged certificate with other facts or PARSE, never with another error', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: ca.der.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const bytes = Uint8Array.from(ca.der);
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          const code = codeOf(() => expect(parseCertificate(bytes).id).not.toBe(ca.facts.id));
          expect(['accepted', 'PARSE']).toContain(code);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function hintOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (thrown) {
    return KedgeError.from(thrown).detail['hint'];
  }
}

describe('parseCertificateFile', () => {
  const file = (text: string): ReturnType<typeof parseCertificateFile> =>
    parseCertificateFile(Buffer.from(text));

  it('reads one DER certificate', () => {
    expect(parseCertificateFile(ca.der).map(({ id }) => id)).toEqual([ca.facts.id]);
  });

  it('reads the whole Mozilla root program as one PEM file', () => {
    const facts = file(rootCertificates.join('\n'));
    expect(facts.length).toBe(rootCertificates.length);
  });

  it('ignores text between the certificates, in any encoding and with any line ends', () => {
    const heading = '# Zertifikate f\u00fcr alle\n\nRoot\n====\n';
    const text = `${heading}${ca.certificatePem}\nMore\n${ca.certificatePem}`;
    expect(file(text).length).toBe(2);
    expect(file(text.replaceAll('\n', '\r\n')).length).toBe(2);
  });

  it('reads PEM after the mark that editors on Windows put before text', () => {
    expect(file(`\ufeff${ca.certificatePem}`).length).toBe(1);
  });

  it('skips a private key', () => {
    expect(file(ca.keyPem + ca.certificatePem).length).toBe(1);
  });

  it('says which certificate is wrong', () => {
    const broken = ca.certificatePem.replace(/\n.{10}/, '\nAAAAAAAAAA');
    expect(() => file(ca.certificatePem + broken)).toThrow(/^certificate 2 of 2 \(line \d+\): /);
    expect(codeOf(() => file(ca.certificatePem + broken))).toBe('PARSE');
  });

  it('says that a block has no end', () => {
    expect(() => file(ca.certificatePem.replace('-----END', '--END'))).toThrow('has no end');
    expect(() => file(ca.certificatePem.replace('-----END', '--END') + ca.certificatePem)).toThrow(
      'begins in line 1 has no end',
    );
  });

  it('says how to get certificates out of PKCS#12 and PKCS#7', () => {
    const pfx = Buffer.from('308204b10201033082047706092a864886f70d010701', 'hex');
    expect(() => parseCertificateFile(pfx)).toThrow('PKCS#12');
    expect(hintOf(() => parseCertificateFile(pfx))).toContain('openssl pkcs12 -in FILE -nokeys');
    const p7b = Buffer.from('3082031506092a864886f70d010702a0820306', 'hex');
    expect(() => parseCertificateFile(p7b)).toThrow('PKCS#7');
  });

  it('says what it found instead of a certificate', () => {
    expect(() => file(ca.keyPem)).toThrow('only PRIVATE KEY');
    expect(() => file('')).toThrow('neither PEM nor DER');
  });

  it('refuses more certificates than a bundle holds', () => {
    const code = codeOf(() => file(ca.certificatePem.repeat(1001)));
    expect(code).toBe('LIMIT');
  });
});
