/**
 * The vectors on disk are those that the cases make. After a change of the cases:
 * `npx vitest run test/conformance/vectors.test.ts -u`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GROUPS, readAllCases, type VectorFile, vectorPath } from './format.ts';
import { makeVectors } from './make/all.ts';
import { conformanceTable, strayCases, unheldIds } from './make/table.ts';

describe('conformance vectors', () => {
  const made = makeVectors();
  const files = GROUPS.map((group) => JSON.parse(made[group]) as VectorFile);

  it.each(GROUPS)('of group %s come out byte by byte when they are made again', async (group) => {
    await expect(made[group]).toMatchFileSnapshot(fileURLToPath(vectorPath(group)));
  });

  it('have names of their own', () => {
    const names = readAllCases().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('give one root to one content, whatever came in which order', () => {
    const orders = readAllCases().filter(({ name }) => name.startsWith('C08 fork-order'));
    const roots = orders.map(({ status }) => status.root);
    expect(orders.length).toBeGreaterThan(3);
    expect(new Set(roots).size).toBe(1);
    const resolved = readAllCases().filter(({ name }) => name.startsWith('C12 resolution-order'));
    expect(resolved.length).toBeGreaterThan(3);
    expect(new Set(resolved.map(({ status }) => status.root)).size).toBe(1);
  });

  it('name tests that exist for what they leave to others', () => {
    const root = new URL('../../', import.meta.url);
    const covered = files.flatMap((file) => file.covered);
    const missing = covered.filter(({ test, title }) => {
      if (test === undefined) return false;
      const url = new URL(test, root);
      return !existsSync(url) || title === undefined || !readFileSync(url, 'utf8').includes(title);
    });
    expect(missing).toEqual([]);
  });

  it('speak of every case of the design, and the page says where each is held', async () => {
    expect(unheldIds(files)).toEqual([]);
    expect(strayCases(files)).toEqual([]);
    const page = new URL('../../docs/conformance-cases.md', import.meta.url);
    await expect(conformanceTable(files)).toMatchFileSnapshot(fileURLToPath(page));
  });
});
