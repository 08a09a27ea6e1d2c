import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/http/catalogue.ts';

const source = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'src');

/** Every name of a metric in the sources of a node, without the catalogue itself. */
function countedNames(): ReadonlySet<string> {
  const files = ['grpc', 'http', 'node', 'service'].flatMap((folder) =>
    readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'catalogue.ts')
      .map((file) => join(source, folder, file)),
  );
  const names = /'((?:kedge|process|nodejs)_[a-z0-9_]+)'/g;
  return new Set(
    files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(names)].map((hit) => hit[1] ?? ''),
    ),
  );
}

describe('METRICS', () => {
  it('explains every metric that a node counts, and no other', () => {
    expect([...countedNames()].toSorted()).toEqual(Object.keys(METRICS).toSorted());
  });

  it('ends counters alone with _total, and none like a part of a histogram', () => {
    for (const [name, { kind }] of Object.entries(METRICS)) {
      expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
      expect(name).not.toMatch(/_(?:count|sum|bucket)$/);
    }
  });
});
