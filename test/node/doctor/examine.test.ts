import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeConfig } from '../../../src/node/config.ts';
import { runNode } from '../../../src/node/daemon.ts';
import { examine } from '../../../src/node/doctor/examine.ts';
import type { Finding, Surroundings } from '../../../src/node/doctor/finding.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { findFreePorts } from '../../../src/testing/ports.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';
import { configFor, documentFile, realmNow } from '../support/setup.ts';

const DAY_MS = 86_400_000;
const realm = realmNow();
const pki = createTestPki();
/** A host on which nothing is to change. */
const GOOD_HOST: Readonly<Record<string, string>> = {
  'proc/self/limits': 'Max open files            65536                65536                files\n',
  'proc/self/cgroup': '0::/node.slice\n',
  'proc/meminfo': 'MemTotal:        8000000 kB\n',
  'sys/fs/cgroup/node.slice/memory.max': '1073741824\n',
  'proc/sys/net/ipv4/tcp_slow_start_after_idle': '0\n',
  'proc/sys/net/ipv4/tcp_congestion_control': 'bbr\n',
  'proc/sys/net/core/somaxconn': '4096\n',
  'run/systemd/timesync/synchronized': '',
};
let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
  await dir.write('charter-1.json', documentFile(realm.charter.document));
});
afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

async function host(changes: Readonly<Record<string, string>> = {}): Promise<Surroundings> {
  for (const [path, text] of Object.entries({ ...GOOD_HOST, ...changes })) {
    const file = dir.join('root', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const root = dir.join('root');
  const userId = process.getuid?.();
  return { root, process: 'self', nowMs: Date.now(), nodeVersion: '20.20.0', userId };
}

async function found(
  config: NodeConfig | undefined,
  surroundings: Surroundings,
): Promise<ReadonlyMap<string, Finding>> {
  const findings = await examine(config, surroundings);
  return new Map(findings.map((finding) => [finding.check, finding]));
}

async function secured(
  leaf: Parameters<typeof pki.write>[2] = { uris: ['spiffe://prod.example.org/node/iad-1'] },
): Promise<NodeConfig> {
  const tls = await pki.write(dir, 'node', leaf);
  return configFor(dir, realm, { insecure: false, tls });
}

describe('examine: the host', () => {
  it('has nothing to say about a good one', async () => {
    const findings = await examine(undefined, await host());
    expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      'node-version',
      'time-service',
      'open-files',
      'memory',
      'slow-start',
      'backlog',
      'congestion',
    ]);
  });

  it('fails with too few open files, and names the number that is needed', async () => {
    const limits = 'Max open files            1024                 4096                 files\n';
    const findings = await found(undefined, await host({ 'proc/self/limits': limits }));
    expect(findings.get('open-files')).toMatchObject({ verdict: 'fail' });
    expect(findings.get('open-files')?.remedy).toContain('LimitNOFILE=11300');
  });

  it('warns of kernel settings with the command that sets them', async () => {
    const settings = {
      'proc/sys/net/ipv4/tcp_slow_start_after_idle': '1\n',
      'proc/sys/net/core/somaxconn': '128\n',
    };
    const findings = await found(undefined, await host(settings));
    expect(findings.get('slow-start')?.verdict).toBe('warn');
    const remedies = ['slow-start', 'backlog'].map((check) => findings.get(check)?.remedy);
    expect(remedies[0]).toContain('sysctl -w net.ipv4.tcp_slow_start_after_idle=0');
    expect(remedies[1]).toContain('sysctl -w net.core.somaxconn=4096');
  });

  it('looks at workers where there are some', async () => {
    const cpuinfo = { 'proc/cpuinfo': 'processor\t: 0\n\nprocessor\t: 1\n' };
    const config = await secured();
    const withWorkers = (clientWorkers: number): NodeConfig => {
      return { ...config, ...(config.tls && { tls: { ...config.tls, clientWorkers } }) };
    };
    const surroundings = await host(cpuinfo);
    expect((await found(config, surroundings)).has('client-workers')).toBe(false);
    const enough = (await found(withWorkers(2), surroundings)).get('client-workers');
    expect(enough).toMatchObject({ verdict: 'ok', what: '2 for 2 processors' });
    const many = (await found(withWorkers(3), surroundings)).get('client-workers');
    expect(many).toMatchObject({ verdict: 'warn', remedy: 'tls.clientWorkers: 2' });
  });

  it('takes the smallest limit of memory', async () => {
    const small = { 'sys/fs/cgroup/memory.max': '67108864\n' };
    expect((await found(undefined, await host(small))).get('memory')).toMatchObject({
      verdict: 'fail',
    });
    const none = { 'sys/fs/cgroup/memory.max': 'max\n' };
    expect((await found(undefined, await host(none))).get('memory')?.what).toContain('1024 MiB');
  });

  it('says what it cannot read, and judges the process that it is told', async () => {
    const surroundings = { ...(await host()), process: '77', nodeVersion: '18.3.0' };
    const findings = await found(undefined, surroundings);
    expect(findings.get('open-files')?.what).toContain('cannot be read here');
    expect(findings.get('node-version')?.verdict).toBe('fail');
  });
});

