/**
 * The vectors on disk are those that the cases make. After a change of the cases:
 * `npx vitest run test/conformance/vectors.test.ts -u`.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GROUPS, readAllCases, readVectors, vectorPath } from './format.ts';
import { makeVectors } from './make/all.ts';

describe('conformance vectors', () => {
  const made = makeVectors();

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
    const tests = GROUPS.flatMap((group) => readVectors(group).covered).flatMap(
      ({ test }) => test ?? [],
    );
    const root = new URL('../../', import.meta.url);
    expect(tests.filter((test) => !existsSync(new URL(test, root)))).toEqual([]);
  });
});
