import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { METRICS } from '../../src/http/catalogue.ts';
import type { NodeConfig } from '../../src/node/config.ts';
import { loadNodeConfig } from '../../src/node/config-file.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const deploy = join(root, 'deploy');

const composeShape = z.object({
  services: z.record(
    z.string(),
    z.object({
      hostname: z.string(),
      ports: z.array(z.string()),
      volumes: z.array(z.string()),
      user: z.string().optional(),
      cap_drop: z.array(z.string()),
      read_only: z.boolean(),
      sysctls: z.record(z.string(), z.string()),
      stop_grace_period: z.string(),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
});
const scrapeShape = z.object({
  rule_files: z.array(z.string()),
  scrape_configs: z.array(
    z.object({
      static_configs: z.array(
        z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }),
      ),
    }),
  ),
});
const alertsShape = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.string() }),
          annotations: z.object({ summary: z.string(), do: z.string() }),
        }),
      ),
    }),
  ),
});
const compose = composeShape.parse(
  parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true }),
);
const services = Object.entries(compose.services);

async function loadAll(): Promise<readonly NodeConfig[]> {
  const files = readdirSync(join(deploy, 'regions')).sort();
  return Promise.all(files.map((file) => loadNodeConfig(join(deploy, 'regions', file))));
}

function byNode(
  a: { readonly labels: Readonly<Record<string, string>> },
  b: { readonly labels: Readonly<Record<string, string>> },
): number {
  return (a.labels['node'] ?? '') < (b.labels['node'] ?? '') ? -1 : 1;
}

function portOf(address: string | undefined): string | undefined {
  return address?.split(':').at(-1);
}

describe('deploy/regions', () => {
  it('holds three nodes in three regions of one realm', async () => {
    const configs = await loadAll();
    expect(configs.length).toBe(3);
    expect(new Set(configs.map(({ node }) => node.id)).size).toBe(3);
    expect(new Set(configs.map(({ node }) => node.region)).size).toBe(3);
    expect(new Set(configs.map(({ realm }) => realm)).size).toBe(1);
  });

  it('gives each node the others as seeds, where they say that they are reached', async () => {
    const configs = await loadAll();
    for (const { node, listen, peers } of configs) {
      const others = configs.filter((other) => other.node.id !== node.id);
      const addresses = others.map((other) => other.node.address ?? '');
      expect(peers.seeds.toSorted()).toEqual(addresses.toSorted());
      expect(portOf(node.address)).toBe(portOf(listen.peers));
    }
  });

  it('uses mutual TLS and lets both clients and admins in', async () => {
    for (const config of await loadAll()) {
      expect(config.insecure).toBe(false);
      expect(config.tls?.certFile).toContain(`${config.node.id}.pem`);
      expect(config.identities.flatMap(({ roles }) => roles).toSorted()).toEqual([
        'admin',
        'client',
      ]);
    }
  });
});

