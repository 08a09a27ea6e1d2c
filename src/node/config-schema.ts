/**
 * The keys of a node's configuration file: type, default, unit and range of each, in one place.
 *
 * `docs/node-config.md` is generated from this schema and `kedge node config` prints it filled in,
 * so a key is described here or nowhere. Objects are strict: an unknown key is an error, because a
 * misspelt limit that is silently ignored is worse than a node that does not start.
 *
 * @module
 */
import { z } from 'zod';
import { parseNodeId, parseRealmName, parseRegionName, parseSha256 } from '../core/ids.ts';
import { LABEL_MAX_CHARS } from '../core/limits.ts';
import type { NodeConfig } from './config.ts';
import { tlsSection } from './config-tls.ts';
import { checkedBy, keyOf, parsedBy } from './config-types.ts';
import { parseAddress, parseIdentityPattern, parsePeerPattern } from './config-values.ts';

const path = z.string().min(1);
const address = checkedBy(parseAddress);
const identity = checkedBy(parseIdentityPattern);

const nodeSection = z.strictObject({
  id: keyOf(parsedBy(parseNodeId), {
    description: 'Name of this node, unique in its realm.',
    example: 'iad-1',
  }),
  region: keyOf(parsedBy(parseRegionName), {
    description: 'Region that this node stands in.',
    example: 'iad',
  }),
  address: keyOf(address.optional(), {
    description:
      'Where other nodes reach this one, `host:port`. Default: `listen.peers`, which then must ' +
      'not be a wildcard such as 0.0.0.0.',
    example: 'iad-1.kedge.example.org:7441',
  }),
});

const identityEntry = z.strictObject({
  id: keyOf(identity, {
    description:
      'Identity in the caller’s certificate: `spiffe://domain/path`, `spiffe://domain/path/*` ' +
      'for everything below that path, or `dns:name`.',
    example: 'spiffe://prod.example.org/client/*',
  }),
  roles: keyOf(z.array(z.enum(['client', 'admin'])).min(1), {
    description: 'What such a caller may do: `client` watches bundles, `admin` submits and reads.',
    example: '[client]',
  }),
});

const peersSection = z.strictObject({
  seeds: keyOf(z.array(address).max(100).default([]), {
    description:
      'Where some other nodes are reached, `host:port`; one that answers is enough to find all. ' +
      'A name is looked up again and again and may stand for many addresses. Empty: this node ' +
      'waits for others to dial it.',
    example: '[kedge-0.example.org:7441, kedge-1.example.org:7441]',
  }),
  identity: keyOf(checkedBy(parsePeerPattern).optional(), {
    description:
      'Identity in the certificates of all nodes, with `{node}` where the name of the node ' +
      'stands. Default: `spiffe://<realm>/node/{node}`.',
    example: 'dns:{node}.kedge.example.org',
  }),
});

const limitsSection = z.strictObject({
  maxSubscribers: keyOf(z.int().min(1).max(1_000_000).default(10_000), {
    description: 'Watch streams open at once; one more is refused with UNAVAILABLE.',
    unit: 'streams',
  }),
  maxSubscribersPerClient: keyOf(z.int().min(1).max(1_000_000).default(1000), {
    description:
      'Watch streams open at once of one identity; one more is refused with RESOURCE_EXHAUSTED. ' +
      'Programs that share an identity share this.',
    unit: 'streams',
  }),
  maxStreamsPerConnection: keyOf(z.int().min(1).max(10_000).default(100), {
    description: 'Calls open at once on one connection.',
    unit: 'streams',
  }),
});

const adoptionSection = z.strictObject({
  labels: keyOf(z.array(z.string().min(1).max(LABEL_MAX_CHARS)).max(4).default(['service']), {
    description:
      'Labels of clients by which all nodes are told how many there are; of few values. Others ' +
      'are only shown in lists of clients. See [adoption](adoption.md).',
  }),
  departedMs: keyOf(
    z
      .int()
      .min(1000)
      .max(30 * 86_400_000)
      .default(3_600_000),
    {
      description:
        'How long a client whose stream broke is remembered, unless it is seen again, here or at ' +
        'another node.',
      unit: 'ms',
    },
  ),
  maxDeparted: keyOf(z.int().min(0).max(1_000_000).default(10_000), {
    description: 'How many such clients are remembered; the one that left first makes room.',
    unit: 'clients',
  }),
});

const auditSection = z.strictObject({
  maxBytes: keyOf(
    z
      .int()
      .min(1024 * 1024)
      .max(1024 ** 4)
      .default(256 * 1024 * 1024),
    {
      description:
        'How much room the entries of the audit log take before the oldest are removed. Their ' +
        'hashes stay, so that the rest can still be proven. See [audit](audit.md).',
      unit: 'bytes',
    },
  ),
});

const logSection = z.strictObject({
  level: keyOf(z.enum(['debug', 'info', 'warn', 'error']).default('info'), {
    description: 'Least important entries that are written.',
  }),
  format: keyOf(z.enum(['json', 'text']).default('json'), {
    description: 'One JSON object per line, or one line of text for people.',
  }),
});

