/**
 * The certificates of the demonstration: an authority for the connections of the cluster, and the
 * private CAs whose rotation is shown.
 *
 * The two never mix: the first says who may speak to a node, the second is payload, a trust anchor
 * that the cluster distributes.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IssuedCertificate, issueCa, issueLeaf } from '../src/x509/issue.ts';
import type { IdentityFiles } from './messages.ts';

const DAY_MS = 86_400_000;

/** A CA that lives for the demonstration. */
export type DemoCa = IssuedCertificate;

/** Makes a CA. */
export function makeCa(commonName: string): DemoCa {
  return issueCa({ commonName, nowMs: Date.now(), validForMs: 730 * DAY_MS, serial });
}

/** What a leaf says. */
export interface LeafNames {
  readonly commonName: string;
  readonly uri?: string;
}

/** Issues a leaf for a program on this machine. */
export function makeLeaf(issuer: DemoCa, names: LeafNames): IssuedCertificate {
  return issueLeaf({
    issuer,
    commonName: names.commonName,
    nowMs: Date.now(),
    validForMs: 2 * DAY_MS,
    serial,
    dnsNames: ['localhost'],
    ips: ['127.0.0.1'],
    ...(names.uri === undefined ? {} : { uris: [names.uri] }),
  });
}

/** Writes a leaf and its key below `folder`; the key is readable for its owner only. */
export async function saveLeaf(
  folder: string,
  name: string,
  leaf: IssuedCertificate,
): Promise<IdentityFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) };
  await writeFile(files.certFile, leaf.certificatePem);
  await writeFile(files.keyFile, leaf.keyPem, { mode: 0o600 });
  return files;
}

function serial(): Uint8Array {
  return randomBytes(16);
}
