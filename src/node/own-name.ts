/**
 * Whether a node's certificate names that node: others refuse it when it does not.
 *
 * @module
 */
import type { X509Certificate } from 'node:crypto';
import { KedgeError } from '../core/errors.ts';
import type { NodeId } from '../core/ids.ts';
import { parseAltNames } from '../grpc/tls/certificate-names.ts';
import { CallerDirectory } from '../service/identity.ts';
import type { NodeConfig } from './config.ts';

/** Which configuration says who a node is. */
export type NamingConfig = Pick<NodeConfig, 'node' | 'realm' | 'peers'>;

const NAMES_MAX_CHARS = 200;

/** What the certificate of a node is to be named. */
export function wantedName({ node, realm, peers }: NamingConfig): string {
  return peerPattern({ realm, peers }).replace('{node}', node.id);
}

/** The identity of all nodes, with `{node}` where the name of the node stands. */
export function peerPattern({ realm, peers }: Pick<NodeConfig, 'realm' | 'peers'>): string {
  return peers.identity ?? `spiffe://${realm}/node/{node}`;
}

/** Why others refuse this certificate as that of the node; absent when they do not. */
export function nameProblem(config: NamingConfig, leaf: X509Certificate): string | undefined {
  const named = namedNode(config, leaf);
  if (named === config.node.id) return undefined;
  const has = (leaf.subjectAltName ?? 'no names').slice(0, NAMES_MAX_CHARS);
  const whose = named === undefined ? '' : `is that of node ${named}: it `;
  return `${whose}does not name ${wantedName(config)}, so other nodes refuse it (it has: ${has})`;
}

/** Refuses a certificate that does not name the node. Errors: `CONFIG`. */
export function requireOwnName(
  config: NamingConfig,
  certFile: string,
  leaf: X509Certificate,
): void {
  const problem = nameProblem(config, leaf);
  if (problem === undefined) return;
  throw new KedgeError(
    'CONFIG',
    `the certificate in tls.certFile ${certFile} ${problem}; give this node its own, or set ` +
      'realm, node.id or peers.identity',
    { detail: { key: 'tls.certFile', file: certFile, node: config.node.id } },
  );
}

function namedNode(config: NamingConfig, leaf: X509Certificate): NodeId | undefined {
  const directory = new CallerDirectory({ identities: [], peerIdentity: peerPattern(config) });
  try {
    return directory.nodeByCertificate(parseAltNames(leaf.subjectAltName));
  } catch (thrown) {
    if (KedgeError.from(thrown).code !== 'ACCESS') throw thrown;
    return undefined;
  }
}
