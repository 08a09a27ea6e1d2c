import { describe, expect, it } from 'vitest';
import { allKeys, configReference } from '../../src/node/config-keys.ts';

describe('configReference', () => {
  it('is what docs/node-config.md says', async () => {
    await expect(configReference()).toMatchFileSnapshot('../../docs/node-config.md');
  });
});

describe('allKeys', () => {
  it('describes every key', () => {
    expect(allKeys().filter(({ description }) => description === '')).toEqual([]);
  });

  it('gives every number a unit, a range and a default', () => {
    const numbers = allKeys().filter(({ type }) => type === 'integer' || type === 'number');
    expect(numbers.length).toBeGreaterThan(0);
    for (const key of numbers) {
      expect([key.unit, key.range, key.defaultText], key.name).not.toContain(undefined);
    }
  });
});