describe('examine: the certificate', () => {
  it('accepts one that fits', async () => {
    const findings = await found(await secured(), await host());
    for (const check of ['certificate', 'authorities', 'identity', 'host-name', 'key-file']) {
      expect([check, findings.get(check)?.verdict]).toEqual([check, 'ok']);
    }
  });

  it('fails for one of another node, and says which name is missing', async () => {
    const config = await secured({ uris: ['spiffe://prod.example.org/node/fra-1'] });
    const identity = (await found(config, await host())).get('identity');
    expect(identity?.verdict).toBe('fail');
    expect(identity?.what).toContain('spiffe://prod.example.org/node/iad-1');
  });

  it('gives a command that keeps the names when one is missing', async () => {
    const config = await secured();
    const named = { ...config, node: { ...config.node, address: 'localhost.localdomain:7441' } };
    const finding = (await found(named, await host())).get('host-name');
    expect(finding?.verdict).toBe('warn');
    expect(finding?.remedy).toMatch(/--replace --name localhost\.localdomain/);
  });

  it('warns when the name of this node or of a seed cannot be looked up', async () => {
    const config = await secured();
    const node = { ...config.node, address: 'nowhere.invalid:7441' };
    const peers = { ...config.peers, seeds: ['none.invalid:7441', '127.0.0.1:7441'] };
    const findings = await found({ ...config, node, peers }, await host());
    expect(findings.get('address')?.verdict).toBe('warn');
    expect(findings.get('seed none.invalid:7441')?.what).toContain('finds nobody there');
    expect(findings.get('seed 127.0.0.1:7441')?.verdict).toBe('ok');
  });

  it('fails for an expired one, and warns of one that ends soon', async () => {
    const config = await secured();
    const surroundings = await host();
    const late = { ...surroundings, nowMs: surroundings.nowMs + 31 * DAY_MS };
    expect((await found(config, late)).get('certificate')?.verdict).toBe('fail');
    const soon = { ...surroundings, nowMs: surroundings.nowMs + 25 * DAY_MS };
    expect((await found(config, soon)).get('certificate')?.verdict).toBe('warn');
  });

  it('fails for a foreign key, a foreign authority and a key that all may read', async () => {
    const config = await secured();
    const files = await createTestPki().write(dir, 'other');
    const { tls } = config;
    if (tls === undefined) throw new Error('no TLS');
    const foreignKey = { ...config, tls: { ...tls, keyFile: files.keyFile } };
    const certificate = (await found(foreignKey, await host())).get('certificate');
    expect(certificate?.what).toContain('is not the key of the certificate');
    await chmod(tls.keyFile, 0o644);
    const foreignCa = { ...config, tls: { ...tls, caFile: files.caFile } };
    const findings = await found(foreignCa, await host());
    expect(findings.get('authorities')?.verdict).toBe('fail');
    expect(findings.get('key-file')).toMatchObject({ verdict: 'fail' });
  });
});

