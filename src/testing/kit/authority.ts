/**
 * Certificate authorities of a test realm: real certificates that work in `tls`, made on the spot.
 *
 * @module
 */
import type { AnchorId } from '../../core/ids.ts';
import { createTestPki } from '../pki.ts';

/** A certificate with its key, as `tls`, `https` and the live functions of the SDK take it. */
export interface TestCertificate {
  /** PEM. */
  readonly cert: string;
  /** PKCS#8, PEM. */
  readonly key: string;
}

/** What a certificate is to carry beside its name. */
export interface TestCertificateOptions {
  /** Beside `localhost`. */
  readonly dnsNames?: readonly string[];
  /** For example a SPIFFE id. */
  readonly uris?: readonly string[];
  /** From now on; default 30 days. */
  readonly validForMs?: number;
}

/** A CA that a test realm can publish as an anchor. */
export interface TestAuthority {
  readonly name: string;
  /** SHA-256 of the DER: the id of the anchor. */
  readonly id: AnchorId;
  /** What the other side of a connection needs to trust without Kedge. */
  readonly caPem: string;
  /** The certificate itself. */
  readonly der: Uint8Array;
  /** Issues a certificate for servers and clients on `localhost`, 127.0.0.1 and ::1. */
  issue(name: string, options?: TestCertificateOptions): TestCertificate;
}

/** Makes a CA, valid for 30 days of the machine's time; two of one name are different CAs. */
export function testAuthority(name: string): TestAuthority {
  const pki = createTestPki({ commonName: name });
  const { der, facts } = pki.ca;
  return {
    name,
    id: facts.id,
    caPem: pki.caPem,
    der,
    issue: (leafName, options) => {
      const { certificatePem: cert, keyPem: key } = pki.issue(leafName, options);
      return { cert, key };
    },
  };
}
