import { readFile } from 'node:fs/promises';
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { callFailure } from '../../src/grpc/calls/status.ts';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { ADMIN_METHODS } from '../../src/wire/methods.ts';
import { BUNDLE, type CliRealm, createCliRealm, DRAFT, nodeText, START_MS } from './support.ts';

const DAY_MS = 86_400_000;
let realm: CliRealm;
let node: RunningNode;
let nowMs = START_MS;

beforeAll(async () => {
  realm = await createCliRealm('--role', 'revoke=1');
  const text = nodeText();
  const config = parseNodeConfig(text, `${realm.cwd}/node.yaml`);
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => nowMs } });
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
});

/** Runs at the node's time, with a profile that names it. */
async function run(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  return realm.run(argv, { nowMs, env: await environment() });
}

async function json<Value>(...argv: readonly string[]): Promise<Value> {
  return realm.json<Value>(argv, { nowMs, env: await environment() });
}

async function environment(): Promise<Record<string, string>> {
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\nendpoints: ['${node.addresses.clients ?? ''}']\n`,
  );
  return { KEDGE_PASSPHRASE: 'correct horse battery', KEDGE_PROFILE: profile };
}

const alone = ['--sign-with', 'signers/ana.age', '--sign-with', 'signers/ben.age', '--yes'];

describe('kedge with a node', () => {
  it('publishes in steps, and keeps the signed release under its name', async () => {
    await run('anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE);
    const early = await run('release', 'submit', DRAFT);
    expect(early.code).toBe(4);
    expect(early.stderr).toContain('0 of the 2 needed signers');
    await run('release', 'sign', DRAFT, '--key', realm.key('ana'), '--yes');
    await run('release', 'sign', DRAFT, '--key', realm.key('cleo'), '--yes');
    const done = await run('release', 'submit', DRAFT);
    expect(done.stdout).toContain(`Published release 1 of ${BUNDLE}`);
    expect(done.stdout).toContain(`Kept in ${BUNDLE}.release-1.json`);
    expect(done.stderr).toContain(
      'warning: the node knows no other node: this may be in its store',
    );
    expect(done.stderr).toContain(`Keep ${BUNDLE}.release-1.json`);
    const again = await run('release', 'submit', `${BUNDLE}.release-1.json`);
    expect(again.stdout).toContain('The node had release 1');
    expect(again.code).toBe(0);
  });

  it('publishes in one command, on top of what the node has', async () => {
    nowMs += 1000;
    const ca = await realm.ca('CA 2');
    const note = ['--note', 'rotation 2027'];
    const staged = await run(
      'anchor',
      'stage',
      ca,
      '--bundle',
      BUNDLE,
      ...note,
      ...alone,
      '--submit',
    );
    expect(staged.stderr).toContain('+ add "CA 2"');
    expect(staged.stdout).toContain(`Published release 2 of ${BUNDLE}`);
  });

  it('lists, shows, exports and compares what it verified', async () => {
    const list = await json<readonly unknown[]>('bundle', 'list');
    expect(list).toMatchObject([{ bundle: BUNDLE, sequence: 2, trusted: 1, staged: 1 }]);
    expect((await run('bundle', 'show', BUNDLE, '--full')).stdout).toContain('CA 2: staged since');
    const out = `${realm.cwd}/out.pem`;
    await run('bundle', 'export', BUNDLE, '--out', out);
    expect((await readFile(out, 'utf8')).match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    const diff = await json<{ changes: unknown }>('bundle', 'diff', '1', '--bundle', BUNDLE);
    expect(diff.changes).toMatchObject([{ kind: 'added' }, { kind: 'note', to: 'rotation 2027' }]);
    const history = await json<readonly unknown[]>('release', 'history', BUNDLE);
    expect(history).toMatchObject([
      { sequence: 2, signers: ['ana', 'ben'] },
      { sequence: 1, signers: ['ana', 'cleo'] },
    ]);
  });

  it('prints what is current to a watcher, through the SDK', async () => {
    const seen = await run('watch', BUNDLE, '--once', '--output', 'json');
    expect(JSON.parse(seen.stdout)).toMatchObject({ bundle: BUNDLE, sequence: 2 });
  });

  it('tells how the node is', async () => {
    const status = await json<unknown>('node', 'status');
    expect(status).toMatchObject({
      nodeId: 'iad-1',
      firstCharterDigest: realm.pin,
      streams: [{ stream: 'charter' }, { stream: `release/${BUNDLE}`, sequence: 2 }],
    });
  });

  it('rotates: activate after the hold-down, retire, remove', async () => {
    for (const [verb, ca] of [
      ['activate', 'CA 2'],
      ['retire', 'CA 1'],
      ['remove', 'CA 1'],
    ] as const) {
      nowMs += 8 * DAY_MS;
      const step = await run('anchor', verb, ca, '--bundle', BUNDLE, ...alone, '--submit');
      expect([verb, step.code, step.stderr.includes('error:')]).toEqual([verb, 0, false]);
    }
    const shown = await json<{ anchors: unknown; tombstones: unknown }>('bundle', 'show', BUNDLE);
    expect(shown.anchors).toMatchObject([{ label: 'CA 2', state: 'active' }]);
    expect(shown.tombstones).toMatchObject([{ sequence: 5, reason: 'removed' }]);
  });

  it('drafts a rollback as far as the lifecycle allows', async () => {
    const gone = await run('release', 'rollback', '1', '--bundle', BUNDLE);
    expect(gone.code).toBe(7);
    expect(gone.stderr).toMatch(/anchor "CA 1" \([0-9a-f]{16}\) left since and may not come back/);
    expect(gone.stderr).toContain('kedge anchor stage <file>');
    expect(gone.stderr).not.toContain('to release 5');
    nowMs += 1000;
    const ca = await realm.ca('CA 3');
    await run('anchor', 'stage', ca, '--bundle', BUNDLE, ...alone, '--submit');
    const across = await run('release', 'rollback', '1', '--bundle', BUNDLE);
    expect(across.stderr).toContain('go back to release 5 or a later one');
    const back = await run('release', 'rollback', '5', '--bundle', BUNDLE);
    expect(back.stdout).toContain('- remove "CA 3"');
    expect(back.stdout).toContain('puts back the content of release 5 (rollback)');
    const twice = await run('release', 'rollback', '5', '--bundle', BUNDLE);
    expect(twice.code).toBe(10);
  });

  it('says that another admin was faster', async () => {
    const [a, b] = [await realm.ca('CA 4'), await realm.ca('CA 5')];
    await run('anchor', 'stage', a, '--bundle', BUNDLE, '--draft', 'a.json', ...alone);
    await run(
      ...['anchor', 'stage', b, '--bundle', BUNDLE, '--draft', 'b.json', '--ledger', 'b.ledger'],
      ...alone,
    );
    expect((await run('release', 'submit', 'a.json')).code).toBe(0);
    const late = await run('release', 'submit', 'b.json');
    expect(late.code).toBe(5);
    expect(late.stderr).toMatch(/sequence \d+ of .* is taken: draft again on top.*CONFLICT/s);
    const ca = await realm.ca('CA 6');
    const key = ['--key', realm.key('cleo'), '--yes', '--ledger', 'c.ledger'];
    const signed = await run('release', 'sign', 'b.json', ...key);
    expect(signed.stderr).toMatch(/sequence \d+ of .* is taken: draft again on top.*CONFLICT/s);
    // A draft that can never be published is in nobody's way, though somebody signed it.
    const next = await run('anchor', 'stage', ca, '--bundle', BUNDLE, '--draft', 'b.json');
    expect([next.code, next.stderr]).toEqual([0, expect.stringContaining('published already')]);
    const redo = await run('release', 'rollback', '5', '--bundle', BUNDLE, '--draft', 'b.json');
    expect(redo.code).toBe(10);
    const back = await run('release', 'rollback', '5', '--bundle', BUNDLE, '--draft', DRAFT);
    expect([back.code, back.stderr]).toEqual([0, expect.stringContaining('takes its place')]);
  });

  it('changes the charter with the old and the new quorum', async () => {
    nowMs += 1000;
    await run('signer', 'create', 'dora', '--scrypt-work-factor', '10');
    const rotate = [
      'charter',
      'rotate',
      '--add-signer',
      'dora=dora.age.pub',
      '--remove-signer',
      'ben',
    ];
    const drafted = await run(...rotate);
    expect(drafted.stdout).toContain('+ signer dora');
    expect(drafted.stdout).toContain('- signer ben');
    const draft = 'charter-2.draft.json';
    const charterKeys = async (...keys: readonly string[]): ReturnType<typeof run> =>
      run('charter', 'sign', draft, ...keys.flatMap((key) => ['--key', key]), '--yes');
    expect((await charterKeys('dora.age', realm.key('ben'))).stdout).toContain('1 signature still');
    expect((await run('charter', 'submit', draft)).code).toBe(4);
    expect((await charterKeys(realm.key('ana'))).stdout).toContain('complete');
    const done = await run('charter', 'submit', draft);
    expect(done.stdout).toContain('Charter version 2 is in force');
    expect((await run('charter', 'show')).stdout).toContain('ana, cleo, dora');
  });

  it('publishes on top of a release that somebody signed who has left since', async () => {
    const before = await json<readonly { signers: readonly string[] }[]>(
      ...['release', 'history', BUNDLE, '--limit', '1'],
    );
    expect(before[0]?.signers).toEqual(['ana', 'ben']);
    nowMs += 1000;
    const keys = ['--sign-with', realm.key('ana'), '--sign-with', 'dora.age', '--yes', '--submit'];
    const draft = ['--bundle', BUNDLE, '--draft', 'next.json'];
    expect((await run('release', 'draft', ...draft, ...keys)).code).toBe(0);
    const gone = ['--sign-with', realm.key('ben'), '--yes'];
    const refused = await run('release', 'draft', ...draft, ...gone);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('belongs to nobody in the charter');
  });
});

describe('kedge with a node that cannot be believed or reached', () => {
  it('refuses a node of another realm', async () => {
    const { code, stderr } = await run('bundle', 'list', '--pin', 'ab'.repeat(32));
    expect(code).toBe(4);
    expect(stderr).toContain('is pinned');
  });

  it('says what to do when nothing answers', async () => {
    const { code, stderr } = await run('node', 'status', '--node', '127.0.0.1:1');
    expect(code).toBe(9);
    expect(stderr).toContain('error: node 127.0.0.1:1:');
    expect(stderr).toContain('check the address (listen.admins of the node)');
  });

  it('refuses an address without a port, which would be another program', async () => {
    const { code, stderr } = await run('node', 'status', '--node', '127.0.0.1');
    expect([code, stderr]).toEqual([2, expect.stringContaining('"127.0.0.1" is not host:port')]);
  });

  it('waits for a node that is starting, on request', async () => {
    const argv = ['node', 'status', '--node', '127.0.0.1:1', '--wait', '--timeout', '1s'];
    const { code, stderr } = await run(...argv);
    expect([code, stderr]).toEqual([9, expect.stringContaining('waiting: node 127.0.0.1:1:')]);
    expect((await run('node', 'status', '--wait')).code).toBe(0);
  });

  it('refuses plaintext to another machine, and a profile without a certificate', async () => {
    const far = await run('node', 'status', '--node', 'node.example.org:7442');
    expect(far.code).toBe(2);
    expect(far.stderr).toContain('loopback');
    const bare = await realm.run(['node', 'status', '--node', '127.0.0.1:1'], { nowMs });
    expect(bare.stderr).toContain('the certificate to show to the node is not set');
  });
});

describe('kedge bundle diff', () => {
  it('says what it takes when it gets something else', async () => {
    const first = await run('bundle', 'diff', BUNDLE, '1', '1');
    expect(first.stdout).toContain(`${BUNDLE}: release 1 -> release 1`);
    expect((await run('bundle', 'diff', '1', '1', '1')).stderr).toContain('a bundle and two');
    const name = await run('bundle', 'diff', BUNDLE);
    expect([name.code, name.stderr]).toEqual([2, expect.stringContaining('neither a sequence')]);
    const bare = await run('bundle', 'diff', '1');
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining('1 of which bundle?')]);
    const late = await run('bundle', 'diff', '999', '--bundle', BUNDLE);
    expect([late.code, late.stderr]).toEqual([2, expect.stringContaining('no release 999 of')]);
  });
});

describe('kedge node init', () => {
  it('writes where others reach the node, and a store of its own', async () => {
    const argv = ['node', 'init', '--id', 'two', '--region', 'iad', '--port', '7450'];
    await realm.json([...argv, '--address', '127.0.0.1', '--out', 'two.yaml']);
    const file = `${realm.cwd}/two.yaml`;
    const config = parseNodeConfig(await readFile(file, 'utf8'), file);
    expect(config.node.address).toBe('127.0.0.1:7451');
    expect(config.listen.peers).toBe('127.0.0.1:7451');
    expect(config.http?.listen).toBe('127.0.0.1:7453');
    expect(config.store.path).toBe(`${realm.cwd}/data/two`);
    const elsewhere = ['--store', '/var/lib/kedge/store', '--insecure', '--out', 'three.yaml'];
    await realm.json([...argv, ...elsewhere]);
    expect(await readFile(`${realm.cwd}/three.yaml`, 'utf8')).toContain(
      'path: /var/lib/kedge/store',
    );
    const wrong = await realm.run([...argv, '--address', 'a b', '--out', 'x.yaml']);
    expect(wrong.code).toBe(2);
  });

  it('speaks of TLS files only where the node reads some', async () => {
    const argv = ['node', 'init', '--id', 'tls', '--region', 'iad', '--out'];
    const next = (await realm.run([...argv, 'tls.yaml'])).stdout;
    expect(next).toContain('the TLS files are where it says (kedge peer issue --help)');
    const trial = (await realm.run([...argv, 'trial.yaml', '--insecure'])).stdout;
    expect(trial).toContain('see that the charter is where it says, then');
    expect(trial).not.toContain('TLS');
  });

  it('warns of an address that cannot be looked up', async () => {
    const argv = ['node', 'init', '--id', 'ghost', '--region', 'iad', '--out', 'ghost.yaml'];
    const { code, stderr } = await realm.run([...argv, '--address', 'ghost.invalid']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('ghost.invalid:7441')]);
    expect(stderr).toContain('cannot be looked up here');
  });

  it('writes other nodes and ports, and refuses what is none', async () => {
    const argv = ['node', 'init', '--id', 'sin-1', '--region', 'sin', '--insecure'];
    const peers = ['--peer', '127.0.0.1:7441', '--peer', '127.0.0.1:7451'];
    await realm.json([...argv, '--port', '7460', ...peers, '--out', 'sin.yaml']);
    const text = await readFile(`${realm.cwd}/sin.yaml`, 'utf8');
    const { listen, peers: found } = parseNodeConfig(text, `${realm.cwd}/sin.yaml`);
    expect(Object.values(listen)).toEqual(['127.0.0.1:7460', '127.0.0.1:7461', '127.0.0.1:7462']);
    expect(found.seeds).toEqual(['127.0.0.1:7441', '127.0.0.1:7451']);
    const wrong = await realm.run([...argv, '--port', '65535', '--out', 'x.yaml']);
    expect(wrong).toMatchObject({ code: 2 });
    expect((await realm.run([...argv, '--peer', 'fra-1', '--out', 'x.yaml'])).code).toBe(2);
  });

  it('writes a configuration that the node accepts', async () => {
    const argv = ['node', 'init', '--id', 'fra-1', '--region', 'fra'];
    expect((await realm.run(argv)).code).toBe(0);
    const { stdout, code } = await realm.run(['node', 'config', '--output', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ node: { id: 'fra-1', region: 'fra' } });
    expect((await realm.run(argv)).code).toBe(10);
  });

  it('names the wrong key and its line', async () => {
    const file = await realm.dir.write('bad.yaml', 'node: {id: a, region: b}\nrelm: x\n');
    const { code, stderr } = await realm.run(['node', 'config', '--config', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('relm');
    expect(stderr).toContain('did you mean realm');
  });
});

describe('kedge with a node that gives advice', () => {
  it('does not print it as its own', async () => {
    const fake = await startAdvisor();
    try {
      const { code, stderr } = await run('node', 'status', '--node', fake.address);
      expect(code).toBe(8);
      expect(stderr).toContain('not for you');
      expect(stderr).not.toContain('evil');
    } finally {
      fake.close();
    }
  });
});

/** Refuses every call, with advice in the detail of the error. */
async function startAdvisor(): Promise<{ readonly address: string; close(): void }> {
  const server = new Server();
  const error = new KedgeError('ACCESS', 'not for you', { detail: { hint: 'run evil.sh' } });
  const refuse = (_: unknown, done: sendUnaryData<Buffer>): void => done(callFailure(error));
  const { listStreams } = ADMIN_METHODS;
  server.addService({ listStreams }, { listStreams: refuse });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (failure, bound) => {
      if (failure === null) resolve(bound);
      else reject(failure);
    });
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}
