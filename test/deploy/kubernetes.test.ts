import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { CliContext } from '../../src/cli/context.ts';
import { loadProfile } from '../../src/cli/profile.ts';
import { parseBundleName } from '../../src/core/ids.ts';
import type { NodeConfig } from '../../src/node/config.ts';
import { loadNodeConfig } from '../../src/node/config-file.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(root, 'deploy', 'kubernetes');
const CONFIG_FOLDER = '/etc/kedge';

const labels = z.record(z.string(), z.string());
const volume = z.object({
  name: z.string(),
  configMap: z.object({ name: z.string() }).optional(),
  secret: z.object({ secretName: z.string(), defaultMode: z.literal(0o440) }).optional(),
  emptyDir: z.object({ sizeLimit: z.string() }).optional(),
});
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.object({
  image: z.string(),
  args: z.array(z.string()).default([]),
  env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: z.object({ limits: z.object({ memory: z.string() }) }),
  // What the standard `restricted` demands of each container, and more.
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(
    z.object({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() }),
  ),
});
const pod = z.object({
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: z.number().optional(),
  securityContext: z.looseObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.literal(10_001),
    fsGroup: z.literal(10_001),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.tuple([container]),
  volumes: z.array(volume),
});
const template = z.object({ metadata: z.object({ labels }), spec: pod });
const named = z.object({ name: z.string() });
const port = z.object({
  port: z.union([z.string(), z.number()]),
  targetPort: z.string().optional(),
});
const resource = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('Namespace'), metadata: named.extend({ labels }) }),
  z.object({
    kind: z.literal('Service'),
    metadata: named,
    spec: z.object({
      clusterIP: z.literal('None').optional(),
      publishNotReadyAddresses: z.boolean().optional(),
      selector: labels,
      ports: z.array(port.extend({ port: z.number(), targetPort: z.string() })),
    }),
  }),
  z.object({
    kind: z.literal('PodDisruptionBudget'),
    metadata: named,
    spec: z.object({ maxUnavailable: z.number(), selector: z.object({ matchLabels: labels }) }),
  }),
  z.object({
    kind: z.literal('StatefulSet'),
    metadata: named,
    spec: z.object({
      serviceName: z.string(),
      replicas: z.literal(1),
      selector: z.object({ matchLabels: labels }),
      template,
      volumeClaimTemplates: z.array(z.object({ metadata: named })),
    }),
  }),
  z.object({
    kind: z.literal('NetworkPolicy'),
    metadata: named,
    spec: z.object({
      podSelector: z.object({ matchLabels: labels }),
      ingress: z.array(z.object({ from: z.array(z.unknown()).min(1), ports: z.array(port) })),
    }),
  }),
  z.object({
    kind: z.literal('Deployment'),
    metadata: named,
    spec: z.object({ selector: z.object({ matchLabels: labels }), template }),
  }),
]);
type Resource = z.infer<typeof resource>;

const kustomization = z
  .object({
    namespace: z.string(),
    resources: z.array(z.string()),
    configMapGenerator: z.array(z.object({ name: z.string(), files: z.tuple([z.string()]) })),
    images: z.array(z.object({ name: z.string() })),
  })
  .parse(parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')));
const resources: readonly Resource[] = kustomization.resources.flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => {
    expect(document.errors).toEqual([]);
    return resource.parse(document.toJS());
  }),
);

function all<Kind extends Resource['kind']>(kind: Kind): Extract<Resource, { kind: Kind }>[] {
  return resources.filter((one): one is Extract<Resource, { kind: Kind }> => one.kind === kind);
}

const nodes = all('StatefulSet');
const programs = all('Deployment');
const pods = [...nodes, ...programs].map(({ metadata, spec }) => ({
  name: metadata.name,
  labels: spec.template.metadata.labels,
  ...spec.template.spec,
}));

function selects(selector: Readonly<Record<string, string>>, found: typeof selector): boolean {
  return Object.entries(selector).every(([key, value]) => found[key] === value);
}

/** The configuration of a node, as kustomize puts it into its pod. */
async function configOf(name: string): Promise<NodeConfig> {
  return await loadNodeConfig(join(folder, 'nodes', `${name}.yaml`));
}

