/**
 * Two nodes in this process over mTLS, with a counting proxy on the way between them and on the way
 * to the clients of the first one.
 *
 * @module
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { makeCa, makeLeaf, saveLeaf } from '../demo/certificates.ts';
import { documentFile } from '../demo/cluster.ts';
import type { SourceTlsOptions } from '../src/index.ts';
import { parseNodeConfig } from '../src/node/config-file.ts';
import { type RunningNode, runNode } from '../src/node/daemon.ts';
import type { TestRealm } from '../src/testing/realm.ts';
import { CountingProxy } from './counting-proxy.ts';

/** The nodes and the proxies around them. */
export interface TwoNodes extends AsyncDisposable {
  readonly first: RunningNode;
  readonly second: RunningNode;
  /** Between clients and the first node. */
  readonly clientProxy: CountingProxy;
  /** Towards the peers' listener of each node. */
  readonly peerProxies: readonly CountingProxy[];
  readonly tls: SourceTlsOptions;
}

const NAMES = ['iad-1', 'fra-1'] as const;

/** Starts the nodes; `fill` may put something into the folder of a store before. */
export async function startTwoNodes(
  realm: TestRealm,
  fill?: (storePath: string) => Promise<void>,
): Promise<TwoNodes> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  const clientProxy = await CountingProxy.open();
  const peerProxies = await Promise.all(NAMES.map(async () => CountingProxy.open()));
  const ca = makeCa('bench connections');
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, ca.certificatePem);
  await writeFile(join(folder, 'charter-1.json'), documentFile(realm.charter.document));
  const identity = (name: string): string => `spiffe://${realm.name}/${name}`;
  const files = async (name: string): Promise<SourceTlsOptions & { caFile: string }> => {
    const leaf = makeLeaf(ca, { commonName: name, uri: identity(name) });
    return { ...(await saveLeaf(folder, name, leaf)), caFile, serverName: 'localhost' };
  };
  const start = async (index: 0 | 1): Promise<RunningNode> => {
    const id = NAMES[index];
    const { certFile, keyFile } = await files(id);
    const home = join(folder, `${id}-home`);
    await mkdir(home);
    await fill?.(join(home, 'data'));
    const config = {
      node: { id, region: id.slice(0, 3), address: peerProxies[index]?.address ?? '' },
      realm: realm.name,
      firstCharterFile: '../charter-1.json',
      store: { path: 'data' },
      listen: { clients: '127.0.0.1:0', admins: '127.0.0.1:0', peers: 'localhost:0' },
      tls: { certFile, keyFile, caFile },
      identities: [{ id: identity('program'), roles: ['client', 'admin'] }],
      peers: { seeds: [peerProxies[1 - index]?.address ?? ''], identity: identity('{node}') },
      drainTimeoutMs: 500,
    };
    return await runNode(parseNodeConfig(stringify(config), join(home, 'node.yaml')));
  };
  const nodes = [await start(0), await start(1)] as const;
  for (const [i, node] of nodes.entries()) peerProxies[i]?.aim(node.addresses.peers ?? '');
  clientProxy.aim(nodes[0].addresses.clients ?? '');
  return {
    first: nodes[0],
    second: nodes[1],
    clientProxy,
    peerProxies,
    tls: await files('program'),
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]();
      for (const proxy of [clientProxy, ...peerProxies]) await proxy[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
