/**
 * SIGKILL while a process appends: whatever it acknowledged is there afterwards.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openLevelStore } from '../../src/storage/open-store.ts';
import { at, documentOf, PAYMENTS } from '../contract/store-fixtures.ts';
import { childProgram, childResult } from '../support/child.ts';

const KILLS = 30;
/** Large enough that LevelDB changes its log and writes tables while it is killed. */
const BODY_BYTES = 60_000;

const root = await mkdtemp(join(tmpdir(), 'kedge-kill-'));
const program = childProgram(new URL('append-child.ts', import.meta.url));

afterAll(async () => {
  program.remove();
  await rm(root, { recursive: true });
});

describe('openLevelStore after SIGKILL', () => {
  it(`holds every acknowledged append, ${String(KILLS)} times`, { timeout: 120_000 }, async () => {
    const path = join(root, 'store');
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = program.run([path, String(BODY_BYTES)], { stdio: ['ignore', 'pipe', 'pipe'] });
      const wanted = acknowledged + 1 + ((kill * 7) % 23);
      child.stdout?.on('data', (chunk: Buffer) => {
        // Any moment after enough appends will do: the next one is under way by now.
        if (lastHeld(chunk.toString()) >= wanted) child.kill('SIGKILL');
      });
      const { stdout, stderr, signal } = await childResult(child);
      expect(signal, `${stdout}${stderr}`).toBe('SIGKILL');
      const found = Number(/^open (\d+)$/m.exec(stdout)?.[1]);
      expect(found).toBeGreaterThanOrEqual(acknowledged);
      // One that was written and not yet acknowledged may be there too.
      expect(found).toBeLessThanOrEqual(acknowledged + 1);
      acknowledged = Math.max(found, lastHeld(stdout));
    }
    await using store = await openLevelStore(path);
    const [head] = (await store.load()).heads;
    expect(head?.sequence).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(KILLS);
    for (let sequence = 1; sequence <= acknowledged; sequence += 1) {
      const { document } = documentOf(PAYMENTS, sequence, { bodyBytes: BODY_BYTES });
      const found = await store.document(PAYMENTS, at(sequence));
      expect(Buffer.compare(found?.body ?? Buffer.alloc(0), document.body)).toBe(0);
    }
  });
});

function lastHeld(stdout: string): number {
  return Number([...stdout.matchAll(/^held (\d+)\n/gm)].at(-1)?.[1] ?? 0);
}
