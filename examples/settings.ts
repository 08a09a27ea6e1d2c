/**
 * What every example needs to know, from the environment: realm, pin, nodes, files, bundle.
 *
 * In a project of your own import from `kedge` where these files import from `../src/index.ts`.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { BundleSourceOptions } from '../src/index.ts';

/** The bundle that the examples trust. */
export const bundle: string = required('KEDGE_BUNDLE');

/** Options of the source: whom to ask, and the pin from which everything is verified. */
export const sourceOptions: BundleSourceOptions = {
  realm: required('KEDGE_REALM'),
  firstCharterDigest: required('KEDGE_PIN'),
  endpoints: required('KEDGE_ENDPOINTS').split(','),
  tls: {
    certFile: required('KEDGE_TLS_CERT'),
    keyFile: required('KEDGE_TLS_KEY'),
    caFile: required('KEDGE_TLS_CA'),
  },
  bundles: [bundle],
  cacheDir: process.env['KEDGE_CACHE'] ?? '.kedge-cache',
  onStale: ({ name }) => {
    console.error(`${name}: no node has confirmed this release for too long; it stays in use`);
  },
};

/** The certificate and key that this program itself shows. */
export function ownIdentity(): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(required('APP_CERT')), key: readFileSync(required('APP_KEY')) };
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`set ${name}; see docs/sdk.md`);
  return value;
}