describe('examine: ports', () => {
  let server: Server;
  let address: string;
  beforeEach(async () => {
    const [port] = await findFreePorts(1);
    address = `127.0.0.1:${String(port)}`;
    server = createServer();
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  });
  afterEach(() => void server.close());

  it('calls a free one free', async () => {
    const findings = await found(configFor(dir, realm), await host());
    expect(findings.get('port 127.0.0.1:0')).toMatchObject({ verdict: 'ok', what: 'is free' });
  });

  it('warns when it cannot see who has one', async () => {
    const config = configFor(dir, realm, { listen: { clients: address } });
    const findings = await found(config, await host());
    expect(findings.get(`port ${address}`)).toMatchObject({ verdict: 'warn' });
  });

  it.runIf(process.platform === 'linux')('names a process that has one', async () => {
    const config = configFor(dir, realm, { listen: { clients: address } });
    const findings = await found(config, { ...(await host()), root: '/' });
    expect(findings.get(`port ${address}`)?.what).toContain(`pid ${String(process.pid)}`);
  });
});

describe('examine: the store', () => {
  it('leaves a store that is not there to the node', async () => {
    const findings = await found(configFor(dir, realm), await host());
    expect(findings.get('store')?.what).toContain('will be made at the first start');
    expect(findings.get('disk')?.what).toContain('MiB are free');
  });

  it('opens and verifies one, and compares the clock with it', async () => {
    const config = configFor(dir, realm);
    await (await runNode(config))[Symbol.asyncDispose]();
    const surroundings = await host();
    const findings = await found(config, surroundings);
    expect(findings.get('store')?.what).toContain('opens and verifies; charters: 1, bundles: 0');
    expect(findings.get('clock')?.verdict).toBe('ok');
    const slow = { ...surroundings, nowMs: surroundings.nowMs - DAY_MS };
    expect((await found(config, slow)).get('clock')?.verdict).toBe('fail');
  });

  it('says when it is not that of the last run, or not that of the key of the region', async () => {
    const keyFile = await dir.write('region.key', '');
    await dir.write('region.key.store', `${'a'.repeat(32)}\n`);
    const plain = configFor(dir, realm);
    await (await runNode(plain))[Symbol.asyncDispose]();
    const config: NodeConfig = { ...plain, region: { keyFile } };
    const before = await found(config, await host());
    expect(before.get('store-origin')?.verdict).toBe('ok');
    expect(before.get('region-key')?.remedy).toContain('kedge region key');
    await rm(`${plain.store.path}.boot`);
    const findings = await found(plain, await host());
    expect(findings.get('store-origin')?.verdict).toBe('warn');
    expect(findings.get('region-key')).toBeUndefined();
  });

  it('does not touch one that is in use, or that belongs to another user', async () => {
    const config = configFor(dir, realm);
    await using _node = await runNode(config);
    const surroundings = await host();
    const inUse = (await found(config, surroundings)).get('store');
    expect(inUse?.what).toContain('is in use by a running process');
    const foreign = (await found(config, { ...surroundings, userId: 4711 })).get('store');
    expect(foreign?.verdict).toBe('warn');
  });

  it('fails for one of another realm, and warns of a folder that is open to all', async () => {
    const config = configFor(dir, realm);
    await (await runNode(config))[Symbol.asyncDispose]();
    await chmod(config.store.path, 0o755);
    const other = realmNow();
    await dir.write('charter-1.json', documentFile(other.charter.document));
    const findings = await found(config, await host());
    expect(findings.get('store')?.verdict).toBe('fail');
    expect(findings.get('store-folder')?.remedy).toContain('chmod 700');
  });
});