function portOf(address: string | undefined): number {
  return Number(address?.split(':').at(-1));
}

describe('deploy/kubernetes', () => {
  it('lists every file that is there, each of which is read here', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
      .toSorted();
    const generated = kustomization.configMapGenerator.map(
      ({ files: [file] }) => file.split('=')[1],
    );
    expect([...kustomization.resources, ...generated].toSorted()).toEqual(files);
  });

  it('has pods that the strictest standard admits, which the namespace enforces', () => {
    // Their shape, which is read above, has the rest.
    expect(pods).toHaveLength(3);
    const [namespace] = all('Namespace');
    expect(namespace?.metadata.name).toBe(kustomization.namespace);
    expect(namespace?.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    expect(pods.map(({ containers: [{ image }] }) => image)).toEqual(
      pods.map(() => kustomization.images[0]?.name),
    );
  });

  it('mounts volumes that there are, and uses every volume', () => {
    for (const { name, volumes, containers } of pods) {
      const node = nodes.find(({ metadata }) => metadata.name === name);
      const claims = node?.spec.volumeClaimTemplates.map(({ metadata }) => metadata.name) ?? [];
      const there = [...volumes.map((one) => one.name), ...claims].toSorted();
      expect(containers[0].volumeMounts.map((mount) => mount.name).toSorted()).toEqual(there);
    }
  });

  it('names config maps and secrets that kustomize or a command of README.md makes', () => {
    const readme = readFileSync(join(root, 'deploy', 'README.md'), 'utf8');
    const generated = kustomization.configMapGenerator.map(({ name }) => name);
    for (const { configMap, secret } of pods.flatMap(({ volumes }) => volumes)) {
      if (configMap !== undefined && !generated.includes(configMap.name)) {
        expect(readme).toContain(`create configmap ${configMap.name}`);
      }
      // One loop of the commands is over the nodes.
      const name = secret?.secretName.replace(/^(iad|fra)-/, '$region-');
      if (name !== undefined) expect(readme).toContain(`create secret generic ${name}`);
    }
  });

  it('gives each node a configuration that finds its files where they are mounted', async () => {
    for (const { metadata, spec } of nodes) {
      const config = await configOf(metadata.name);
      const { volumes, containers } = spec.template.spec;
      const { volumeMounts } = containers[0];
      expect(config.node).toMatchObject({ id: `${metadata.name}-0`, region: metadata.name });
      const mapName = volumes.find(({ name }) => name === 'config')?.configMap?.name;
      expect(kustomization.configMapGenerator).toContainEqual({
        name: mapName,
        files: [`node.yaml=nodes/${metadata.name}.yaml`],
      });
      const { certFile = '', keyFile = '', caFile = '' } = config.tls ?? {};
      const named = [config.firstCharterFile ?? '', certFile, keyFile, caFile];
      const folders = named.map((file) =>
        dirname(file.replace(join(folder, 'nodes'), CONFIG_FOLDER)),
      );
      const mounts = volumeMounts.map(({ mountPath }) => mountPath);
      expect(mounts).toEqual(expect.arrayContaining([...folders, dirname(config.store.path)]));
      expect(mounts).toContain(join(CONFIG_FOLDER, 'node.yaml'));
      // What is mounted by subPath never changes while the pod lives.
      const fixed = volumeMounts.filter(({ subPath }) => subPath !== undefined);
      expect(fixed.map(({ name }) => name)).toEqual(['config']);
    }
  });

  it('lets nodes find each other by the headless service, also before they are ready', async () => {
    const configs = await Promise.all(nodes.map(({ metadata }) => configOf(metadata.name)));
    for (const [i, { metadata, spec }] of nodes.entries()) {
      const service = all('Service').find((one) => one.metadata.name === spec.serviceName);
      expect(service?.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
      expect(selects(service?.spec.selector ?? {}, spec.template.metadata.labels)).toBe(true);
      expect(selects(spec.selector.matchLabels, spec.template.metadata.labels)).toBe(true);
      const config = configs[i];
      const host = `${metadata.name}-0.${spec.serviceName}.${kustomization.namespace}.svc`;
      expect(config?.node.address).toBe(`${host}.cluster.local:${portOf(config?.listen.peers)}`);
      const others = configs.filter((one) => one !== config).map(({ node }) => node.address);
      expect(config?.peers.seeds).toEqual(others);
    }
  });

  it('names the ports that nodes listen on, and leads services and probes to them', async () => {
    for (const { metadata, spec } of nodes) {
      const { listen, http, drainTimeoutMs } = await configOf(metadata.name);
      const [one] = spec.template.spec.containers;
      expect(Object.fromEntries(one.ports.map((each) => [each.name, each.containerPort]))).toEqual({
        clients: portOf(listen.clients),
        peers: portOf(listen.peers),
        admins: portOf(listen.admins),
        http: portOf(http?.listen),
      });
      const probes = [one.startupProbe, one.livenessProbe, one.readinessProbe];
      expect(probes.map((each) => each?.httpGet)).toEqual([
        { path: '/healthz', port: 'http' },
        { path: '/healthz', port: 'http' },
        { path: '/readyz', port: 'http' },
      ]);
      const graceMs = (spec.template.spec.terminationGracePeriodSeconds ?? 0) * 1000;
      expect(graceMs).toBeGreaterThan(drainTimeoutMs);
      const ports = all('Service').flatMap((service) =>
        selects(service.spec.selector, spec.template.metadata.labels) ? service.spec.ports : [],
      );
      for (const { port: number, targetPort } of ports) {
        expect(one.ports).toContainEqual({ name: targetPort, containerPort: number });
      }
    }
  });

  it('lets in who has to come, and keeps every port', () => {
    const [policy, ...more] = all('NetworkPolicy');
    expect(more).toEqual([]);
    const labelsOf = nodes.map(({ spec }) => spec.template.metadata.labels);
    for (const each of labelsOf) {
      expect(selects(policy?.spec.podSelector.matchLabels ?? {}, each)).toBe(true);
    }
    const ports = policy?.spec.ingress.flatMap((rule) => rule.ports.map((each) => each.port));
    expect(ports).toEqual(['clients', 'peers', 'http']);
    const admits = JSON.stringify(policy?.spec.ingress[0]?.from);
    for (const { labels: own } of pods.slice(nodes.length)) {
      expect(own['kedge.example.org/client']).toBe('true');
      expect(admits).toContain('"kedge.example.org/client":"true"');
    }
  });

  it('keeps all but one node of each region while machines are emptied', () => {
    const budgets = all('PodDisruptionBudget');
    for (const { spec } of nodes) {
      const found = budgets.filter((budget) =>
        selects(budget.spec.selector.matchLabels, spec.template.metadata.labels),
      );
      expect(found.map((budget) => budget.spec.maxUnavailable)).toEqual([1]);
    }
  });

  it('gives the program a profile that its loader takes, for a service that there is', async () => {
    const path = join(folder, 'watcher.yaml');
    const context: Pick<CliContext, 'env' | 'cwd'> = { cwd: folder, env: {} };
    const profile = await loadProfile(context as CliContext, path);
    const service = all('Service').find(({ metadata }) => metadata.name === 'kedge');
    const host = `${service?.metadata.name}.${kustomization.namespace}.svc.cluster.local`;
    expect(profile.endpoints).toEqual([`${host}:${service?.spec.ports[0]?.port}`]);
    expect(profile.realm).toBe((await configOf('iad')).realm);
    const [watch] = programs.map(({ spec }) => spec.template.spec.containers[0]);
    const [command, bundle = ''] = watch?.args ?? [];
    expect(command).toBe('watch');
    expect(parseBundleName(bundle)).toBe(bundle);
    const mounts = watch?.volumeMounts.map(({ mountPath }) => mountPath) ?? [];
    expect(mounts).toContain(watch?.args[watch.args.indexOf('--cache') + 1]);
    const profileFile = watch?.env.find(({ name }) => name === 'KEDGE_PROFILE')?.value ?? '';
    expect(mounts).toContain(dirname(profileFile));
    expect(mounts).toContain(join(dirname(profileFile), '../tls'));
  });
});
