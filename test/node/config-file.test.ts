import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { effectiveConfig, loadNodeConfig, parseNodeConfig } from '../../src/node/config-file.ts';

const FILE = '/etc/kedge/node.yaml';
const DIGEST = 'ab'.repeat(32);
const PLAIN = `
node: { id: iad-1, region: iad }
realm: prod.example.org
firstCharterFile: first-charter.json
store: { path: data }
listen: { clients: '127.0.0.1:0' }
insecure: true
`;
const SECURE = `
node: { id: iad-1, region: iad, address: 'iad-1.example.org:7441' }
realm: prod.example.org
firstCharterDigest: ${DIGEST}
store: { path: /var/lib/kedge }
listen: { clients: '0.0.0.0:7440', peers: '[::]:7441' }
tls: { certFile: tls/node.pem, keyFile: tls/node.key, caFile: /etc/ca.pem }
identities:
  - { id: 'spiffe://prod.example.org/client/*', roles: [client] }
  - { id: 'dns:admin.example.org', roles: [client, admin] }
peers: { seeds: [fra.example.org:7441], identity: 'dns:{node}.example.org' }
`;

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(KedgeError);
    const failure = KedgeError.from(error);
    expect(failure.code).toBe('CONFIG');
    return failure.message;
  }
  throw new Error('nothing was thrown');
}

