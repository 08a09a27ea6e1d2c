import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import {
  type CliRealm,
  type CliRun,
  createCliRealm,
  kedge,
  nodeText,
  type RunSettings,
} from './support.ts';

const NAMES = ['iad-1', 'iad-2', 'fra-1'];
let realm: CliRealm;
let ports: readonly number[];
const nodes = new Map<string, RunningNode>();

beforeAll(async () => {
  realm = await createCliRealm();
  ports = await findFreePorts(NAMES.length);
  for (const name of NAMES) await start(name);
  await settle(2);
});
afterAll(async () => {
  await Promise.all([...nodes.values()].map((node) => node[Symbol.asyncDispose]()));
  await realm[Symbol.asyncDispose]();
});

/** `reachable`: whether others can dial it where it says. */
async function start(name: string, reachable: 'yes' | 'no' = 'yes'): Promise<void> {
  const text = nodeText(name);
  const config = parseNodeConfig(text, `${realm.cwd}/node.yaml`);
  const port = ports[NAMES.indexOf(name)] ?? 0;
  const address = `127.0.0.1:${String(port)}`;
  const seeds = [`127.0.0.1:${String(ports[0] ?? 0)}`];
  const listen = { ...config.listen, peers: address };
  const own = { ...config.node, address: reachable === 'yes' ? address : '127.0.0.1:1' };
  nodes.set(name, await runNode({ ...config, node: own, listen, peers: { seeds } }));
}

function admin(name: string): string {
  return nodes.get(name)?.addresses.admins ?? '127.0.0.1:1';
}

