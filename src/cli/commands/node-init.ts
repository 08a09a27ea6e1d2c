/**
 * `kedge node init`: writes a sample configuration that says what each part is for.
 *
 * @module
 */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { KedgeError } from '../../core/errors.ts';
import { parseNodeId, parseRealmName, parseRegionName } from '../../core/ids.ts';
import { createFile } from '../files.ts';
import { addExamples, collect, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

const PORT = 7440;
const PORT_MAX = 65_535;
const LOOPBACK = /^(?:localhost|127\.[0-9.]+|\[::1\]):/;

interface Options {
  readonly id: string;
  readonly region: string;
  readonly realm?: string;
  readonly charter: string;
  readonly address?: string;
  readonly insecure?: boolean;
  readonly peer?: readonly string[];
  readonly store?: string;
  readonly port: string;
  readonly out: string;
}

/** The command. */
export const nodeInit: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Write a sample configuration for a node, with comments. It runs as it is once the ' +
          'charter and the TLS files are in place; every key is in docs/node-config.md.',
      )
      .requiredOption('--id <name>', 'name of the node, unique in its realm')
      .requiredOption('--region <name>', 'region that the node stands in')
      .option('--realm <name>', 'realm of the node (default: from the profile)')
      .option('--charter <file>', 'first charter of the realm', 'charter-1.json')
      .option('--address <host[:port]>', 'where other nodes reach this one (default: <id>:<port>)')
      .option('--peer <host:port>', 'where another node is reached; repeat for more', collect)
      .option(
        '--port <number>',
        'for clients; the next three are for peers, admins, and metrics',
        String(PORT),
      )
      .option('--store <folder>', 'where it keeps what it accepted (default: data/<id>)')
      .option('--insecure', 'no TLS, loopback only: for trying things out')
      .option('--out <file>', 'file to write; never overwritten', 'node.yaml')
      .action((options: Options) => run(session, options));
    examples(command);
  },
};

function examples(command: Command): void {
  addExamples(command, [
    'kedge node init --id iad-1 --region iad --realm prod.example.org',
    'kedge node init --id fra-1 --region fra --address fra-1.example.org --peer iad-1:7441',
    'kedge node init --id b --region x --address 127.0.0.1 --port 7450 --peer 127.0.0.1:7441',
    'kedge node init --id try-2 --region local --insecure --port 7450 --peer 127.0.0.1:7441',
  ]);
}

async function run(session: Session, options: Options): Promise<void> {
  const profile = await session.profile();
  const realm = parseArgument(
    '--realm',
    options.realm ?? profile.realm ?? 'prod.example.org',
    parseRealmName,
  );
  const id = parseArgument('--id', options.id, parseNodeId);
  const port = parseArgument('--port', options.port, parsePort);
  const given = options.address === undefined ? undefined : withPort(options.address, port + 1);
  const sample: Sample = {
    id,
    region: parseArgument('--region', options.region, parseRegionName),
    realm,
    charter: options.charter,
    security: options.insecure === true ? 'insecure' : 'tls',
    port,
    ...(options.store !== undefined && { store: options.store }),
    ...(given !== undefined && { address: parseArgument('--address', given, parsePlace) }),
    seeds: (options.peer ?? []).map((text) => parseArgument('--peer', text, parsePlace)),
  };
  const reached = reachedAt(sample);
  const path = session.path(options.out);
  await createFile(path, sampleConfig(sample), 'public');
  session.output.result(
    {
      file: path,
      realm,
      node: id,
      region: options.region,
      ...(reached !== undefined && { address: reached }),
    },
    `Wrote ${path}.\n` +
      `${nextOf(sample.security)}, then\n` +
      `  kedge node config --config ${options.out}    checks it and prints it with all defaults\n` +
      `  kedge node run --config ${options.out}       runs the node`,
  );
  if (reached !== undefined) await warnOfAddress(session, reached);
}

function nextOf(security: Sample['security']): string {
  return security === 'insecure'
    ? 'Next: see that the charter is where it says'
    : 'Next: see that the charter and the TLS files are where it says (kedge peer issue --help)';
}

/** Other machines may know the name all the same, so it is no error. */
async function warnOfAddress(session: Session, address: string): Promise<void> {
  const { lookupProblem } = await import('../../node/name-lookup.ts');
  const problem = await lookupProblem(address);
  if (problem === undefined) return;
  session.output.warn(
    `other nodes are told to reach this one at ${address}, which cannot be looked up here ` +
      `(${problem}); unless they know that name, put one that they know under node.address, or ` +
      'make the file again with --address',
  );
}