const listenSection = z.strictObject({
  clients: keyOf(address.optional(), {
    description: 'Where programs watch bundles.',
    example: '0.0.0.0:7440',
  }),
  peers: keyOf(address.optional(), {
    description: 'Where other nodes dial this one.',
    example: '0.0.0.0:7441',
  }),
  admins: keyOf(address.optional(), {
    description: 'Where admins submit releases and read state.',
    example: '127.0.0.1:7442',
  }),
});

const httpSection = z.strictObject({
  listen: keyOf(address, {
    description:
      'Address, `host:port`, of a plaintext HTTP listener that only reads: `/metrics` ' +
      '(Prometheus text format), `/healthz` (the process answers) and `/readyz` (clients are ' +
      'served); see [metrics](metrics.md). A loopback address, unless `allowRemote`. There is no ' +
      'default, since a port that nobody asked for is one more to guard, and several nodes on ' +
      'one machine would fight for it; `kedge node init` writes `127.0.0.1:7443`.',
    example: '127.0.0.1:7443',
  }),
  allowRemote: keyOf(z.boolean().default(false), {
    description:
      'True lets `listen` be an address that other machines reach. Whoever reaches it reads ' +
      'names of bundles, regions and nodes, without a certificate: let only the scraper through.',
  }),
});

const storeSection = z.strictObject({
  path: keyOf(path, {
    description: 'Folder of the store; made when it does not exist. One process at a time.',
    example: 'data',
  }),
  bootFile: keyOf(path.optional(), {
    description:
      'File by which this node notices that its store is an older one than before; it must ' +
      'outlive the process and lie outside the store and its backups. Default: `store.path` ' +
      'with `.boot` appended. See [storage](storage.md#older-than-before).',
    example: 'state/kedge.boot',
  }),
  serveAnyway: keyOf(z.boolean().default(false), {
    description:
      'True serves clients at once, also from a store that is new or was restored and may be ' +
      'behind what clients have. For an emergency; take it out again.',
  }),
});

const regionSection = z.strictObject({
  keyFile: keyOf(path, {
    description:
      'Ed25519 key with which this node cosigns and sends heartbeats for `node.region`, PKCS#8 ' +
      'and not encrypted, readable by its owner only; `kedge region key` makes one. The charter ' +
      'must list its public key for the region, or the node attests nothing. Its folder must be ' +
      'writable: a file beside the key, `<keyFile>.store`, binds it to the store that knows what ' +
      'it signed.',
    example: 'region.key',
  }),
});

const keys = {
  node: keyOf(nodeSection, { description: 'Who this node is.' }),
  realm: keyOf(parsedBy(parseRealmName), {
    description: 'Realm that this node belongs to.',
    example: 'prod.example.org',
  }),
  firstCharterDigest: keyOf(parsedBy(parseSha256).optional(), {
    description:
      'SHA-256 of the first charter’s statement, the pin of the whole realm. Without ' +
      '`firstCharterFile` the charter itself is fetched from a peer and checked against it.',
    example: '4f0c…64 hex digits',
  }),
  firstCharterFile: keyOf(path.optional(), {
    description:
      'The first charter as `kedge realm init` wrote it. Required on at least one node of a new ' +
      'realm; alone it is also the pin, with `firstCharterDigest` it must match it.',
    example: 'first-charter.json',
  }),
  store: keyOf(storeSection, { description: 'Where this node keeps what it accepted.' }),
  listen: keyOf(listenSection, {
    description:
      'Addresses as `host:port`, at least one; port 0 asks for a free one, a name stands for its ' +
      'first address. Keys with the same address share one listener, and the caller’s roles ' +
      'decide what it may do.',
  }),
  http: keyOf(httpSection.optional(), {
    description: 'Metrics and health for whoever watches this node. Absent: neither is served.',
  }),
  tls: keyOf(tlsSection.optional(), {
    description: 'Certificate and authorities for all listeners and links (mTLS, TLS 1.3).',
  }),
  insecure: keyOf(z.boolean().default(false), {
    description:
      'True runs without TLS, for trials only: every listener and peer must then be a loopback ' +
      'address, every caller has every role, and `tls` must be absent.',
  }),
  region: keyOf(regionSection.optional(), {
    description: 'Key with which this node attests for its region. Absent: it does not.',
  }),
  identities: keyOf(z.array(identityEntry).max(10_000).default([]), {
    description: 'Which certificates are clients and admins. The first match of each role counts.',
  }),
  peers: keyOf(peersSection.prefault({}), {
    description: 'How this node finds the other nodes of the realm and knows them.',
  }),
  limits: keyOf(limitsSection.prefault({}), { description: 'Limits on what callers may use.' }),
  adoption: keyOf(adoptionSection.prefault({}), {
    description: 'How it is counted what clients have and use.',
  }),
  audit: keyOf(auditSection.prefault({}), {
    description: 'The log of what this node accepted and refused, for auditors.',
  }),
  log: keyOf(logSection.prefault({}), { description: 'What is written to standard output.' }),
  drainTimeoutMs: keyOf(z.int().min(0).max(600_000).default(10_000), {
    description:
      'How long a stopping node lets open calls end before it cuts them off. 0 cuts at once.',
    unit: 'ms',
  }),
};

/** The schema of the whole file; relations between keys are checked in `config-rules.ts`. */
export const nodeConfigSchema: z.ZodType<NodeConfig> = z.strictObject(keys);
