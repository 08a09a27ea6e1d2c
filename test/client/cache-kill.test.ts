/**
 * SIGKILL while the last-known-good copy is written (conformance E05): a whole state, old or new.
 */
import { writeFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { Cache } from '../../src/client/cache.ts';
import { restoreRealm } from '../../src/client/restore.ts';
import { encodeBase64, parseUtf8 } from '../../src/core/bytes.ts';
import { parseBundleName } from '../../src/core/ids.ts';
import { encodeEnvelope, type SignedDocument } from '../../src/core/statements/envelope.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { childProgram, childResult } from '../support/child.ts';

const KILLS = 15;
const BUNDLE = 'payments.test.example.org';
const program = childProgram(new URL('cache-child.ts', import.meta.url));
afterAll(() => program.remove());

describe('Cache after SIGKILL', () => {
  it(`holds one whole state, ${KILLS} times`, { timeout: 120_000 }, async () => {
    await using dir = await createTempDir();
    const anchors = createTestAnchors(8);
    const realm = createTestRealm();
    realm.nextRelease(BUNDLE, addActive(...anchors));
    for (let i = 0; i < 30 * KILLS; i += 1) {
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note: `release ${i}` }));
    }
    const plan = {
      realm: realm.name,
      pin: realm.firstCharterDigest,
      charter: textOf(realm.charter.document),
      releases: realm.releases(BUNDLE).map(({ document }) => textOf(document)),
      ders: anchors.map(({ der }) => encodeBase64(der)),
    };
    const planFile = await dir.write('plan.json', JSON.stringify(plan));
    await writeFile(dir.join('plan.json'), JSON.stringify(plan));
    const folder = dir.join('cache');
    const pin = {
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      bundles: [parseBundleName(BUNDLE)],
      minSequences: new Map(),
    };
    let saved = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = program.run([folder, planFile], { stdio: ['ignore', 'pipe', 'pipe'] });
      const wanted = saved + 1 + ((kill * 7) % 13);
      child.stdout?.on('data', (chunk: Buffer) => {
        if (lastSaved(chunk.toString()) < wanted) return;
        // Some moments into the next save, a different one each time.
        setTimeout(() => child.kill('SIGKILL'), kill % 5);
      });
      const { stdout, stderr, signal } = await childResult(child);
      expect(signal, `${stdout}${stderr}`).toBe('SIGKILL');
      const loaded = await new Cache(folder, pin).load();
      expect(loaded?.problems).toEqual([]);
      if (loaded === undefined) throw new Error('nothing was saved');
      const { inUse, problems } = restoreRealm(pin, loaded);
      expect(problems).toEqual([]);
      const sequence = inUse.get(parseBundleName(BUNDLE))?.bundle.sequence ?? 0;
      expect(sequence).toBeGreaterThanOrEqual(lastSaved(stdout));
      expect(sequence).toBeLessThanOrEqual(lastSaved(stdout) + 1);
      saved = sequence;
    }
    expect(saved).toBeGreaterThan(KILLS);
  });
});

function textOf({ statement, body }: SignedDocument): readonly [string, string] {
  return [parseUtf8(encodeEnvelope(statement)), encodeBase64(body)];
}

function lastSaved(stdout: string): number {
  return Number([...stdout.matchAll(/^saved (\d+)\n/gm)].at(-1)?.[1] ?? 0);
}
