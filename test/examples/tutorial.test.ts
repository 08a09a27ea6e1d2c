/**
 * The tutorial of `docs/sdk.md`, run as it is written there.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runProcess } from '../../src/testing/processes.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

describe('docs/sdk.md', { timeout: 60_000 }, () => {
  it('has a tutorial that runs and prints what it says', async () => {
    const guide = await readFile(join(ROOT, 'docs', 'sdk.md'), 'utf8');
    const [, program = ''] = /^```js\n(.*?)^```$/ms.exec(guide) ?? [];
    const [, output = ''] = /^```text\n(.*?)^```$/ms.exec(guide) ?? [];
    expect(program).toContain("from 'kedge'");
    // Inside the project, where `kedge` leads to its own build.
    await mkdir(join(ROOT, 'tmp'), { recursive: true });
    const folder = await mkdtemp(join(ROOT, 'tmp', 'tutorial-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'tutorial.mjs');
    await writeFile(file, program);
    const { code, stdout, stderr } = await runProcess({ argv: [file] });
    expect(stderr).toBe('');
    expect(stdout).toBe(output.trimEnd());
    expect(code).toBe(0);
  });
});
