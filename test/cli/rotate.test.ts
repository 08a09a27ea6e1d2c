/**
 * `kedge rotate` and the commands that sign and publish at once, against a real node, with two
 * programs that make real handshakes. Nodes and commands have a clock that the test moves.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sampleConfig } from '../../src/cli/commands/node-init.ts';
import { liveTlsClient } from '../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../src/client/live/tls-server.ts';
import { onNotice } from '../../src/client/notices.ts';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import { sha256 } from '../../src/core/crypto.ts';
import { parsePem } from '../../src/core/pem.ts';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { createTestPki, type TestPki } from '../../src/testing/pki.ts';
import { listen, tlsIdentity } from '../client/support/tls.ts';
import { BUNDLE, type CliRealm, type CliRun, createCliRealm } from './support.ts';

const WAIT = { timeout: 30_000, interval: 100 };
const ANA = ['--key', 'signers/ana.age', '--yes'];
const BEN = ['--key', 'signers/ben.age', '--yes'];
const QUIET = ['--quiet', '15m'];
/** Programs have the machine's clock and take nothing from the future: all begins in the past. */
const BEGIN_MS = -2 * 3_600_000;
const since = { nowMs: Date.now() + 2 * BEGIN_MS };
const oldPki = createTestPki({ commonName: 'Old CA', ...since });
const newPki = createTestPki({ commonName: 'New CA', ...since });
/** How far the clocks of nodes and commands are from that of the machine. */
let aheadMs = BEGIN_MS;
const clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + aheadMs,
  monotonicMs: () => systemClock.monotonicMs() + aheadMs,
};
let realm: CliRealm;
let node: RunningNode;
let caller: BundleSource;
let callee: BundleSource;

