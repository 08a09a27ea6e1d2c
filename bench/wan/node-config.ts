/**
 * The configuration of a node on the network: the only place that knows how nodes find each other.
 *
 * @module
 */
import { stringify } from 'yaml';
import type { TestRealm } from '../../src/testing/realm.ts';
import { PEER_PORT } from './proxies.ts';
import type { Wan, WanHost } from './wan.ts';

/** Where nodes listen for clients and admins. */
export const CLIENT_PORT: number = 7440;

/** What a configuration is made of. */
export interface NodeSetup {
  readonly wan: Wan;
  readonly host: WanHost;
  readonly realm: TestRealm;
  readonly charterFile: string;
  readonly storePath: string;
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };
}

/** The identity in the certificate of a node, client or admin. */
export function identityOf(realm: TestRealm, role: string): string {
  return `spiffe://${realm.name}/${role}`;
}

/** The text of a configuration file. */
export function nodeConfig({ wan, host, realm, charterFile, storePath, tls }: NodeSetup): string {
  const address = wan.address(host);
  return stringify({
    node: { id: host.name, region: host.region },
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    firstCharterFile: charterFile,
    store: { path: storePath },
    listen: {
      clients: `${address}:${CLIENT_PORT}`,
      admins: `${address}:${CLIENT_PORT}`,
      peers: `${address}:${PEER_PORT}`,
    },
    tls,
    identities: [
      { id: identityOf(realm, 'client/*'), roles: ['client'] },
      { id: identityOf(realm, 'admin/*'), roles: ['admin', 'client'] },
    ],
    peers: {
      seeds: wan.hosts
        .filter((other) => other !== host)
        .map((other) => `${wan.dialAddress(host, other)}:${PEER_PORT}`),
    },
    log: { level: 'info', format: 'json' },
    drainTimeoutMs: 1000,
  });
}
