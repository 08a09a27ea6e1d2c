/** Certificates and bundles for plans, with dates around one present. */
import { randomBytes } from 'node:crypto';
import type { AnchorState } from '../../src/core/anchors/anchor.ts';
import { parseBundleName, parseSequence } from '../../src/core/ids.ts';
import type { ReleaseBody } from '../../src/core/releases/body.ts';
import {
  addAnchor,
  type EditPoint,
  emptyBody,
  type NewAnchor,
} from '../../src/core/releases/edit.ts';
import type { RecordedChain } from '../../src/preflight/plan.ts';
import type { PlannedBundle } from '../../src/preflight/trust-store.ts';
import {
  type IssuedCertificate,
  issueCa,
  issueIntermediate,
  issueLeaf,
  type LeafUsage,
} from '../../src/x509/issue.ts';

export const DAY_MS = 86_400_000;
export const NOW_MS: number = Date.UTC(2026, 10, 23, 10, 0, 0);
export const INSTANTS: readonly number[] = [0, 30, 60, 90].map((days) => NOW_MS + days * DAY_MS);
export const POINT: EditPoint = { sequence: parseSequence(2), issuedMs: NOW_MS };

/** When a certificate is valid, in days from now. */
export interface Dates {
  readonly from?: number;
  readonly to?: number;
}

function times({ from = -400, to = 3000 }: Dates): {
  readonly nowMs: number;
  readonly validForMs: number;
  readonly backdateMs: number;
  readonly serial: () => Uint8Array;
} {
  const nowMs = NOW_MS + from * DAY_MS;
  return {
    nowMs,
    validForMs: (to - from) * DAY_MS,
    backdateMs: 0,
    serial: () => randomBytes(16),
  };
}

export function root(commonName: string, dates: Dates = {}, keyPem?: string): IssuedCertificate {
  return issueCa({ commonName, ...times(dates), ...(keyPem !== undefined && { keyPem }) });
}

/** A CA below `issuer`; with `keyPem` a cross-signed certificate of that key. */
export function below(
  issuer: IssuedCertificate,
  commonName: string,
  options: Dates & { readonly keyPem?: string; readonly pathLen?: number } = {},
): IssuedCertificate {
  const { keyPem, pathLen, ...dates } = options;
  return issueIntermediate({
    issuer,
    commonName,
    ...times(dates),
    ...(keyPem !== undefined && { keyPem }),
    ...(pathLen !== undefined && { pathLen }),
  });
}

export function leaf(
  issuer: IssuedCertificate,
  options: Dates & { readonly name?: string; readonly usages?: readonly LeafUsage[] } = {},
): IssuedCertificate {
  const { name = 'api.example.org', usages, ...dates } = options;
  return issueLeaf({
    issuer,
    commonName: name,
    dnsNames: [name],
    ...times({ from: -10, to: 200, ...dates }),
    ...(usages && { usages }),
  });
}

/** An anchor of a test: its certificate, and what is not as usual. */
export type TestAnchor =
  | IssuedCertificate
  | (Partial<NewAnchor> & {
      readonly ca: IssuedCertificate;
      readonly state?: AnchorState;
      readonly distrustAfterMs?: number;
    });

export function bundleOf(...anchors: readonly TestAnchor[]): PlannedBundle {
  let body = emptyBody(parseBundleName('plan.example.org'));
  const blobs = new Map<IssuedCertificate['facts']['id'], Uint8Array>();
  for (const given of anchors) {
    const one = 'ca' in given ? given : { ca: given };
    const { ca, state = 'active', distrustAfterMs, ...attributes } = one;
    const { id, subject } = ca.facts;
    const label = subject.replace('CN=', '');
    const anchor = { id, label, purposes: ['tls-server', 'tls-client'], ...attributes };
    body = addAnchor(body, anchor, 'active', { ...POINT, sequence: parseSequence(1) });
    body = {
      ...body,
      anchors: body.anchors.map((entry) =>
        entry.id === id
          ? { ...entry, state, ...(distrustAfterMs !== undefined && { distrustAfterMs }) }
          : entry,
      ),
    };
    blobs.set(id, ca.der);
  }
  return { body, blobs };
}

/** The same bundle after an edit of its body. */
export function edited(
  bundle: PlannedBundle,
  edit: (body: ReleaseBody) => ReleaseBody,
): PlannedBundle {
  return { ...bundle, body: edit(bundle.body) };
}

export function chainOf(
  name: string,
  ...certificates: readonly IssuedCertificate[]
): RecordedChain {
  return { name, purpose: 'tls-server', chain: certificates.map(({ der }) => der) };
}

/** Numbers that are the same in every run: Park and Miller. */
export function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
}

/** CAs of three names that have signed each other, some until soon; one name has two keys. */
export function makeWeb(): readonly IssuedCertificate[] {
  const keys = ['A', 'B', 'C'].map((name) => ({ name, ca: root(name) }));
  const brief = keys.map(({ name, ca }) => root(name, { to: 50 }, ca.keyPem));
  const cross = keys.flatMap(({ ca: issuer }, at) =>
    keys.flatMap(({ name, ca }, index) => {
      if (index === at) return [];
      const pathLen = index === 1 ? { pathLen: at === 0 ? 0 : 1 } : {};
      const to = [3000, 50, -5][(at * 2 + index) % 3] ?? 0;
      return [below(issuer, name, { keyPem: ca.keyPem, to, ...pathLen })];
    }),
  );
  return [...keys.map(({ ca }) => ca), ...brief, ...cross, root('A')];
}