interface Sample {
  readonly id: string;
  readonly region: string;
  readonly realm: string;
  readonly charter: string;
  readonly security: 'tls' | 'insecure';
  /** For clients; the next three are for peers, admins and metrics. Default 7440. */
  readonly port?: number;
  /** Where other nodes reach it, `host:port`. Default: its id, or without TLS where it listens. */
  readonly address?: string;
  /** Folder of the store. Default: one of its own below `data`. */
  readonly store?: string;
  /** Where other nodes are reached, `host:port`. Default: nowhere. */
  readonly seeds?: readonly string[];
}

/** The text of the sample; `test/cli` checks that the node accepts it. */
export function sampleConfig(sample: Sample): string {
  const { id, region, realm, port = PORT, store = `data/${id}`, seeds = [] } = sample;
  const address = reachedAt(sample);
  return `# Configuration of the Kedge node ${id}. Every key: docs/node-config.md.
# Check it with: kedge node config --config <this file>

# Who this node is. The id is unique in the realm; peers know this node by its certificate.
node:
  id: ${quoted(id)}
  region: ${quoted(region)}
${addressLines(address)}
# The realm, and its first charter as \`kedge realm init\` wrote it: the root of all trust here.
# Compare its digest with the pin that the owner of the realm published.
realm: ${quoted(realm)}
firstCharterFile: ${quoted(sample.charter)}
# firstCharterDigest: <the pin>

# Where accepted statements and anchors are kept. One process at a time.
store:
  path: ${quoted(store)}

# host:port of each listener; the same address twice is one listener, roles decide who may do what.
${listenSection(sample.security, address, port)}
# For whoever watches this node, over plain HTTP: /metrics, /healthz, /readyz. See docs/metrics.md.
http:
  listen: 127.0.0.1:${String(port + 3)}

${sample.security === 'tls' ? tlsSection(id, realm) : INSECURE_SECTION}
# Where some other nodes are reached; one that answers is enough to find all. A name is looked up
# again and again and may stand for many nodes. Every node has a certificate with the identity
# spiffe://${realm}/node/<id>, unless peers.identity says otherwise.
peers:
  seeds: [${seeds.map(quoted).join(', ')}]
#  seeds: [fra-1.kedge.example.org:7441, sin-1.kedge.example.org:7441]

# With a key this node vouches for what it holds, so that clients can demand k of n regions. Make it
# here with \`kedge region key\`; the charter has to list its public key.
# region:
#   keyFile: region.key

log:
  level: info    # debug, info, warn, error
  format: json   # json, or text for people

# How long open calls may go on when the node stops (SIGTERM).
drainTimeoutMs: 10000
`;
}

/** Absent without TLS: only this machine is reached then, and `listen.peers` says where. */
function reachedAt({ id, port = PORT, address, security }: Sample): string | undefined {
  return address ?? (security === 'tls' ? `${id}:${String(port + 1)}` : undefined);
}

function addressLines(address: string | undefined): string {
  if (address === undefined) return '';
  return `  # Where other nodes reach this one.\n  address: ${quoted(address)}\n`;
}

/** On all interfaces, unless only this machine can reach the node anyhow. */
function listenSection(
  security: Sample['security'],
  address: string | undefined,
  port: number,
): string {
  const isLocal = security === 'insecure' || LOOPBACK.test(address ?? '');
  const host = isLocal ? '127.0.0.1' : '0.0.0.0';
  return `listen:
  clients: ${host}:${port}
  peers: ${host}:${port + 1}
  admins: 127.0.0.1:${port + 2}
`;
}

const INSECURE_SECTION = `# No TLS: everybody who reaches the port may do everything. Loopback only.
insecure: true
`;

function tlsSection(id: string, realm: string): string {
  return `# The certificate of this node and the CA of everybody who may connect (mutual TLS, 1.3).
# \`kedge peer ca\` and \`kedge peer issue\` make them for a first deployment.
tls:
  certFile: tls/${id}.pem
  keyFile: tls/${id}.key
  caFile: tls/ca.pem

# Whose certificate may do what: client watches bundles, admin submits and reads.
identities:
  - id: spiffe://${realm}/client/*
    roles: [client]
  - id: spiffe://${realm}/admin/*
    roles: [admin, client]
`;
}

// Quotes what YAML would read as something else, for example a region named "no".
function quoted(text: string): string {
  return stringify(text).trimEnd();
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= PORT_MAX - 3) return port;
  throw new KedgeError('CONFIG', `not a port that leaves room for three more: ${quoted(text)}`);
}

/** The text with a port, when it has none. */
function withPort(text: string, port: number): string {
  return /^[^\s:]+$|^\[[^\]]+\]$/.test(text) ? `${text}:${String(port)}` : text;
}

function parsePlace(text: string): string {
  const port = Number(
    /^[^\s:/]+:(\d{1,5})$|^\[[0-9a-fA-F:.]+\]:(\d{1,5})$/.exec(text)?.slice(1).join(''),
  );
  if (port >= 1 && port <= PORT_MAX) return text;
  throw new KedgeError('CONFIG', `not host:port: ${quoted(text)}`);
}
