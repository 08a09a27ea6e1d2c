/**
 * A small PKI for tests: a CA and the identities of nodes, clients, admins and servers below it.
 *
 * The certificates are real and work in `tls`; only their keys and serial numbers are random.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { CertificateFacts } from '../x509/certificate.ts';
import {
  type CertificateKeyAlg,
  type IssuedCertificate,
  issueCa,
  issueIntermediate,
  issueLeaf,
  type LeafUsage,
} from '../x509/issue.ts';
import type { TempDir } from './temp-dir.ts';

/** Options of {@link createTestPki}. */
export interface TestPkiOptions {
  /** Default `Test CA`. */
  readonly commonName?: string;
  /** Default now: `tls` reads the machine's clock. */
  readonly nowMs?: number;
  /** Validity of the CA and of each leaf; default 30 days. */
  readonly validForMs?: number;
  /** Default `ecdsa-p256`. */
  readonly keyAlg?: CertificateKeyAlg;
  /** Puts an intermediate between the CA and the leaves, which leaves then carry with them. */
  readonly shape?: 'flat' | 'with-intermediate';
}

/** What a leaf is to carry; every leaf also gets `localhost` and both loopback addresses. */
export interface TestLeafOptions {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly usages?: readonly LeafUsage[];
  readonly nowMs?: number;
  readonly validForMs?: number;
}

/** Options for `tls`, `https` and the like. */
export interface TestIdentity {
  readonly name: string;
  /** The leaf, followed by the intermediate if there is one. */
  readonly certificatePem: string;
  readonly keyPem: string;
  /** What the other side needs to trust. */
  readonly caPem: string;
  readonly facts: CertificateFacts;
}

/** Paths of an identity on disk. */
export interface TestIdentityFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** A CA with what it issues. */
export interface TestPki {
  readonly ca: IssuedCertificate;
  readonly caPem: string;
  /** Issues a certificate for server and client use on loopback. */
  issue(name: string, options?: TestLeafOptions): TestIdentity;
  /** Issues like {@link issue} and writes three PEM files. */
  write(dir: TempDir, name: string, options?: TestLeafOptions): Promise<TestIdentityFiles>;
}

const VALID_FOR_MS = 30 * 86_400_000;

/** Makes a CA; two calls give CAs that know nothing of each other, also with one name. */
export function createTestPki(options: TestPkiOptions = {}): TestPki {
  const { commonName = 'Test CA', validForMs = VALID_FOR_MS, shape = 'flat' } = options;
  const common = {
    nowMs: options.nowMs ?? Date.now(),
    validForMs,
    serial: () => randomBytes(16),
    ...(options.keyAlg === undefined ? {} : { keyAlg: options.keyAlg }),
  };
  const ca = issueCa({ ...common, commonName });
  const intermediate =
    shape === 'flat'
      ? undefined
      : issueIntermediate({ ...common, issuer: ca, commonName: `${commonName} Issuing` });

  const issue = (name: string, leaf: TestLeafOptions = {}): TestIdentity => {
    const issued = issueLeaf({
      ...common,
      ...(leaf.nowMs === undefined ? {} : { nowMs: leaf.nowMs }),
      ...(leaf.validForMs === undefined ? {} : { validForMs: leaf.validForMs }),
      ...(leaf.usages === undefined ? {} : { usages: leaf.usages }),
      issuer: intermediate ?? ca,
      commonName: name,
      uris: leaf.uris ?? [],
      dnsNames: ['localhost', ...(leaf.dnsNames ?? [])],
      ips: ['127.0.0.1', '::1'],
    });
    return {
      name,
      certificatePem: issued.certificatePem + (intermediate?.certificatePem ?? ''),
      keyPem: issued.keyPem,
      caPem: ca.certificatePem,
      facts: issued.facts,
    };
  };

  return {
    ca,
    caPem: ca.certificatePem,
    issue,
    write: async (dir, name, leaf) => {
      const identity = issue(name, leaf);
      return {
        certFile: await dir.write(`${name}.crt.pem`, identity.certificatePem),
        keyFile: await dir.write(`${name}.key.pem`, identity.keyPem),
        caFile: await dir.write(`${name}.ca.pem`, identity.caPem),
      };
    },
  };
}
