/**
 * SIGKILL while the last-known-good copy is written (conformance E05): a whole state, old or new.
 */
import type { ChildProcess } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { Cache } from '../../src/client/copy/cache.ts';
import { restoreRealm } from '../../src/client/copy/restore.ts';
import type { RealmPin } from '../../src/client/verified/realm-pin.ts';
import { encodeBase64, parseUtf8 } from '../../src/core/bytes.ts';
import { parseBundleName } from '../../src/core/ids.ts';
import { encodeEnvelope, type SignedDocument } from '../../src/core/statements/envelope.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { childProgram, childResult } from '../support/child.ts';

const KILLS = 15;
const RIVAL_KILLS = 3;
const BUNDLE = 'payments.test.example.org';
const program = childProgram(new URL('cache-child.ts', import.meta.url));
afterAll(() => program.remove());

describe('Cache after SIGKILL', () => {
  it(`holds one whole state, ${KILLS} times`, { timeout: 120_000 }, async () => {
    await using dir = await createTempDir();
    const made = await plan(dir, 30 * KILLS);
    let saved = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = program.run([made.folder, made.planFile], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const wanted = saved + 1 + ((kill * 7) % 13);
      child.stdout?.on('data', (chunk: Buffer) => {
        if (lastSaved(chunk.toString()) < wanted) return;
        // Some moments into the next save, a different one each time.
        setTimeout(() => child.kill('SIGKILL'), kill % 5);
      });
      const { stdout, stderr, signal } = await childResult(child);
      expect(signal, `${stdout}${stderr}`).toBe('SIGKILL');
      const sequence = await found(made);
      expect(sequence).toBeGreaterThanOrEqual(lastSaved(stdout));
      expect(sequence).toBeLessThanOrEqual(lastSaved(stdout) + 1);
      saved = sequence;
    }
    expect(saved).toBeGreaterThan(KILLS);
  });

  it('loses nothing that another program saved meanwhile', { timeout: 120_000 }, async () => {
    await using dir = await createTempDir();
    const made = await plan(dir, 400);
    let saved = 0;
    for (let kill = 0; kill < RIVAL_KILLS; kill += 1) {
      const start = (): ChildProcess =>
        program.run([made.folder, made.planFile], { stdio: ['ignore', 'pipe', 'pipe'] });
      const rivals = [start(), start(), start()];
      const results = rivals.map(async (child, index) => {
        let at = 0;
        child.stdout?.on('data', (chunk: Buffer) => {
          at = Math.max(at, lastSaved(chunk.toString()));
          // Each at another moment: the others go on writing.
          if (at < saved + 4 + 3 * index) return;
          setTimeout(() => child.kill('SIGKILL'), (kill + index) % 4);
        });
        const { stdout } = await childResult(child);
        return lastSaved(stdout);
      });
      const newest = Math.max(...(await Promise.all(results)));
      const sequence = await found(made);
      expect(sequence).toBeGreaterThanOrEqual(newest);
      saved = sequence;
    }
    expect(saved).toBeGreaterThan(4 * RIVAL_KILLS);
  });
});

interface Plan {
  readonly planFile: string;
  readonly folder: string;
  readonly pin: RealmPin;
}

/** Releases for the children to save, one after the other. */
async function plan(dir: TempDir, releases: number): Promise<Plan> {
  const anchors = createTestAnchors(8);
  const realm = createTestRealm();
  realm.nextRelease(BUNDLE, addActive(...anchors));
  for (let i = 0; i < releases; i += 1) {
    realm.nextRelease(BUNDLE, (body) => ({ ...body, note: `release ${i}` }));
  }
  const planFile = await dir.write(
    'plan.json',
    JSON.stringify({
      realm: realm.name,
      pin: realm.firstCharterDigest,
      charter: textOf(realm.charter.document),
      releases: realm.releases(BUNDLE).map(({ document }) => textOf(document)),
      ders: anchors.map(({ der }) => encodeBase64(der)),
    }),
  );
  const pin = {
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    bundles: [parseBundleName(BUNDLE)],
    minSequences: new Map(),
  };
  return { planFile, folder: dir.join('cache'), pin };
}

/** The sequence that a program which starts now finds. Everything has to be whole. */
async function found({ folder, pin }: Plan): Promise<number> {
  const loaded = await new Cache(folder, pin).load();
  expect(loaded?.problems).toEqual([]);
  if (loaded === undefined) throw new Error('nothing was saved');
  const { inUse, problems } = restoreRealm(pin, loaded);
  expect(problems).toEqual([]);
  return inUse.get(parseBundleName(BUNDLE))?.bundle.sequence ?? 0;
}

function textOf({ statement, body }: SignedDocument): readonly [string, string] {
  return [parseUtf8(encodeEnvelope(statement)), encodeBase64(body)];
}

function lastSaved(stdout: string): number {
  return Number([...stdout.matchAll(/^saved (\d+)\n/gm)].at(-1)?.[1] ?? 0);
}
