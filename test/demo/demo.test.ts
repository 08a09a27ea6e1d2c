import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProcess, startProcess } from '../../src/testing/processes.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const main = join(root, 'dist/demo/main.js');
const PLAY_MAX_MS = 110_000;

/** The lines that the demonstration says can be pasted. */
function commandsIn(lines: readonly string[]): readonly string[] {
  return lines
    .filter((_, i) => lines[i - 1]?.startsWith('  # ') === true)
    .map((line) => line.trim())
    .map((line) => (line.startsWith('kedge watch ') ? `${line} --once` : line));
}

describe('the demonstration', () => {
  it('shows the main job, prints commands that work, and leaves nothing behind', async () => {
    await using demo = await startProcess({ argv: [main, '--json'], cwd: root });
    await demo.waitForLine('Ctrl-C here ends everything', { timeoutMs: PLAY_MAX_MS });
    const commands = commandsIn(demo.stderr);
    expect(commands.length).toBeGreaterThan(5);
    const script = ['set -e', ...commands].join('\n');
    const visit = await runProcess({ program: 'bash', argv: ['-c', script], cwd: root });
    expect(visit, visit.stderr).toMatchObject({ code: 0 });
    expect(visit.stdout).toContain('Published release 6');
    const exit = await demo.kill('SIGINT');
    expect(exit.code, demo.stderr.slice(-12).join('\n')).toBe(0);
    expect(JSON.parse(demo.stdout.at(-1) ?? '')).toMatchObject({
      regions: 3,
      nodes: 3,
      failedRequests: 0,
      restarts: 0,
      oldLeafRefused: true,
      oldSessionRefused: true,
    });
    const folder = /cd (\S+);/.exec(commands[0] ?? '')?.[1] ?? root;
    expect(existsSync(folder)).toBe(false);
  }, 170_000);

  it('refuses options that it does not know', async () => {
    const result = await runProcess({ argv: [main, '--fast'], cwd: root });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('usage: npm start');
  });
});