beforeAll(async () => {
  const all = 'ana,ben,cleo';
  const roles = [`charter=2:${all}`, `release=2:${all}`, 'revoke=1:cleo'];
  const role = roles.flatMap((one) => ['--role', one]);
  const terms = ['--hold-down', '60s', '--overlap', '60s', ...role];
  realm = await createCliRealm(...terms);
  const sample = { id: 'iad-1', region: 'iad', realm: 'prod.example.org' };
  const text = sampleConfig({ ...sample, charter: 'charter-1.json', security: 'insecure' });
  const local = text.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:0');
  node = await runNode(parseNodeConfig(local, `${realm.cwd}/node.yaml`), { clock });
  await realm.dir.write('old.pem', oldPki.caPem);
  await realm.dir.write('new.pem', newPki.caPem);
  await run('anchor', 'add', '../old.pem', '--bundle', BUNDLE, ...ANA, ...BEN);
  [caller, callee] = await Promise.all([open(), open()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([caller.close(), callee.close()]);
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
});

async function open(): Promise<BundleSource> {
  const source = await openBundleSource({
    realm: 'prod.example.org',
    firstCharterDigest: realm.pin,
    endpoints: [node.addresses.clients ?? ''],
    insecure: true,
    bundles: [BUNDLE],
  });
  await source.ready({ timeoutMs: 30_000 });
  return source;
}

async function run(...given: readonly (string | AbortSignal)[]): Promise<CliRun> {
  const argv = given.filter((word) => typeof word === 'string');
  const signal = given.find((word) => typeof word !== 'string');
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\n`,
  );
  const env = { KEDGE_PASSPHRASE: 'correct horse battery', KEDGE_PROFILE: profile };
  return realm.run(argv, { nowMs: clock.nowMs(), env, ...(signal && { signal }) });
}

interface Told {
  readonly standing: string;
  readonly next: string | null;
  readonly made: { readonly sequence?: number };
  readonly steps: readonly {
    readonly standing: string;
    readonly blockers: readonly { readonly kind: string; readonly readyAt: string | null }[];
  }[];
}

/** One call, its exit code, and what it said. */
async function rotate(...argv: readonly string[]): Promise<Told & { readonly code: number }> {
  const { code, stdout, stderr } = await run('rotate', BUNDLE, ...argv, '--output', 'json');
  if (stdout === '') throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Told), code };
}

function kindsOf({ steps }: Told): readonly string[] {
  return steps.flatMap(({ blockers }) => blockers.map(({ kind }) => kind));
}

/** Calls until the exit code is another than that of waiting. */
async function waitedFor(...argv: readonly string[]): Promise<Told & { readonly code: number }> {
  return await vi.waitFor(async () => {
    const told = await rotate(...argv);
    expect(told.code, kindsOf(told).join()).not.toBe(11);
    return told;
  }, WAIT);
}

function idOf({ caPem }: TestPki): string {
  return sha256(parsePem(caPem)[0]?.der ?? new Uint8Array(0)).slice(0, 16);
}

/** One program calls the other with a leaf of `pki`. */
async function call(pki: TestPki): Promise<void> {
  const secureContext = tlsIdentity(pki.issue('callee'));
  const server = createServer({ requestCert: true, ...secureContext }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  using _ = liveTlsServer(callee, { bundle: BUNDLE, server, secureContext });
  const port = await listen(server);
  const identity = tlsIdentity(pki.issue('caller'));
  using client = liveTlsClient(caller, { bundle: BUNDLE, identity });
  const socket = client.connect({ host: '127.0.0.1', port, servername: 'localhost' });
  socket.on('data', () => undefined);
  await once(socket, 'close');
}

describe('kedge rotate', () => {
  it('stages the new CA with two signers, one after the other', async () => {
    const none = await run('rotate', BUNDLE);
    expect(none.stderr).toContain('was begun here, and no release names one');
    const begun = ['--from', 'Old CA', '--to', '../new.pem'];
    const drafted = await rotate(...begun);
    expect(drafted).toMatchObject({ code: 12, next: 'stage', standing: 'ready' });
    const first = await run('rotate', BUNDLE, ...ANA);
    expect(first.code).toBe(12);
    expect(first.stdout).toContain('missing 1 signature of the release role (ben, cleo)');
    // Whoever was passed the draft alone has no file of the rotation.
    const [own, moved] = [`${realm.cwd}/${BUNDLE}.rotation.json`, `${realm.cwd}/moved.json`];
    await rename(own, moved);
    const alone = await run('rotate', BUNDLE, ...BEN);
    await rename(moved, own);
    expect(alone.stderr).toContain(`kedge release sign ${BUNDLE}.rotation.draft.json`);
    expect(await rotate(...BEN)).toMatchObject({ code: 0, made: { sequence: 2 } });
    expect(existsSync(`${realm.cwd}/${BUNDLE}.rotation.release-2.json`)).toBe(true);
  }, 60_000);

  it('waits for the hold-down, and goes on where no file of it is', async () => {
    const early = await rotate(...ANA, ...BEN);
    expect(early).toMatchObject({ code: 11, next: 'activate', standing: 'waiting' });
    expect(kindsOf(early)).toContain('waiting');
    await rm(`${realm.cwd}/${BUNDLE}.rotation.json`);
    const { stdout } = await run('rotate', 'status', BUNDLE);
    expect(stdout).toMatch(/from: "Old CA" .*\n {2}to: {3}"New CA" /);
    expect(stdout).toMatch(/\[x\] stage .*\n(.*\n)*.*\[-\] hold-down/);
    aheadMs += 61_000;
    expect(await waitedFor(...ANA, ...BEN)).toMatchObject({ code: 0, made: { sequence: 3 } });
  }, 60_000);

  it('retires the old CA once the new one is used, and waits for it', async () => {
    const told = await rotate(...ANA, ...BEN, ...QUIET);
    expect(told).toMatchObject({ code: 11, next: 'retire' });
    expect(kindsOf(told)).toContain('not-taken-up');
    const young = told.steps
      .flatMap(({ blockers }) => blockers)
      .find(({ kind }) => kind === 'young');
    expect(young?.readyAt).toMatch(/Z$/);
    // How long is quiet was said once.
    const status = await run('rotate', 'status', BUNDLE);
    expect(status.stdout).toMatch(/1 node has not observed for 15 minutes: iad-1 \(until \S+Z at/);
    // Nothing but the notes of releases shows it at another desk, whatever came since.
    const at = ['--at', new Date(clock.nowMs() + 86_400_000).toISOString().slice(0, 19) + 'Z'];
    const what = ['release', 'plan-change', 'Old CA', '--bundle', BUNDLE, ...at];
    expect(await run(...what, '--impact', 'it ends', ...ANA, ...BEN)).toMatchObject({ code: 0 });
    const [own, moved] = [`${realm.cwd}/${BUNDLE}.rotation.json`, `${realm.cwd}/moved.json`];
    await rename(own, moved);
    const elsewhere = await run('rotate', 'status', BUNDLE);
    await rename(moved, own);
    expect(elsewhere.stdout).toContain(`from: "Old CA" (${idOf(oldPki)}, active)`);
    expect(elsewhere.stdout).toMatch(/to: {3}"New CA" .*\n(.*\n)*.*\[-\] taken-up/);
    const watching = rotate(...ANA, ...BEN, '--watch');
    await call(newPki);
    aheadMs += 16 * 60_000;
    expect(await watching).toMatchObject({ code: 0, next: 'retire', made: { sequence: 5 } });
  }, 60_000);

  it('removes the old CA in the end, and is done then', async () => {
    aheadMs += 61_000;
    const keyless = await run('rotate', BUNDLE, '--propose');
    expect(keyless.stderr).toContain('a proposal needs a signature');
    const proposed = await waitedFor(...ANA, '--propose');
    expect(proposed).toMatchObject({ code: 12, next: 'remove', made: { standing: 'open' } });
    const planned = await run('plan', `${BUNDLE}.rotation.draft.json`);
    expect(planned.stdout).toContain('Old CA');
    expect(planned.stdout).not.toContain('24 hours');
    const approved = await run('proposal', 'approve', BUNDLE, ...BEN);
    expect(approved.stdout).toContain(`Published: sequence 6 of release/${BUNDLE}`);
    const done = await rotate(...ANA);
    expect(done).toMatchObject({ code: 0, standing: 'done', from: { label: 'Old CA' } });
    const { stdout } = await run('rotate', 'status', BUNDLE);
    expect(stdout).toContain('no rotation is under way');
    const late = await run('rotate', BUNDLE, '--from', 'Old CA');
    expect(late.stdout).toContain('Done: the old anchor left with release 6');
    await rm(`${realm.cwd}/${BUNDLE}.rotation.json`);
    const later = await run('rotate', BUNDLE, '--from', 'Old CA');
    expect(later.stderr).toContain('with release 6: its rotation is over');
  }, 60_000);

  it('passes a gate only when it is named with a reason, which is signed', async () => {
    const thirdCa = await realm.dir.write(
      'third.pem',
      createTestPki({ commonName: 'Third' }).caPem,
    );
    const begun = ['--from', 'New CA', '--to', thirdCa];
    expect(await rotate(...begun, ...ANA, ...BEN)).toMatchObject({ code: 0 });
    aheadMs += 61_000;
    expect(await waitedFor(...ANA, ...BEN)).toMatchObject({ code: 0, next: 'activate' });
    const nameless = await run('rotate', BUNDLE, '--override', 'taken-up');
    expect(nameless.code).toBe(2);
    expect((await run('rotate', BUNDLE, '--override', 'overlap', '--reason', 'x')).code).toBe(2);
    const passed = ['--override', 'taken-up', '--reason', 'no program yet', ...ANA, ...BEN];
    expect(await waitedFor(...passed)).toMatchObject({ code: 0, next: 'retire' });
    const { stdout } = await run('bundle', 'show', BUNDLE);
    expect(stdout).toContain('override taken-up: no program yet (no use of the new anchor');
    const after = await run('rotate', BUNDLE, ...ANA);
    expect(after.code).toBe(11);
    expect(after.stdout).toMatch(
      /\[!\] taken-up .*\n +\+ closed, passed by release \d+: no program yet/,
    );
    expect(after.stdout).toMatch(/\[x\] loaded /);
    const status = await run('rotate', 'status', BUNDLE);
    expect(status.stdout).toMatch(/\[!\] taken-up /);
  }, 60_000);
});

describe('kedge rotate due', () => {
  it('lists what expires, with its own exit code', async () => {
    const none = await run('rotate', 'due', BUNDLE, '--within', '1d');
    expect([none.code, none.stdout]).toEqual([0, 'nothing is due within 1d\n']);
    const some = await run('rotate', 'due', BUNDLE);
    expect(some.code).toBe(1);
    expect(some.stdout).toMatch(/payments.*Third .*\(in 30 days\) +expires/);
  }, 60_000);
});

describe('kedge release plan-change', () => {
  it('reaches programs and a webhook, signed', async () => {
    const heard: string[] = [];
    using _ = onNotice(caller, ({ what, label, impact }) => {
      heard.push(`${what} ${label ?? ''}: ${impact}`);
    });
    const posted: string[] = [];
    const hook = createHttpServer((request, response) => {
      request.on('data', (chunk: Buffer) => posted.push(chunk.toString()));
      request.on('end', () => response.end());
    });
    const stop = new AbortController();
    const url = `http://127.0.0.1:${await listen(hook)}/`;
    const endpoint = ['--endpoint', node.addresses.clients ?? ''];
    const watching = run(stop.signal, 'watch', BUNDLE, ...endpoint, '--webhook', url);
    const at = ['--at', new Date(clock.nowMs() + 86_400_000).toISOString().slice(0, 19) + 'Z'];
    const what = ['release', 'plan-change', 'New CA', '--bundle', BUNDLE, ...at];
    const planned = await run(...what, '--impact', 'move before', ...ANA, ...BEN);
    expect(planned.code).toBe(0);
    expect(planned.stderr).toMatch(/announces: remove of "New CA" \([0-9a-f]{16}\) at /);
    const shown = await run('bundle', 'show', BUNDLE);
    expect(shown.stdout).toMatch(/\nannounced:\n {2}remove of "New CA" .*: move before$/m);
    const { stdout } = await run('bundle', 'show', BUNDLE, '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      planned: [{ what: 'remove', impact: 'move before', at: at[1] }],
    });
    await vi.waitFor(() => expect(heard).toEqual(['remove New CA: move before']), WAIT);
    await vi.waitFor(() => {
      expect(posted.join('\n')).toContain('"kind":"release"');
      expect(posted.join('\n')).toContain('"kind":"planned"');
    }, WAIT);
    stop.abort();
    expect((await watching).stderr).toContain('announces: remove of "New CA"');
  }, 60_000);
});