describe('parseNodeConfig', () => {
  it('fills in defaults and resolves paths against the folder of the file', () => {
    const config = parseNodeConfig(PLAIN, FILE);
    expect(config.store.path).toBe('/etc/kedge/data');
    expect(config.firstCharterFile).toBe('/etc/kedge/first-charter.json');
    expect(config.limits).toEqual({
      maxSubscribers: 10_000,
      maxSubscribersPerClient: 1000,
      maxStreamsPerConnection: 100,
    });
    expect(config.log).toEqual({ level: 'info', format: 'json' });
    expect(config.drainTimeoutMs).toBe(10_000);
    expect(config.peers).toEqual({ seeds: [] });
  });

  it('reads a configuration with TLS, identities and peers', () => {
    const config = parseNodeConfig(SECURE, FILE);
    expect(config.tls).toEqual({
      certFile: '/etc/kedge/tls/node.pem',
      keyFile: '/etc/kedge/tls/node.key',
      caFile: '/etc/ca.pem',
      moveWithinMs: 60_000,
      clientWorkers: 0,
    });
    expect(config.peers.seeds).toEqual(['fra.example.org:7441']);
    expect(config.insecure).toBe(false);
  });

  it('takes an address of its own for metrics: loopback, unless others are let in', () => {
    const withHttp = (http: string): string => `${PLAIN}http: { ${http} }\n`;
    expect(parseNodeConfig(withHttp("listen: '[::1]:7443'"), FILE).http).toEqual({
      listen: '[::1]:7443',
      allowRemote: false,
    });
    const far = "listen: '0.0.0.0:7443'";
    expect(messageOf(() => parseNodeConfig(withHttp(far), FILE))).toContain(
      ':8:9: http.listen: is 0.0.0.0:7443, which other machines reach, without TLS',
    );
    expect(parseNodeConfig(withHttp(`${far}, allowRemote: true`), FILE).http).toBeDefined();
    const text = withHttp("listen: '127.0.0.1:7440'").replace('127.0.0.1:0', '127.0.0.1:7440');
    expect(messageOf(() => parseNodeConfig(text, FILE))).toContain('of another listener too');
  });

  it('reports an unknown key with its line and the nearest valid one', () => {
    const text = `${PLAIN}limits: { maxSubscriber: 5 }\ndrainTimeout: 3\n`;
    const message = messageOf(() => parseNodeConfig(text, FILE));
    expect(message).toContain(
      `${FILE}:8:11: limits.maxSubscriber: unknown key; did you mean maxSubscribers?`,
    );
    expect(message).toContain(
      `${FILE}:9:1: drainTimeout: unknown key; did you mean drainTimeoutMs?`,
    );
  });

  it('lists the valid keys when none is near', () => {
    const text = PLAIN.replace('{ path: data }', '{ path: data, compression: zstd }');
    expect(messageOf(() => parseNodeConfig(text, FILE))).toContain('the keys here are path');
  });

  it('reports every problem at once', () => {
    const text = PLAIN.replace('id: iad-1', 'id: Iad_1').replace('127.0.0.1:0', '127.0.0.1:99999');
    const lines = messageOf(() => parseNodeConfig(text, FILE)).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(':2:9: node.id: not a node id');
    expect(lines[1]).toContain(':6:11: listen.clients: "127.0.0.1:99999" is not host:port');
  });

  it.each([
    ["clients: '127.0.0.1:0'", 'clients: 7440', 'listen.clients: is the number 7440; give a value'],
    [
      'insecure: true',
      'insecure: yes',
      'insecure: is the text "yes"; give a value of type boolean',
    ],
    [
      'insecure: true',
      'drainTimeoutMs: 10s',
      'drainTimeoutMs: is the text "10s"; give a value of type integer, ms, 0 to 600000',
    ],
    ['insecure: true', 'peers: { seeds: [7441] }', 'peers.seeds.0: is the number 7441; give a'],
    ['insecure: true', 'identities: [admin]', 'identities.0: is the text "admin"; write keys'],
    ['store: { path: data }', 'store: data', 'store: is the text "data"; write keys with values'],
    ['store: { path: data }', 'store: []', 'store: is a list; write keys with values'],
    ['store: { path: data }', 'store: { path: {} }', 'store.path: is a section; give a value of'],
  ])('says what to write where %s became %s', (good, wrong, message) => {
    const text = PLAIN.replace(good, wrong);
    expect(messageOf(() => parseNodeConfig(text, FILE))).toContain(message);
  });

  it('reports broken YAML with line and column', () => {
    const message = messageOf(() => parseNodeConfig('node:\n  id: [a\nrealm: b', FILE));
    expect(message).toMatch(/node\.yaml:\d+:\d+: not YAML: /);
  });

  it('reports a key that is written twice', () => {
    expect(messageOf(() => parseNodeConfig(`${PLAIN}realm: other\n`, FILE))).toContain(':8:1: ');
  });

  it('refuses an empty file', () => {
    expect(messageOf(() => parseNodeConfig('', FILE))).toContain(
      'is empty; write keys with values',
    );
  });

  it('does not expand variables', () => {
    const config = parseNodeConfig(PLAIN.replace('data', `'\${HOME}/x'`), FILE);
    expect(config.store.path).toBe(`/etc/kedge/\${HOME}/x`);
  });

  it('refuses plaintext outside loopback', () => {
    const text = PLAIN.replace('127.0.0.1:0', '0.0.0.0:7440');
    expect(messageOf(() => parseNodeConfig(text, FILE))).toContain('must be a loopback address');
  });

  it('refuses TLS and plaintext together, and neither', () => {
    expect(messageOf(() => parseNodeConfig(`${SECURE}insecure: true\n`, FILE))).toContain(
      'insecure: is true although tls is given',
    );
    expect(messageOf(() => parseNodeConfig(PLAIN.replace('insecure: true', ''), FILE))).toContain(
      'tls: is missing',
    );
  });

  it('demands a listener', () => {
    expect(
      messageOf(() => parseNodeConfig(PLAIN.replace(/listen: .*/, 'listen: {}'), FILE)),
    ).toContain('listen: needs at least one of clients, peers, admins');
  });

  it('lets programs alone have workers', () => {
    const text = SECURE.replace('tls: {', 'tls: { clientWorkers: 2,');
    expect(parseNodeConfig(text, FILE).tls?.clientWorkers).toBe(2);
    for (const clients of ["clients: '[::]:7441',", "admins: '127.0.0.1:7442',"]) {
      const shared = text.replace("clients: '0.0.0.0:7440',", clients);
      expect(messageOf(() => parseNodeConfig(shared, FILE))).toContain(
        'tls.clientWorkers: needs listen.clients',
      );
    }
  });

  it('demands a pin', () => {
    const text = PLAIN.replace(/firstCharterFile.*/, '');
    const message = messageOf(() => parseNodeConfig(text, FILE));
    expect(message).toContain('firstCharterDigest: is missing');
    expect(message).toContain('cannot fetch the first charter from one');
  });

  it('asks for an address that others can dial', () => {
    const nowhere = SECURE.replace(", address: 'iad-1.example.org:7441'", '');
    expect(messageOf(() => parseNodeConfig(nowhere, FILE))).toContain('node.address: is missing');
    const somewhere = nowhere.replace('[::]:7441', '10.1.2.3:7441');
    expect(parseNodeConfig(somewhere, FILE).listen.peers).toBe('10.1.2.3:7441');
    for (const wild of ['0.0.0.0:7441', '[::]:7441', 'iad-1.example.org:0']) {
      const text = SECURE.replace('iad-1.example.org:7441', wild);
      const message = `node.address: is ${wild}, which no other node can dial`;
      expect(messageOf(() => parseNodeConfig(text, FILE))).toContain(message);
      const seed = SECURE.replace('seeds: [fra.example.org:7441]', `seeds: ['${wild}']`);
      expect(messageOf(() => parseNodeConfig(seed, FILE))).toContain(
        `peers.seeds.0: is ${wild}, w`,
      );
    }
    const deaf = nowhere.replace(", peers: '[::]:7441'", '');
    expect(messageOf(() => parseNodeConfig(deaf, FILE))).toContain('listen.peers: is missing');
  });

  it.each([
    'dns:node.example.org',
    'spiffe://prod.example.org/node/*',
    'spiffe://prod.example.org/{node}/*',
    'spiffe://prod.example.org/node-{node}',
    'spiffe://prod.example.org/{node}/{node}',
    'dns:a{node}.example.org',
    '{node}',
  ])('refuses %s as the identity of all nodes', (identity) => {
    const text = SECURE.replace('dns:{node}.example.org', identity);
    expect(messageOf(() => parseNodeConfig(text, FILE))).toContain('peers.identity');
  });
});

describe('effectiveConfig', () => {
  it('prints YAML that reads back to the same configuration', () => {
    for (const text of [PLAIN, SECURE]) {
      const config = parseNodeConfig(text, FILE);
      expect(parseNodeConfig(effectiveConfig(config), FILE)).toEqual(config);
    }
  });
});

describe('loadNodeConfig', () => {
  it('reads a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kedge-config-'));
    try {
      await writeFile(join(folder, 'node.yaml'), PLAIN);
      const config = await loadNodeConfig(join(folder, 'node.yaml'));
      expect(config.store.path).toBe(join(folder, 'data'));
      await expect(loadNodeConfig(folder)).rejects.toThrow('it is a folder');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says what to do about a file that is not there', async () => {
    await expect(loadNodeConfig('/nowhere/node.yaml')).rejects.toThrow(
      'cannot read the configuration /nowhere/node.yaml: it does not exist; `kedge node init`',
    );
  });
});
