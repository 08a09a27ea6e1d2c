import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleConfig } from '../../src/cli/commands/node-init.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import { type ProcessResult, runProcess, startProcess } from '../../src/testing/processes.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { BUNDLE, DRAFT, kedge, PASSPHRASE } from './support.ts';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

// `npm test` builds first; without a build there is nothing to run.
describe.skipIf(!existsSync(main))('the kedge program', () => {
  let dir: TempDir;
  let cwd: string;
  beforeAll(async () => {
    dir = await createTempDir('kedge-cli-');
    // Real processes have the real time.
    const init = ['realm', 'init', 'now.example.org', '--signer', 'ana', '--hold-down', '0'];
    await kedge([...init, '--scrypt-work-factor', '10', '--dir', dir.join('now')], {
      nowMs: Date.now(),
    });
    cwd = dir.join('now');
  });
  afterAll(async () => {
    await dir[Symbol.asyncDispose]();
  });

  function run(argv: readonly string[], env: Record<string, string> = {}): Promise<ProcessResult> {
    return runProcess({ argv: [main, ...argv], cwd, env: { KEDGE_PASSPHRASE: '', ...env } });
  }

  it('prints help and its version', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Usage: kedge');
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('ends with the exit code of the error, which goes to standard error', async () => {
    const result = await run(['charter', 'show', '--pin', 'ab'.repeat(32)]);
    expect(result).toMatchObject({ code: 4, stdout: '' });
    expect(result.stderr).toMatch(/^error: .*is pinned/);
  });

  it('does not wait for an answer when there is no terminal', async () => {
    const ca = createTestPki({ commonName: 'CA 1' }).caPem;
    const file = await dir.write('ca1.pem', ca);
    const added = await run(['anchor', 'add', file, '--bundle', BUNDLE]);
    expect(added.code).toBe(0);
    const argv = ['release', 'sign', DRAFT, '--key', 'signers/ana.age'];
    const silent = await run(argv);
    expect(silent.code).toBe(2);
    expect(silent.stderr).toContain('nobody can be asked');
    expect((await run([...argv, '--yes'], { KEDGE_PASSPHRASE: PASSPHRASE })).code).toBe(0);
  });

  it('runs a node until SIGTERM, publishes to it, watches and scrapes it', async () => {
    const [clients = 0, peers = 0, admins = 0, http = 0] = await findFreePorts(4);
    const sample = { id: 'n-1', region: 'r', realm: 'now.example.org', charter: 'charter-1.json' };
    const text = sampleConfig({ ...sample, security: 'insecure' })
      .replace(':7440', `:${clients}`)
      .replace(':7441', `:${peers}`)
      .replace(':7442', `:${admins}`)
      .replace(':7443', `:${http}`);
    const config = await dir.write('now/node.yaml', text);
    const profile = await dir.write(
      'now/insecure.yaml',
      `charters: [charter-1.json]\ninsecure: true\nnode: 127.0.0.1:${admins}\n` +
        `endpoints: ['127.0.0.1:${clients}']\nrealm: now.example.org\n` +
        `pin: "${await pinOf()}"\n`,
    );
    await using node = await startProcess({ argv: [main, 'node', 'run', '--config', config], cwd });
    await node.waitForLine('node.ready');
    const submitted = await run(['release', 'submit', DRAFT, '--profile', profile]);
    expect(submitted.stderr).toContain('the node knows no other node');
    expect(submitted.code).toBe(0);
    await using watch = await startProcess({
      argv: [main, 'watch', BUNDLE, '--profile', profile, '--output', 'json'],
      cwd,
    });
    expect(JSON.parse(await watch.waitForLine('"sequence":1'))).toMatchObject({ bundle: BUNDLE });
    expect(await watch.kill('SIGINT')).toEqual({ code: 0, signal: undefined });
    const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
    expect(metrics).toContain(`\nkedge_bundle_sequence{bundle="${BUNDLE}"} 1\n`);
    expect(await node.stop()).toEqual({ code: 0, signal: undefined });
    expect(node.stdout.at(-1)).toContain('node.stopped');
    const down = await run(['node', 'status', '--profile', profile]);
    expect(down.code).toBe(9);
  });

  it('says what is wrong when a node cannot start', async () => {
    const missing = await run(['node', 'run', '--config', 'none.yaml']);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('none.yaml');
  });

  it('is quiet when whoever reads its output has enough', async () => {
    const argv = ['bundle', 'show', '--file', `${BUNDLE}.release-1.json`, '--full'];
    const program = 'bash';
    const line = `"${process.execPath}" "${main}" ${argv.join(' ')} | head -n 1`;
    const result = await runProcess({ program, argv: ['-c', line], cwd });
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });

  async function pinOf(): Promise<string> {
    const shown = await run(['charter', 'show', '--output', 'json']);
    return (JSON.parse(shown.stdout) as { pin: string }).pin;
  }
});
