/**
 * The programs of one region, in one process: each has a source of its own, and one in ten a TLS
 * server whose clients it judges by the bundle. Says on standard output what they do.
 *
 * @module
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:tls';
import { type BundleSource, liveTlsServer, openBundleSource } from '../../src/index.ts';
import { type ProgramLine, type RegionSetup, regionSetupSchema, sharedNowMs } from './messages.ts';

/** One in so many programs gets handshakes. */
const SERVER_EVERY = 10;
const WAIT_MAX_MS = 10_000;

const setup: RegionSetup = regionSetupSchema.parse(JSON.parse(process.argv[2] ?? '{}'));
const leaf = pairOf(setup.server);
const leaves = setup.victims.map((victim) => pairOf(victim));

for (let program = 0; program < setup.links.length; program += 1) await open(program);

async function open(program: number): Promise<void> {
  const link = setup.links[program];
  if (link === undefined) return;
  const source = await openBundleSource({
    realm: setup.realm,
    firstCharterDigest: setup.firstCharterDigest,
    endpoints: setup.endpoints,
    bundles: [setup.bundle],
    tls: { ...link, caFile: setup.caFile, serverName: setup.serverName },
    labels: { service: 'bench' },
  });
  const port = program % SERVER_EVERY === 0 ? await serve(source) : undefined;
  const known = new Set<number>();
  source.onSwap((bundle) => {
    tell({ kind: 'uses', program, sequence: bundle.sequence, atMs: sharedNowMs() });
    for (const [victim, { id }] of setup.victims.entries()) {
      const isThere = bundle.anchors.some((anchor) => anchor.id === id);
      if (isThere) known.add(victim);
      else if (known.delete(victim) && port !== undefined) attempt(program, port, victim);
    }
  });
}

async function serve(source: BundleSource): Promise<number> {
  const server = createServer({ ...leaf, requestCert: true }, (socket) => socket.end('hello'));
  server.on('tlsClientError', () => undefined);
  liveTlsServer(source, { server, bundle: setup.bundle, secureContext: leaf });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('the server has no port');
}

/** Whoever holds a leaf of the anchor that left tries to get in. */
function attempt(program: number, port: number, victim: number): void {
  const socket = connect({
    ...{ host: '127.0.0.1', port, rejectUnauthorized: false },
    ...leaves[victim],
  });
  let isAnswered = false;
  socket.setTimeout(WAIT_MAX_MS, () => socket.destroy());
  socket.on('data', () => {
    isAnswered = true;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (isAnswered) tell({ kind: 'answered', program, victim });
    else tell({ kind: 'refused', program, victim, atMs: sharedNowMs() });
  });
}

function pairOf(files: { readonly certFile: string; readonly keyFile: string }): {
  readonly cert: Buffer;
  readonly key: Buffer;
} {
  return { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
}

function tell(line: ProgramLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