describe('deploy/compose.yaml', () => {
  it('has one service for each configuration, and a volume for each store', async () => {
    const ids = (await loadAll()).map(({ node }): string => node.id).toSorted();
    expect(services.map(([name]) => name).toSorted()).toEqual(ids);
    expect(Object.keys(compose.volumes).toSorted()).toEqual(ids);
    for (const [name, { volumes }] of services) {
      expect(volumes).toContain(`${name}:/var/lib/kedge`);
    }
  });

  it('mounts what the configuration of each node names', async () => {
    for (const config of await loadAll()) {
      const targets = compose.services[config.node.id]?.volumes.map((mount) => mount.split(':')[1]);
      const { certFile = '', keyFile = '', caFile = '' } = config.tls ?? {};
      const named = [config.firstCharterFile ?? '', certFile, keyFile, caFile].map((file) =>
        file.replace(join(deploy, 'regions'), '/etc/kedge'),
      );
      expect(targets).toEqual(expect.arrayContaining([...named, '/etc/kedge/node.yaml']));
    }
  });

  it('mounts only files that are in the project or made by following README.md', () => {
    for (const [, { volumes }] of services) {
      const files = volumes
        .map((mount) => mount.split(':')[0] ?? '')
        .filter((file) => file[0] === '.');
      const missing = files.filter(
        (file) => !file.startsWith('./secrets/') && !existsSync(join(deploy, file)),
      );
      expect(missing).toEqual([]);
    }
  });

  it('publishes ports on loopback alone, each once', () => {
    const ports = services.flatMap(([, service]) => service.ports);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('gives each container the kernel settings of the sample for hosts', () => {
    const sample = readFileSync(join(deploy, 'kedge-sysctl.conf'), 'utf8');
    const wanted = Object.fromEntries(
      [...sample.matchAll(/^([a-z0-9_.]+) = (\d+)$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(Object.keys(wanted)).toHaveLength(2);
    for (const [, { sysctls }] of services) expect(sysctls).toEqual(wanted);
  });

  it('leaves a node longer to stop than it drains', async () => {
    const longestMs = Math.max(...(await loadAll()).map(({ drainTimeoutMs }) => drainTimeoutMs));
    for (const [, service] of services) {
      expect(Number.parseInt(service.stop_grace_period, 10) * 1000).toBeGreaterThan(longestMs);
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    }
  });
});

describe('deploy/prometheus.yml', () => {
  const scrape = scrapeShape.parse(parse(readFileSync(join(deploy, 'prometheus.yml'), 'utf8')));

  it('scrapes each node where it shows its metrics, under the labels of the alerts', async () => {
    const wanted = (await loadAll()).map(({ node, http }) => ({
      targets: [`${node.id}:${portOf(http?.listen) ?? ''}`],
      labels: { node: node.id, region: node.region },
    }));
    const found = scrape.scrape_configs.flatMap(({ static_configs }) => static_configs);
    expect(found.toSorted(byNode)).toEqual(wanted.toSorted(byNode));
    expect(scrape.rule_files).toEqual(['kedge-alerts.yaml']);
    // A label that both have would hide that of the metric.
    const ofMetrics = new Set(
      Object.values(METRICS).flatMap(({ labels = {} }) => Object.keys(labels)),
    );
    const added = found.flatMap(({ labels }) => Object.keys(labels));
    expect([...added, 'job', 'instance'].filter((name) => ofMetrics.has(name))).toEqual([]);
  });
});

describe('deploy/kedge-alerts.yaml', () => {
  const text = readFileSync(join(deploy, 'kedge-alerts.yaml'), 'utf8');
  const rules = alertsShape.parse(parse(text)).groups.flatMap((group) => group.rules);

  it('speaks of metrics that nodes have', () => {
    const names = rules.flatMap(({ expr }) => expr.match(/\b(?:kedge|process|nodejs)_\w+/g) ?? []);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !Object.hasOwn(METRICS, name))).toEqual([]);
  });

  it('says of each how urgent it is and what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { labels, annotations } of rules) {
      expect(['page', 'ticket']).toContain(labels.severity);
      expect(annotations.do).not.toBe('');
    }
  });
});

describe('deploy/Dockerfile', () => {
  const lines = readFileSync(join(deploy, 'Dockerfile'), 'utf8').split('\n');

  it('copies only what exists and what its ignore file lets through', () => {
    const ignore = readFileSync(join(deploy, 'Dockerfile.dockerignore'), 'utf8').split('\n');
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([]);
    expect(copied.filter((name) => !ignore.includes(`!${name}`))).toEqual([]);
  });

  it('runs without root', () => {
    expect(lines.filter((line) => line.startsWith('USER ')).at(-1)).toBe('USER 10001:10001');
  });

  it('exposes the ports that the nodes of compose.yaml listen on', async () => {
    const ports = new Set<string | undefined>();
    for (const { listen, http } of await loadAll()) {
      for (const one of [listen.clients, listen.peers, listen.admins, http?.listen]) {
        ports.add(portOf(one));
      }
    }
    expect(lines).toContain(`EXPOSE ${[...ports].toSorted().join(' ')}`);
  });

  it('starts the program that the package names as its command', () => {
    const manifest = z
      .object({ bin: z.object({ kedge: z.string() }) })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const entry = manifest.bin.kedge.replace('./', '/opt/kedge/');
    expect(lines).toContain(`ENTRYPOINT ["node", "${entry}"]`);
    const unit = readFileSync(join(deploy, 'kedge-node.service'), 'utf8');
    expect(unit).toContain(`ExecStart=/usr/bin/node ${entry} node run --config`);
  });
});

describe('deploy/kedge-node.service', () => {
  const unit = readFileSync(join(deploy, 'kedge-node.service'), 'utf8').split('\n');

  it.each([
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'CapabilityBoundingSet=',
    'User=kedge',
    'StateDirectory=kedge',
  ])('keeps %s', (line) => {
    expect(unit).toContain(line);
  });
});
