/**
 * What an application pays for embedding the SDK. Which packages of our own code may be loaded is
 * checked by the layer rules; here a real process counts.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { childProgram, childResult } from '../support/child.ts';

interface Cost {
  readonly tookMs: number;
  readonly addedBytes: number;
  readonly packages: readonly string[];
}

const program = childProgram(new URL('import-child.ts', import.meta.url));
afterAll(() => program.remove());

describe("import 'kedge'", () => {
  it('loads no package, and the source only what gRPC needs', async () => {
    const child = program.run([], { stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr, code } = await childResult(child);
    expect(code, stderr).toBe(0);
    const { imported, opened } = JSON.parse(stdout) as { imported: Cost; opened: Cost };
    expect(imported.packages).toEqual([]);
    expect(imported.addedBytes).toBeLessThan(30 * 1024 * 1024);
    // Not the bar (150 ms on an idle machine: `npm run bench -- sdk`), but far from a slip.
    expect(imported.tookMs).toBeLessThan(1500);
    expect(opened.packages).toContain('@grpc/grpc-js');
    const heavy = /^(level|classic-level|@peculiar|pino|zod|yaml|reflect-metadata|age-encryption)/;
    expect(opened.packages.filter((name) => heavy.test(name))).toEqual([]);
  });
});
