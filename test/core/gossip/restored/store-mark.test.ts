import { describe, expect, it } from 'vitest';
import { generateSigningKey } from '../../../../src/core/crypto.ts';
import {
  judgeMark,
  NO_BOOT,
  parseMark,
  type SignedMark,
  type StoreMark,
  signMark,
  verifyMark,
} from '../../../../src/core/gossip/restored/store-mark.ts';
import { parseNodeId, parseRealmName } from '../../../../src/core/ids.ts';
import { expectCode } from '../../support.ts';

const KEY = generateSigningKey('ed25519');
const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const C = 'e'.repeat(32);
const Z = 'c'.repeat(32);
const MARK: StoreMark = {
  realm: parseRealmName('prod.example.org'),
  nodeId: parseNodeId('iad-1'),
  storeId: 'd'.repeat(32),
  bootId: A,
  after: Z,
  begin: 5,
  count: 20,
};
const WRITER = { realm: MARK.realm, nodeId: MARK.nodeId, publicKey: KEY.publicKey.spki };

function signed(change: Partial<StoreMark> = {}): SignedMark {
  const { publicKey } = WRITER;
  return signMark({ ...MARK, ...change }, { sign: (message) => KEY.sign(message), publicKey });
}

describe('A mark of a store', () => {
  it('is read by who knows the key of its node', () => {
    expect(verifyMark({ ...signed() }, WRITER)).toEqual(MARK);
    expect(parseMark(signed({ after: NO_BOOT }).payload)).toEqual({ ...MARK, after: NO_BOOT });
  });

  it('is refused when another key signed it, of another node or realm', () => {
    const { publicKey } = generateSigningKey('ed25519');
    const read = signed();
    expect(verifyMark(read, WRITER)).toEqual(MARK);
    expectCode('KEY', () => verifyMark(read, { ...WRITER, publicKey: publicKey.spki }));
    expectCode('ACCESS', () => verifyMark(signed({ nodeId: parseNodeId('iad-2') }), WRITER));
    expectCode('REALM', () => verifyMark(signed({ realm: parseRealmName('a.example') }), WRITER));
  });

  it.each([
    ['counts less than it began with', { begin: 21 }],
    ['counts from zero', { begin: 0 }],
    ['names no process', { bootId: 'a' }],
  ])('is refused when it %s', (_, change) => {
    expectCode('PARSE', () => verifyMark({ ...signed(change) }, WRITER));
  });
});

describe('What another mark says of the own store', () => {
  const own = (change: Partial<StoreMark>): StoreMark => ({ ...MARK, bootId: B, ...change });

  it.each([
    ['an earlier process, which wrote less', { after: A, begin: 21, count: 21 }, 'nothing'],
    ['one that wrote more than this one began with', { begin: 13, count: 13 }, 'older'],
    ['the same, whatever this one wrote since', { begin: 13, count: 90 }, 'older'],
    ['the same, from before that one started', { begin: 4, count: 4 }, 'older'],
    ['one that began as this one did', { begin: 20, count: 20 }, 'older'],
    ['one of another store', { storeId: B, begin: 1, count: 1 }, 'nothing'],
    ['one of another node', { nodeId: parseNodeId('iad-2'), begin: 1, count: 1 }, 'nothing'],
    ['the same process, with less', { bootId: A }, 'nothing'],
    ['the same process, with more than its memory says', { bootId: A, count: 19 }, 'older'],
  ] as const)('%s', (_, change, verdict) => {
    expect(judgeMark(own(change), MARK)).toBe(verdict);
  });

  it('a process that began on a copy of what this one wrote is the copy', () => {
    const child: StoreMark = { ...MARK, bootId: B, after: A, begin: 13, count: 13 };
    expect(judgeMark(MARK, child)).toBe('copied');
    expect(judgeMark(child, MARK)).toBe('older');
  });

  it('a copy that was started again cannot be told from one that went on from here', () => {
    const grandchild: StoreMark = { ...MARK, bootId: C, after: B, begin: 14, count: 14 };
    expect(judgeMark(MARK, grandchild)).toBe('older');
  });

  it('a copy that signed beyond what the original began with looks like one that went on', () => {
    const restarted: StoreMark = { ...MARK, bootId: C, after: A, begin: 21, count: 21 };
    const copy: StoreMark = { ...MARK, bootId: B, after: A, begin: 13, count: 60 };
    expect(judgeMark(restarted, copy)).toBe('older');
    expect(judgeMark({ ...restarted, begin: 61, count: 61 }, copy)).toBe('nothing');
  });

  it('of two that hold the same the one that began later goes on', () => {
    const child: StoreMark = { ...MARK, bootId: B, after: A, begin: 21, count: 21 };
    expect(judgeMark(MARK, child)).toBe('older');
    expect(judgeMark(child, MARK)).toBe('nothing');
  });
});