describe('commands with --key', () => {
  it('rolls back, signs and publishes in one command', async () => {
    const before = await run('bundle', 'show', BUNDLE, '--output', 'json');
    const { sequence } = JSON.parse(before.stdout) as { readonly sequence: number };
    const argv = ['release', 'rollback', String(sequence - 2), '--bundle', BUNDLE];
    const first = await run(...argv, ...ANA);
    expect(first.code).toBe(12);
    expect(first.stdout).toContain('not published: missing 1 signature of the release role');
    await rm(`${realm.cwd}/${BUNDLE}.draft.json`);
    expect((await run(...argv, '--note', 'x', ...BEN, '--submit')).code).toBe(2);
    const done = await run(...argv, ...BEN, '--key', realm.key('cleo'));
    expect(done.stdout).toContain(`Published release ${sequence + 1}`);
    const { stdout } = await run('bundle', 'show', BUNDLE);
    expect(stdout).toMatch(/active +New CA/);
  }, 60_000);

  it('revokes with the revoke role alone, whatever drafts lie about', async () => {
    await run('release', 'draft', '--bundle', BUNDLE);
    const argv = ['anchor', 'revoke', 'Third', '--bundle', BUNDLE, '--note', 'key stolen'];
    const ana = await run(...argv, ...ANA);
    expect(ana.stdout).toContain('missing 1 signature of the revoke role (cleo)');
    await rm(`${realm.cwd}/${BUNDLE}.revoke.draft.json`);
    const done = await run(...argv, '--key', realm.key('cleo'), '--yes');
    expect(done.stdout).toContain('Published release');
    const shown = await run('bundle', 'show', BUNDLE);
    expect(shown.code).toBe(0);
    expect(shown.stdout).not.toContain('Third');
  }, 60_000);

  it('goes on after a revocation that only the revoke role signed', async () => {
    const draft = ['--draft', 'after.draft.json'];
    const staged = await run(
      ...['anchor', 'stage', await realm.ca('Fourth'), '--bundle', BUNDLE, ...draft],
      ...[...ANA, '--key', realm.key('ben')],
    );
    expect(staged.code).toBe(0);
    expect(staged.stdout).toContain('Published release');
    expect((await run('bundle', 'show', BUNDLE)).stdout).toContain('Fourth');
  }, 60_000);
});
