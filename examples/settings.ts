/**
 * What every example needs to know, from the environment: realm, pin, nodes, files, bundle.
 * `README.md` beside this file says how to run them.
 *
 * In a project of your own import from `kedge` where these files import from `../src/index.ts`.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { BundleSource, BundleSourceOptions } from '../src/index.ts';

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
};

/** Says on standard error how the source and its bundles are, and each change; if offline, why. */
export function reportStates(source: BundleSource): void {
  source.onState((change) => {
    const what = change.of === 'source' ? 'source' : change.bundle.name;
    const isOffline = change.of === 'source' && change.state === 'offline';
    const reason = isOffline ? source.status().lastError?.message : undefined;
    console.error(`${what}: ${change.state}${reason === undefined ? '' : ` (${reason})`}`);
  });
}

/** The certificate and key that this program itself shows. */
export function ownIdentity(): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(required('APP_CERT')), key: readFileSync(required('APP_KEY')) };
}

/** The port that a server got. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Does something again and again until the program is told to end; prints what came of it. */
export async function every(intervalMs: number, work: () => Promise<string>): Promise<void> {
  const ending = new AbortController();
  process.once('SIGTERM', () => ending.abort());
  while (!ending.signal.aborted) {
    console.log(await work().catch((error: unknown) => `failed: ${String(error)}`));
    await setTimeout(intervalMs, undefined, { signal: ending.signal }).catch(() => undefined);
  }
}

/** How often the examples that run on do something, milliseconds. */
export const intervalMs: number = Number(process.env['INTERVAL_MS'] ?? 1000);

function required(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  console.error(`${name} is not set; examples/README.md says which variables an example needs`);
  process.exit(2);
}
