import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { addAnchor } from '../../src/core/releases/edit.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { configFor, documentFile, realmNow } from './support/setup.ts';

const HTTP = { http: { listen: '127.0.0.1:0' } };
const realm = realmNow();
const nodes: RunningNode[] = [];
let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
  await dir.write('charter-1.json', documentFile(realm.charter.document));
});
afterEach(async () => {
  for (const node of nodes.splice(0)) await node[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function start(changes: Readonly<Record<string, unknown>>): Promise<RunningNode> {
  const node = await runNode(configFor(dir, realm, changes));
  nodes.push(node);
  return node;
}

async function ask(node: RunningNode, path: string): Promise<Response> {
  return await fetch(`http://${node.addresses.http ?? ''}${path}`);
}

/** All values of a node by the series that they have in the text. */
async function scrape(node: RunningNode): Promise<ReadonlyMap<string, number>> {
  const text = await (await ask(node, '/metrics')).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('runNode with http.listen', () => {
  it('shows its metrics, that it lives and that it serves', async () => {
    const node = await start(HTTP);
    expect((await ask(node, '/healthz')).status).toBe(200);
    expect((await ask(node, '/readyz')).status).toBe(200);
    const series = await scrape(node);
    expect(series.get('kedge_node_serving')).toBe(1);
    expect(series.get('kedge_charter_version')).toBe(1);
    expect(series.get('kedge_streams')).toBe(1);
    expect(series.get('kedge_handshakes_refused_total')).toBe(0);
    expect(series.get('process_resident_memory_bytes')).toBeGreaterThan(0);
    const info = [...series.keys()].find((name) => name.startsWith('kedge_node_info'));
    expect(info).toMatch(/\{node_id="iad-1",node_region="iad",version="[^"]+"\}/);
  });

  it('shows which release of a bundle it holds and when that ends', async () => {
    const own = realmNow();
    await dir.write('charter-1.json', documentFile(own.charter.document));
    const node = await start({ ...HTTP, listen: { admins: '127.0.0.1:0' } });
    const { facts, der } = createTestPki().ca;
    const { document, body } = own.nextRelease('payments.example.org', (before, point) =>
      addAnchor(before, { id: facts.id, label: 'CA', purposes: ['tls-server'] }, 'active', point),
    );
    const endpoint = node.addresses.admins ?? '';
    using admin = await AdminClient.open({ endpoint, insecure: true });
    await admin.submit({ document, blobs: [der] });
    const series = await scrape(node);
    const labels = `{bundle="${body.bundle}"}`;
    expect(series.get(`kedge_bundle_sequence${labels}`)).toBe(1);
    const endsAtMs = 1000 * (series.get(`kedge_bundle_expiry_seconds${labels}`) ?? 0);
    expect(endsAtMs).toBeGreaterThan(Date.now());
  });

  it('counts links to others, and seeds that lead to nobody', async () => {
    const [a = 0, b = 0, nobody = 0] = await findFreePorts(3);
    const place = (port: number): string => `127.0.0.1:${String(port)}`;
    const seeds = [place(a), place(b), place(nobody)];
    const first = await start({ ...HTTP, listen: { peers: place(a) }, peers: { seeds } });
    await start({
      node: { id: 'fra-1', region: 'fra' },
      store: { path: 'data-2' },
      listen: { peers: place(b) },
      peers: { seeds: [place(a)] },
    });
    const wanted = { links: 1, members: 1, seeds: 1 };
    const look = async (): Promise<typeof wanted> => {
      const series = await scrape(first);
      return {
        links: series.get('kedge_links{state="up"}') ?? 0,
        members: series.get('kedge_members{state="alive"}') ?? 0,
        seeds: series.get('kedge_seeds_failing') ?? 0,
      };
    };
    await expect.poll(look, { timeout: 30_000, interval: 100 }).toEqual(wanted);
  });

  it('answers nobody any more when it is closed', async () => {
    const node = await start(HTTP);
    const url = `http://${node.addresses.http ?? ''}/healthz`;
    await node[Symbol.asyncDispose]();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('does not start when the address is taken, and leaves nothing open', async () => {
    const { addresses } = await start(HTTP);
    const taken = { http: { listen: addresses.http }, store: { path: 'data-2' } };
    const failure: unknown = await start(taken).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(KedgeError);
    expect(failure).toMatchObject({ code: 'CONFIG' });
  });

  it('opens no port without it', async () => {
    const { addresses } = await start({});
    expect(addresses.http).toBeUndefined();
  });
});