async function run(argv: readonly string[], settings: RunSettings = {}): Promise<CliRun> {
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\nnode: ${admin('iad-1')}\n`,
  );
  const env = { KEDGE_PROFILE: profile };
  return kedge(argv, { cwd: realm.cwd, nowMs: Date.now(), env, ...settings });
}

interface Status {
  readonly root: string;
  readonly roots: { readonly same: number };
  readonly repair: { readonly comparedAt: string | null };
}

interface Versions {
  readonly version: string;
  readonly peers: readonly { readonly software?: { readonly version: string } }[];
  readonly members: readonly { readonly version?: string }[];
}

async function settle(same: number): Promise<void> {
  const look = async (): Promise<void> => {
    const { stdout } = await run(['node', 'status', '--output', 'json']);
    const { roots, repair } = JSON.parse(stdout) as Status;
    if (roots.same !== same || repair.comparedAt === null) throw new Error('not settled');
  };
  await vi.waitFor(look, { timeout: 20_000, interval: 100 });
}

/** Ends a command that watches after so many views. */
async function watched(views: number, mark: RegExp, ...argv: readonly string[]): Promise<CliRun> {
  const stop = new AbortController();
  const onStdout = (text: string): void => {
    if ([...text.matchAll(mark)].length >= views) stop.abort();
  };
  return run([...argv, '--watch', '--interval', '1s'], { signal: stop.signal, onStdout });
}

describe('kedge node status', () => {
  it('shows members by region, links, what others hold, lag and repair', async () => {
    const { stdout } = await run(['node', 'status']);
    expect(stdout).toMatch(/others hold: +the same: 2 of 2 linked nodes/);
    expect(stdout).toMatch(/behind: +nothing/);
    expect(stdout).toMatch(/repair: +compared (just now|\d+ seconds ago), fetched /);
    expect(stdout).toMatch(/ {2}fra +fra-1 .*relay.*up.*the same/);
    expect(stdout.indexOf('fra-1')).toBeLessThan(stdout.indexOf('iad-2'));
  });

  it('shows which versions the other nodes run', async () => {
    const { stdout } = await run(['node', 'status', '--output', 'json']);
    const { version, peers } = JSON.parse(stdout) as Versions;
    expect(peers.map(({ software }) => software?.version)).toEqual([version, version]);
    const { members } = JSON.parse((await run(['cluster', '--output', 'json'])).stdout) as Versions;
    expect(members.map((member) => member.version)).toEqual([version, version, version]);
  });

  it('says whose clock is ahead, as kedge cluster does', async () => {
    const nowMs = Date.now() - 3_600_000;
    const said = /warning: the clock of iad-1 is ahead of this machine's by 60 minutes or more/;
    expect((await run(['node', 'status'], { nowMs })).stderr).toMatch(said);
    expect((await run(['cluster'], { nowMs })).stderr).toMatch(said);
    const near = await run(['node', 'status'], { nowMs: Date.now() - 120_000 });
    expect(near.stderr).not.toContain('clock');
  });

  it('prints one line of JSON each time with --watch', async () => {
    const { code, stdout } = await watched(2, /\n/g, 'node', 'status', '--output', 'json');
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines.length).toBe(2);
    expect(lines.map((line) => (JSON.parse(line) as Status).roots.same)).toEqual([2, 2]);
  });

  it('refuses an interval that would be a flood', async () => {
    expect((await run(['node', 'status', '--watch', '--interval', '0'])).code).toBe(2);
  });
});

interface ClusterJson {
  readonly isWell: boolean;
  readonly problems: readonly string[];
  readonly members: readonly { readonly nodeId: string; readonly source: string }[];
}

function all(): string {
  return NAMES.map(admin).join(',');
}

describe('kedge cluster', () => {
  it('is well when one node knows that all are alive and hold the same', async () => {
    const { code, stdout } = await run(['cluster']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('3 of 3 members alive')]);
    expect(stdout).toMatch(/ {2}fra +fra-1 +relay +alive +[0-9a-f]{8} +- +\S+ +others/);
    expect(stdout).toMatch(/ {2}iad +iad-1 +not told +alive /);
    expect(stdout).toContain(
      'well, as far as iad-1 can tell: all members are alive, reach each other',
    );
  });

  it('asks every node that is named for itself', async () => {
    const { code, stdout } = await run(['cluster', '--nodes', all(), '--output', 'json']);
    expect(code).toBe(0);
    const { isWell, members } = JSON.parse(stdout) as ClusterJson;
    expect(isWell).toBe(true);
    expect(members.map(({ nodeId, source }) => [nodeId, source])).toEqual([
      ['fra-1', 'itself'],
      ['iad-1', 'itself'],
      ['iad-2', 'itself'],
    ]);
  });

  it('is not well when a named node does not answer', async () => {
    const { code, stdout } = await run(['cluster', '--nodes', `${all()},127.0.0.1:1`]);
    expect(code).toBe(1);
    expect(stdout).toContain('not well: 127.0.0.1:1 does not answer');
  });

  it('fails like any command when no node answers', async () => {
    expect((await run(['cluster', '--node', '127.0.0.1:1'])).code).toBe(9);
    expect((await run(['cluster', '--nodes', 'a:1,,b:1'])).code).toBe(2);
    expect((await run(['cluster', '--wait', '--watch'])).code).toBe(2);
  });

  it('replaces each view by the next one on a terminal with --watch', async () => {
    const stop = new AbortController();
    const home = '\u001b[H';
    const onStdout = (text: string): void => {
      if (text.split(home).length > 2) stop.abort();
    };
    const settings = { tty: true, signal: stop.signal, onStdout };
    const { code, stdout } = await run(['cluster', '--watch', '--interval', '1s'], settings);
    expect(code).toBe(0);
    expect(stdout.startsWith(home)).toBe(true);
    expect(stdout).toContain('every 1 s, Ctrl-C ends');
  });

  it('waits until all are well, and says what it waits for', async () => {
    await nodes.get('iad-2')?.[Symbol.asyncDispose]();
    nodes.delete('iad-2');
    const named = [admin('iad-1'), '127.0.0.1:1'].join(',');
    const waiting = await run(['cluster', '--nodes', named, '--wait', '--timeout', '1s']);
    expect(waiting.code).toBe(1);
    expect(waiting.stderr).toContain('waiting: 127.0.0.1:1 does not answer');
    await start('iad-2');
    expect((await run(['cluster', '--wait', '--timeout', '30s'])).code).toBe(0);
  });

  it('says while it waits why a node with TLS hangs up, and does not repeat itself', async () => {
    const pki = createTestPki();
    const leaf = pki.issue('node');
    const server = createServer({ cert: leaf.certificatePem, key: leaf.keyPem });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const address = `127.0.0.1:${String(port)}`;
    const { code, stderr } = await run(['cluster', '--node', address, '--wait', '--timeout', '2s']);
    server.close();
    expect(code).toBe(9);
    expect(stderr.split(`waiting: node ${address}`)).toHaveLength(2);
    expect(stderr).toMatch(/what to do: .* speaks no TLS \(`insecure: true`\)/);
  });

  it('is not well while two members do not reach each other, and says why', async () => {
    for (const name of ['sin-1', 'syd-1']) await start(name, 'no');
    const nodes = `${admin('sin-1')},${admin('syd-1')}`;
    const named = ['cluster', '--output', 'json', '--nodes', `${all()},${nodes}`];
    const look = async (): Promise<void> => {
      const { code, stdout } = await run(named);
      const { problems } = JSON.parse(stdout) as ClusterJson;
      const why = /^s..-1 does not reach s..-1: .*(?:ECONNREFUSED|answer)/;
      if (code !== 1 || !problems.some((problem) => why.test(problem))) {
        throw new Error(problems.join('; '));
      }
    };
    await vi.waitFor(look, { timeout: 40_000, interval: 500 });
  }, 60_000);
});
