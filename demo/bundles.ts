/**
 * What the demonstration publishes: the public web's root program as shipped in Node, and the
 * private CA of a payments team in the steps of its rotation.
 *
 * @module
 */
import { rootCertificates } from 'node:tls';
import { type AnchorId, type BundleName, parseBundleName } from '../src/core/ids.ts';
import {
  activateAnchor,
  addAnchor,
  removeAnchor,
  retireAnchor,
  stageAnchor,
} from '../src/core/releases/edit.ts';
import type { CertificateFacts } from '../src/x509/certificate.ts';
import { parseCertificateFile } from '../src/x509/file.ts';
import type { DemoCa } from './certificates.ts';
import type { Edit } from './publishing.ts';

/** The bundle with the public web's roots. */
export const PUBLIC_WEB: BundleName = parseBundleName('public-web');

/** What the private CAs are for. */
const MUTUAL_TLS = ['tls-server', 'tls-client'];
const LABEL_MAX_CHARS = 200;

/** A change of a bundle with the certificates that it brings. */
export interface Change {
  readonly edit: Edit;
  readonly blobs: readonly Uint8Array[];
}

/** Every root certificate that Node ships, each once. */
export function publicRoots(): readonly CertificateFacts[] {
  const roots = parseCertificateFile(Buffer.from(rootCertificates.join('\n')));
  return [...new Map(roots.map((root) => [root.id, root])).values()];
}

/** Adds trusted roots; possible in a first release, or where nothing has to be staged. */
export function addRoots(roots: readonly CertificateFacts[]): Change {
  return {
    edit: (body, point) =>
      roots.reduce((next, { id, subject }) => {
        const label = subject.slice(0, LABEL_MAX_CHARS);
        return addAnchor(next, { id, label, purposes: ['tls-server'] }, 'active', point);
      }, body),
    blobs: roots.map(({ der }) => der),
  };
}

/** The first release of the private bundle. */
export function firstCa(ca: DemoCa): Change {
  return {
    edit: (body, point) => addAnchor(body, describe(ca), 'active', point),
    blobs: [ca.der],
  };
}

/** The next CA becomes known everywhere and trusted nowhere. */
export function stageCa(ca: DemoCa): Change {
  return { edit: (body, point) => stageAnchor(body, describe(ca), point), blobs: [ca.der] };
}

/** The next CA is trusted beside the old one. */
export function activateCa(ca: DemoCa): Change {
  return { edit: (body, point) => activateAnchor(body, ca.facts.id, point), blobs: [] };
}

/** The old CA is on its way out, still trusted. */
export function retireCa(ca: DemoCa): Change {
  return { edit: (body, point) => retireAnchor(body, ca.facts.id, point), blobs: [] };
}

/** The old CA is gone. */
export function removeCa(ca: DemoCa): Change {
  return { edit: (body, point) => removeAnchor(body, ca.facts.id, point), blobs: [] };
}

function describe(ca: DemoCa): { id: AnchorId; label: string; purposes: readonly string[] } {
  return { id: ca.facts.id, label: ca.facts.subject.replace(/^CN=/, ''), purposes: MUTUAL_TLS };
}
