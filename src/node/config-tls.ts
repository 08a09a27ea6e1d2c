/**
 * The keys of the section `tls` of a node's configuration file; `config-schema.ts` has the rest.
 *
 * @module
 */
import { z } from 'zod';
import { parseBundleName } from '../core/ids.ts';
import { TLS_WORKERS_MAX } from '../core/limits.ts';
import type { TlsConfig } from './config.ts';
import { keyOf, parsedBy } from './config-types.ts';

const path = z.string().min(1);

/** The section `tls`. */
export const tlsSection: z.ZodType<TlsConfig> = z.strictObject({
  certFile: keyOf(path, {
    description:
      'PEM file with the certificate chain of this node, leaf first. Peers know this node by its ' +
      'URI or DNS names. This file and the next are read again when they change.',
    example: 'tls/node.pem',
  }),
  keyFile: keyOf(path, {
    description: 'PEM file with the private key of that certificate (PKCS#8, not encrypted).',
    example: 'tls/node.key',
  }),
  caFile: keyOf(path, {
    description:
      'PEM file with the authorities that certificates of peers, clients and admins chain to. It ' +
      'is read again when it changes; with `caBundle` it counts only until the bundle is held.',
    example: 'tls/ca.pem',
  }),
  caBundle: keyOf(parsedBy(parseBundleName).optional(), {
    description:
      'Bundle of this realm that takes the place of `caFile` as soon as this node holds it: ' +
      'anchors for `tls-client` vouch for callers, anchors for `tls-server` for dialled peers; ' +
      'the CA of a node needs both. See [node-identity](node-identity.md).',
    example: 'nodes.prod.example.org',
  }),
  moveWithinMs: keyOf(z.int().min(0).max(3_600_000).default(60_000), {
    description:
      'How long an open connection may rest on an older set of authorities. Connections are ' +
      'moved at random moments within it; those that the new set does not vouch for end at once. ' +
      '0 ends all of them at once.',
    unit: 'ms',
  }),
  clientWorkers: keyOf(z.int().min(0).max(TLS_WORKERS_MAX).default(0), {
    description:
      'Processes that do TLS with programs in the place of the node; `listen.clients` then must ' +
      'be an address of its own. 0: the node does it. See [fan-out](fan-out.md#workers).',
    unit: 'processes',
  }),
});
