/**
 * `kedge adoption` against two real nodes, with real programs that make real handshakes.
 */
import { once } from 'node:events';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { liveTlsClient } from '../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../src/client/live/tls-server.ts';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import { listen, tlsIdentity } from '../client/support/tls.ts';
import {
  BUNDLE,
  type CliRealm,
  type CliRun,
  createCliRealm,
  nodeText,
  type RunSettings,
} from './support.ts';

const NAMES = ['iad-1', 'fra-1'] as const;
const WAIT = { timeout: 30_000, interval: 200 };
/** Two CAs of one name, as when one follows the other. */
const oldPki = createTestPki({ commonName: 'Payments CA' });
const newPki = createTestPki({ commonName: 'Payments CA' });
const alone = ['--sign-with', 'signers/ana.age', '--sign-with', 'signers/ben.age', '--yes'];
/** By how much the clocks of nodes and of commands are ahead: time that has passed for them. */
let aheadMs = 0;
const clock: Clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + aheadMs,
  monotonicMs: () => systemClock.monotonicMs() + aheadMs,
};
const nodes = new Map<string, RunningNode>();
let realm: CliRealm;
let billing: BundleSource;
let ledger: BundleSource;

beforeAll(async () => {
  realm = await createCliRealm('--hold-down', '0', '--overlap', '0');
  const ports = await findFreePorts(NAMES.length);
  for (const [index, name] of NAMES.entries()) await start(name, ports, index);
  for (const [label, pki] of [['Old', oldPki] as const, ['New', newPki] as const]) {
    const file = await realm.dir.write(`${label}.pem`, pki.caPem);
    await run('anchor', 'add', file, '--bundle', BUNDLE, '--label', label);
  }
  for (const name of ['ana', 'ben']) {
    await run('release', 'sign', `${BUNDLE}.draft.json`, '--key', realm.key(name), '--yes');
  }
  await run('release', 'submit', `${BUNDLE}.draft.json`);
  billing = await open('iad-1', 'billing');
  ledger = await open('fra-1', 'ledger');
});
afterAll(async () => {
  await Promise.all([billing.close(), ledger.close()]);
  await Promise.all([...nodes.values()].map((node) => node[Symbol.asyncDispose]()));
  await realm[Symbol.asyncDispose]();
});

async function start(name: string, ports: readonly number[], index: number): Promise<void> {
  const text = nodeText(name).replace('path: data', `path: data-${name}`);
  const config = parseNodeConfig(text, `${realm.cwd}/node.yaml`);
  const address = `127.0.0.1:${String(ports[index] ?? 0)}`;
  const seeds = [`127.0.0.1:${String(ports[0] ?? 0)}`];
  const listen = { ...config.listen, peers: address };
  nodes.set(
    name,
    await runNode(
      { ...config, node: { ...config.node, address }, listen, peers: { seeds } },
      { clock },
    ),
  );
}

async function open(node: string, service: string): Promise<BundleSource> {
  const source = await openBundleSource({
    realm: 'prod.example.org',
    firstCharterDigest: realm.pin,
    endpoints: [nodes.get(node)?.addresses.clients ?? ''],
    insecure: true,
    bundles: [BUNDLE],
    labels: { service },
  });
  await source.ready({ timeoutMs: 30_000 });
  return source;
}

