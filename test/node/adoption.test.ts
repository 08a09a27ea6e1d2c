/**
 * Adoption as admins see it: real nodes, links and watch streams; clients are streams that say what
 * a program would say.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { aliasOf } from '../../src/core/adoption/client.ts';
import type {
  AdoptionGroup,
  BundleAdoption,
  ClientFilter,
  ClientList,
} from '../../src/core/adoption/model.ts';
import { parseBundleName, parseNodeId } from '../../src/core/ids.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { addActive, createTestAnchor, type TestAnchor } from '../../src/testing/anchors.ts';
import { LeanChannels, LeanClient } from '../../src/testing/lean-clients.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import type { TestRealm } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { configFor, documentFile, realmNow } from './support/setup.ts';

const BUNDLE = parseBundleName('payments.prod.example.org');
const NAMES = ['iad-1', 'fra-1', 'sin-1'] as const;
const PER_NODE = 20;
const WITHIN_MS = 50_000;

describe('adoption of a bundle by the clients of three nodes', { timeout: 150_000 }, () => {
  let dir: TempDir;
  let realm: TestRealm;
  let anchor: TestAnchor;
  let nodes: RunningNode[];
  let admins: AdminClient[];
  let channels: LeanChannels[];
  let clients: LeanClient[];

  beforeEach(async () => {
    dir = await createTempDir();
    realm = realmNow();
    anchor = createTestAnchor('CA 1', Date.now());
    await dir.write('charter-1.json', documentFile(realm.charter.document));
    const ports = await findFreePorts(NAMES.length);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    nodes = await Promise.all(
      NAMES.map(async (name, index) => {
        // One for all: a port that the system gives out could be one of the others.
        const own = addresses[index] ?? '';
        return await runNode(
          configFor(dir, realm, {
            node: { id: name, region: name.slice(0, 3) },
            store: { path: name },
            listen: { clients: own, admins: own, peers: own },
            peers: { seeds: addresses },
          }),
        );
      }),
    );
    admins = await Promise.all(
      nodes.map(async ({ addresses: { admins: endpoint = '' } }) =>
        AdminClient.open({ endpoint, insecure: true }),
      ),
    );
    channels = nodes.map(
      ({ addresses: { clients: endpoint = '' } }) =>
        new LeanChannels(endpoint, credentials.createInsecure(), 1),
    );
    await publish();
    clients = [];
    await Promise.all(NAMES.flatMap((_, at) => Array.from({ length: PER_NODE }, () => join(at))));
  });

  afterEach(async () => {
    for (const client of clients) client.break();
    for (const one of [...channels, ...admins]) one[Symbol.dispose]();
    await Promise.all(nodes.map(async (node) => node[Symbol.asyncDispose]()));
    await dir[Symbol.asyncDispose]();
  });

  it('equals the truth on every node, through a release, moves and a node that stops', async () => {
    await untilTrue('all runs release 1', (seen) => running(seen, 1) === 3 * PER_NODE);
    await publish();
    await untilTrue('all runs release 2', (seen) => running(seen, 2) === 3 * PER_NODE);
    const moving = clients.slice(0, PER_NODE);
    for (const client of moving) client.break();
    await Promise.all(moving.map(async (client) => client.connect(channelsOf(1))));
    await untilTrue('nobody is counted twice or as departed', (seen) => {
      const { connected, departed } = countsOf(seen, 'fra-1');
      return running(seen, 2) === 3 * PER_NODE && connected === 2 * PER_NODE && departed === 0;
    });
    const [, , third] = nodes;
    await third?.[Symbol.asyncDispose]();
    const left = clients.filter(({ node }) => node === undefined || node === 'sin-1');
    await Promise.all(left.map(async (client) => client.connect(channelsOf(0))));
    admins.pop()?.[Symbol.dispose]();
    await untilTrue('all are counted where they are now', (seen) => {
      const standing = seen.nodes.find(({ nodeId }) => nodeId === 'sin-1')?.standing;
      return running(seen, 2) === 3 * PER_NODE && standing !== 'counted';
    });
  });

  it('tells who is behind, refused, departed, and what was used, from any node', async () => {
    const [refusing, breaking, using, closing] = clients;
    if (!refusing || !breaking || !using || !closing) throw new Error('no clients');
    await untilTrue('all runs release 1', (seen) => running(seen, 1) === 3 * PER_NODE);
    refusing.habit = 'refuse';
    breaking.break();
    closing.close();
    using.use([{ anchor: anchor.id, purpose: 'tls-server', handshakes: 7, agoMs: 0 }]);
    await publish();
    await untilTrue('who has what', (seen) => {
      const refused = sum(seen, ({ stage, code }) => stage === 'refused' && code === 'POLICY');
      const [use] = seen.anchors;
      const { connected, departed } = countsOf(seen, 'iad-1');
      return (
        refused === 1 &&
        running(seen, 2) === 3 * PER_NODE - 3 &&
        connected === PER_NODE - 2 &&
        departed === 1 &&
        use?.handshakes === 7 &&
        use.clients === 1
      );
    });
    const all = { bundle: BUNDLE, filter: { kind: 'all' }, after: '', limit: 1 } as const;
    const first = await admins[0]?.clients(all);
    const identity = first?.nodes.flatMap(({ clients: some }) => some)[0]?.identity ?? '';
    for (const admin of admins) {
      expect(await listed(admin, { kind: 'refused' })).toEqual([
        aliasOf(identity, refusing.instance),
      ]);
      expect(await listed(admin, { kind: 'departed' })).toEqual([
        aliasOf(identity, breaking.instance),
      ]);
      expect(await listed(admin, { kind: 'uses', anchor: anchor.id })).toEqual([
        aliasOf(identity, using.instance),
      ]);
      expect(await listed(admin, { kind: 'behind' })).toHaveLength(2);
      expect(await listed(admin, { kind: 'loaded' }, 7)).toHaveLength(3 * PER_NODE - 3);
    }
  });

  it('names a node that does not answer, in its place in the list', async () => {
    await untilTrue('all runs release 1', (seen) => running(seen, 1) === 3 * PER_NODE);
    await nodes[1]?.[Symbol.asyncDispose]();
    const [admin] = admins;
    if (admin === undefined) throw new Error('no admin');
    const query = { bundle: BUNDLE, filter: { kind: 'all' as const }, after: '', limit: 500 };
    const { nodes: answers } = await admin.clients({ ...query, nodeId: parseNodeId('sin-1') });
    expect(answers).toMatchObject([{ nodeId: 'sin-1', region: 'sin' }]);
    expect(answers[0]?.clients).toHaveLength(PER_NODE);
    const poll = { timeout: WITHIN_MS, interval: 100 };
    await expect.poll(async () => standingOf(admin, 'fra-1'), poll).not.toBe('counted');
  });

  async function publish(): Promise<void> {
    const release = realm.nextRelease(BUNDLE, (body, point) =>
      body.anchors.length === 0 ? addActive(anchor)(body, point) : body,
    );
    await admins[0]?.submit({ document: release.document, blobs: [anchor.der] });
  }

  async function join(at: number): Promise<void> {
    const { name, firstCharterDigest } = realm;
    const client = new LeanClient({ realm: name, firstCharterDigest, bundle: BUNDLE });
    clients.push(client);
    await client.connect(channelsOf(at));
  }

  function channelsOf(at: number): LeanChannels {
    const found = channels[at];
    if (found === undefined) throw new Error('no such node');
    return found;
  }

  async function untilTrue(what: string, test: (seen: BundleAdoption) => boolean): Promise<void> {
    const deadline = performance.now() + WITHIN_MS;
    while (true) {
      const seen = await Promise.all(admins.map(async (admin) => admin.adoption(BUNDLE)));
      if (seen.every(test)) return;
      if (performance.now() > deadline) {
        throw new Error(`waited in vain for: ${what}; last seen ${JSON.stringify(seen)}`);
      }
      await sleep(50);
    }
  }
});

async function listed(
  admin: AdminClient,
  filter: ClientFilter,
  limit = 500,
): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = [];
  let after: string | undefined = '';
  while (after !== undefined) {
    const page: ClientList = await admin.clients({ bundle: BUNDLE, filter, after, limit });
    expect(page.nodes.every(({ missing }) => missing === undefined)).toBe(true);
    found.push(...page.nodes.flatMap(({ clients }) => clients.map(({ instance }) => instance)));
    after = page.next;
  }
  return found;
}

async function standingOf(admin: AdminClient, name: string): Promise<string | undefined> {
  const { nodes } = await admin.adoption(BUNDLE);
  return nodes.find(({ nodeId }) => nodeId === name)?.standing;
}

function countsOf(seen: BundleAdoption, name: string): { connected: number; departed: number } {
  const node = seen.nodes.find(({ nodeId }) => nodeId === name);
  return { connected: node?.connected ?? 0, departed: node?.departed ?? 0 };
}

function running(seen: BundleAdoption, sequence: number): number {
  return sum(seen, (group) => {
    return group.sequence === sequence && group.stage === 'loaded' && isConnected(group);
  });
}

function isConnected({ presence }: AdoptionGroup): boolean {
  return presence === 'connected';
}

function sum({ groups }: BundleAdoption, test: (group: AdoptionGroup) => boolean): number {
  return groups.filter(test).reduce((total, { count }) => total + count, 0);
}
