import { describe, expect, it } from 'vitest';
import { foldName } from '../../../src/core/anchors/names.ts';

describe('foldName', () => {
  it.each([
    ['CN=Root One', 'CN=ROOT one'],
    ['CN=Root One', 'CN=Root   One'],
    ['CN=Root One', 'CN=\\ Root One'],
    ['CN=Root One', 'CN=Root One\\ '],
    ['O=Example\nCN=Root', 'O=Example \nCN= Root '],
  ])('makes one name of %j and %j', (one, other) => {
    expect(foldName(other)).toBe(foldName(one));
  });

  it.each([
    ['CN=Root One', 'CN=RootOne'],
    ['CN=Root One', 'CN=Root Two'],
    ['CN=Root', 'O=Root'],
    ['O=Example\nCN=Root', 'CN=Root\nO=Example'],
  ])('keeps %j and %j apart', (one, other) => {
    expect(foldName(other)).not.toBe(foldName(one));
  });
});