/** What each command is run with. */
async function settings(): Promise<RunSettings> {
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${nodes.get('iad-1')?.addresses.admins ?? ''}\n`,
  );
  const env = { KEDGE_PASSPHRASE: 'correct horse battery', KEDGE_PROFILE: profile };
  return { nowMs: clock.nowMs(), env };
}

async function run(...argv: readonly string[]): Promise<CliRun> {
  return realm.run(argv, await settings());
}

/** Runs until what it prints as JSON is like this. */
async function settled(argv: readonly string[], like: object): Promise<CliRun> {
  return await vi.waitFor(async () => {
    const seen = await run('adoption', BUNDLE, ...argv, '--output', 'json');
    expect(JSON.parse(seen.stdout)).toMatchObject(like);
    return seen;
  }, WAIT);
}

/** The program `billing` calls the program `ledger`, twice; the second time it resumes. */
async function callTwice(): Promise<void> {
  const secureContext = tlsIdentity(oldPki.issue('ledger'));
  const server = createServer({ requestCert: true, ...secureContext }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  using _ = liveTlsServer(ledger, { bundle: BUNDLE, server, secureContext });
  const port = await listen(server);
  using client = liveTlsClient(billing, {
    bundle: BUNDLE,
    identity: tlsIdentity(newPki.issue('billing')),
  });
  const isReused: boolean[] = [];
  for (let call = 0; call < 2; call += 1) {
    const socket = client.connect({ host: '127.0.0.1', port, servername: 'localhost' });
    socket.on('secureConnect', () => isReused.push(socket.isSessionReused()));
    socket.on('data', () => undefined);
    await once(socket, 'close');
  }
  expect(isReused).toEqual([false, true]);
}

describe('kedge adoption', () => {
  it('counts the clients of all nodes, and the handshakes of each anchor', async () => {
    await callTwice();
    await settled([], {
      sequence: 1,
      isComplete: true,
      clients: 2,
      newest: 2,
      regions: [
        { region: 'fra', clients: 1, newest: 1 },
        { region: 'iad', clients: 1, newest: 1 },
      ],
      behind: [],
      unknown: [],
    });
    const { stdout } = await vi.waitFor(async () => {
      const seen = await run('adoption', BUNDLE, '--output', 'json');
      const { anchors } = JSON.parse(seen.stdout) as {
        readonly anchors: readonly { readonly label: string; readonly handshakes: number }[];
      };
      expect(anchors.map(({ label, handshakes }) => `${label} ${handshakes}`).sort()).toEqual([
        'New 2',
        'Old 2',
      ]);
      return await run('adoption', BUNDLE);
    }, WAIT);
    expect(stdout).toContain('2 of 2 clients run it');
    expect(stdout).toMatch(/active +Old +(just now|\d+ seconds ago) +1 +2 /);
    expect(stdout).toMatch(/Label service\n.*\n {2}(billing|ledger) +1 +100\.0 %/);
  }, 60_000);

  it('names the clients that used an anchor', async () => {
    const { stdout } = await run('adoption', BUNDLE, '--uses', 'Old');
    expect(stdout).toMatch(/ago +\d+ +release 1 +newest +service=billing|just now +\d+ +release 1/);
    expect(stdout).not.toContain('ledger');
    const all = await run('adoption', BUNDLE, '--clients', '--output', 'json');
    expect(JSON.parse(all.stdout)).toMatchObject({
      isComplete: true,
      nodes: [{ clients: [{ stage: 'loaded' }] }, { clients: [{ stage: 'loaded' }] }],
    });
    const one = await run('adoption', BUNDLE, '--clients', '--at', 'fra-1');
    expect(one.stdout).toContain('service=ledger');
    expect(one.stdout).not.toContain('service=billing');
    const few = await run('adoption', BUNDLE, '--clients', '--limit', '1');
    expect(few.stdout).toContain('… and more: only 1 client, see --limit');
    expect((await run('adoption', BUNDLE, '--clients', '--limit', '0')).code).toBe(2);
    const none = await run('adoption', BUNDLE, '--behind');
    expect([none.code, none.stdout]).toEqual([0, 'no client\n']);
    expect((await run('adoption', BUNDLE, '--behind', '--refused')).code).toBe(2);
  });

  it('refuses a node that nobody knows, and options that would say nothing', async () => {
    const unknown = await run('adoption', BUNDLE, '--clients', '--at', 'fra-9');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('no node is called fra-9');
    expect(unknown.stderr).toContain('known are: fra-1, iad-1');
    const known = await run('adoption', BUNDLE, '--behind', '--at', 'fra-1');
    expect([known.code, known.stdout]).toEqual([0, 'no client\n']);
    for (const [options, hint] of [
      [['--at', 'fra-1'], 'add --clients'],
      [['--quiet', '1h'], 'add --remove'],
      [['--interval', '5s'], 'add --watch'],
      [['--limit', '5'], 'add --clients'],
      [['--timeout', '5s'], 'add --wait'],
    ] as const) {
      const { code, stderr } = await run('adoption', BUNDLE, ...options);
      expect(code).toBe(2);
      expect(stderr).toContain(hint);
    }
  });

  it('says what speaks against a removal, with its exit code', async () => {
    const { code, stdout } = await run('adoption', BUNDLE, '--remove', 'Old');
    expect(code).toBe(1);
    expect(stdout).toContain('is not safe yet:');
    expect(stdout).toContain('it is active: let it retire first');
    expect(stdout).toMatch(/- it was used last at .*\n.*kedge adoption .* --uses [0-9a-f]{16}/);
    expect(stdout).toMatch(/nodes have not observed for 24 hours: fra-1, iad-1/);
    expect((await run('adoption', BUNDLE, '--remove', 'nobody')).code).toBe(2);
  });

  it('is read by kedge plan, which says who is not done with an anchor that is to go', async () => {
    const removal = ['plan', '--bundle', BUNDLE, '--remove', 'Old'];
    const seen = await run(...removal);
    expect(seen.code).toBe(1);
    expect(seen.stdout).toContain('2 of 2 clients run the newest release');
    expect(seen.stdout).toContain('"Old" is removed, and clients are not done with it:');
    expect(seen.stdout).toMatch(/- it was used last at \S+, by one client/);
    expect((await run(...removal, '--no-adoption')).code).toBe(0);
    const away = await run(...removal, '--file', `${BUNDLE}.release-1.json`, '--output', 'json');
    expect(JSON.parse(away.stdout)).toMatchObject({ leaving: [{ reason: 'removed' }] });
  });

  it('says that a removal is safe once it is, and why', async () => {
    const retired = await run('anchor', 'retire', 'Old', '--bundle', BUNDLE, ...alone, '--submit');
    expect(retired.code).toBe(0);
    for (const quiet of ['1s', '14m']) {
      const refused = await run('adoption', BUNDLE, '--remove', 'Old', '--quiet', quiet);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('give 15m or more');
    }
    aheadMs = 16 * 60_000;
    const argv = ['--remove', 'Old', '--quiet', '15m'];
    const { code } = await settled(argv, { isSafe: true, sequence: 2, blockers: [] });
    expect(code).toBe(0);
    const plan = ['plan', '--bundle', BUNDLE, '--remove', 'Old'];
    const early = await run(...plan);
    expect(early.code, early.stdout).toBe(11);
    expect(early.stdout).toMatch(
      /Not proven safe yet: it was used last .* \(until \S+Z at least\)/,
    );
    expect(early.stdout).toContain('--quiet takes the quiet time');
    expect((await run(...plan, '--quiet', '15m')).code).toBe(0);
    const { stdout } = await run('adoption', BUNDLE, ...argv);
    expect(stdout).toContain('is safe:\n');
    expect(stdout).toMatch(/next: kedge anchor remove [0-9a-f]{16} --bundle/);
  }, 60_000);

  it('cuts neither numbers nor commands on a narrow terminal', async () => {
    const narrow = { ...(await settings()), tty: true, columns: 48 };
    const watchUntil = async (mark: string, ...argv: readonly string[]): Promise<string> => {
      const stop = new AbortController();
      const onStdout = (text: string): void => {
        if (text.includes(mark)) stop.abort();
      };
      const watch = ['adoption', BUNDLE, '--watch', ...argv];
      return (await realm.run(watch, { ...narrow, signal: stop.signal, onStdout })).stdout;
    };
    expect(await watchUntil('Anchors')).toMatch(/release \d.*100\.0 %/);
    const live = await watchUntil('is not safe', '--remove', 'New');
    expect(live).toMatch(
      /kedge anchor retire [0-9a-f]{16}.*\n.*--bundle payments\.prod\.example\.org/,
    );
    const once = await realm.run(['adoption', BUNDLE, '--remove', 'New'], narrow);
    expect(once.stdout).toMatch(/retire [0-9a-f]{16} --bundle payments\.prod\.example\.org/);
  }, 60_000);

  it('waits until all run the newest release, or says what lacks', async () => {
    expect((await run('adoption', BUNDLE, '--wait', '--timeout', '30s')).code).toBe(0);
    const vain = await run('adoption', BUNDLE, '--remove', 'New', '--wait', '--timeout', '1s');
    expect(vain.code).toBe(1);
    expect(vain.stderr).toContain('waiting: it is active: let it retire first');
    expect((await run('adoption', BUNDLE, '--wait', '--watch')).code).toBe(2);
    expect((await run('adoption', BUNDLE, '--wait', '--behind')).code).toBe(2);
  }, 60_000);

  it('is not safe while a program uses what it took out', async () => {
    const taker = await open('fra-1', 'taker');
    taker.bundle(BUNDLE)?.caPems('tls-server');
    const argv = ['--remove', 'Old', '--quiet', '15m'];
    const seen = await settled(argv, {
      isSafe: false,
      blockers: [{ kind: 'untracked', clients: 1 }],
    });
    expect(seen.code).toBe(1);
    await taker.close();
    await settled(argv, { isSafe: true });
  }, 60_000);

  it('counts nobody of a node that left', async () => {
    await nodes.get('fra-1')?.[Symbol.asyncDispose]();
    nodes.delete('fra-1');
    await settled([], { clients: 1, newest: 1 });
  }, 60_000);
});
