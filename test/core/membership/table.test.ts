import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import { parseNodeId, parseRealmName } from '../../../src/core/ids.ts';
import type { MemberRecord, SignedMember } from '../../../src/core/membership/record.ts';
import { MemberTable, type Taken } from '../../../src/core/membership/table.ts';
import { ed25519Key, expectCode } from '../support.ts';
import { peerOf, recordOf, signedOf } from './people.ts';

const NODE_2 = parseNodeId('n2');

function tableOf(number: number, membersMax: number = 100): MemberTable {
  const record = recordOf(number);
  return new MemberTable({ record, signed: signedOf(number), state: 'alive' }, 0, membersMax);
}

function take(table: MemberTable, signed: SignedMember, from: number = 9): Taken {
  return table.take(signed, { peer: peerOf(from), pay: () => {} }, 0);
}

describe('MemberTable', () => {
  it('takes a new member, then a newer record, and not an older one', () => {
    const table = tableOf(1);
    expect(take(table, signedOf(2)).kind).toBe('news');
    expect(take(table, signedOf(2)).kind).toBe('known');
    expect(take(table, signedOf(2, { incarnation: 5 }))).toMatchObject({
      kind: 'news',
      before: 'alive',
    });
    expect(take(table, signedOf(2, { incarnation: 4 })).kind).toBe('old');
    expect(table.get(NODE_2)?.record.incarnation).toBe(5);
  });

  it('notes the software that a member tells of itself, and of others what is not known', () => {
    const table = tableOf(1);
    const told = (version: string, change: Partial<MemberRecord> = {}): SignedMember => {
      return { ...signedOf(2, change), software: { version, documents: 1 } };
    };
    const known = (): string | undefined => table.get(NODE_2)?.signed.software?.version;
    take(table, signedOf(2));
    expect([known(), take(table, told('1.0.0')).kind, known()]).toEqual([
      ...[undefined, 'software', '1.0.0'],
    ]);
    expect([take(table, told('0.0.1')).kind, known()]).toEqual(['known', '1.0.0']);
    expect([take(table, told('2.0.0'), 2).kind, known()]).toEqual(['software', '2.0.0']);
    expect([take(table, signedOf(2), 2).kind, known()]).toEqual(['known', '2.0.0']);
    const lied = told('0.0.2', { incarnation: 2 });
    expect([take(tableOf(1), lied).kind, take(table, lied).kind, known()]).toEqual([
      ...['news', 'news', '2.0.0'],
    ]);
    // The same process, by somebody who does not pass it on; then another process.
    expect([take(table, signedOf(2, { incarnation: 3 })).kind, known()]).toEqual(['news', '2.0.0']);
    const restarted = { incarnation: 4, bootId: 'ab'.repeat(16) };
    expect([take(table, signedOf(2, restarted)).kind, known()]).toEqual(['news', undefined]);
    expect([take(table, told('3.0.0', restarted)).kind, known()]).toEqual(['software', '3.0.0']);
  });

  it('lets nobody make it tell others of software faster than signatures are checked', () => {
    const table = tableOf(1);
    take(table, signedOf(2), 2);
    const pay = (): void => {
      throw new KedgeError('LIMIT', 'too fast');
    };
    const told = { ...signedOf(2), software: { version: '9.9.9', documents: 9 } };
    expectCode('LIMIT', () => table.take(told, { peer: peerOf(2), pay }, 0));
    expect(table.get(NODE_2)?.signed.software).toBeUndefined();
  });

  it('refuses a forged record and one of another realm, and stays as it was', () => {
    const table = tableOf(1);
    const { root } = table.digest;
    const forged = { payload: signedOf(2).payload, signature: signedOf(3).signature };
    expectCode('KEY', () => take(table, forged));
    const realm = parseRealmName('other.example.org');
    expectCode('REALM', () => take(table, signedOf(2, { realm })));
    expect(table.digest.root).toBe(root);
    expect(table.size).toBe(1);
  });

  it('keeps the first key of a node id against what others relay', () => {
    const table = tableOf(1);
    take(table, signedOf(2));
    expectCode('CONFLICT', () => take(table, signedOf(2, { incarnation: 9 }, ed25519Key(7))));
    expect(table.get(NODE_2)?.binding).toBe('first-seen');
    expect(table.get(NODE_2)?.record.incarnation).toBe(1);
  });

  it('believes the member itself about its key, whatever came before', () => {
    const table = tableOf(1);
    take(table, signedOf(2, { incarnation: 9 }, ed25519Key(7)));
    expect(take(table, signedOf(2), 2)).toMatchObject({ kind: 'news', key: 'new' });
    expect(table.get(NODE_2)).toMatchObject({ binding: 'confirmed', record: { incarnation: 1 } });
    expectCode('CONFLICT', () => take(table, signedOf(2, { incarnation: 9 }, ed25519Key(7))));
  });

  it('refuses a member that names another region than its certificate', () => {
    const table = tableOf(1);
    const introduction = { peer: peerOf(2, 'fra'), pay: () => {} };
    expectCode('ACCESS', () => table.take(signedOf(2), introduction, 0));
  });

  it('lets nobody speak for this node with another key', () => {
    const table = tableOf(1);
    expectCode('CONFLICT', () => take(table, signedOf(1, { incarnation: 9 }, ed25519Key(7))));
    expect(take(table, signedOf(1, { incarnation: 9 })).kind).toBe('self');
    expect(table.self.record.incarnation).toBe(1);
  });

  it('checks no signature that it does not need or that is not paid for', () => {
    const table = tableOf(1);
    const pay = (): void => {
      throw new KedgeError('LIMIT', 'too many');
    };
    expectCode('LIMIT', () => table.take(signedOf(2), { peer: peerOf(9), pay }, 0));
    take(table, signedOf(2, { incarnation: 3 }));
    const introduction = { peer: peerOf(9), pay };
    expect(table.take(signedOf(2, { incarnation: 3 }), introduction, 0).kind).toBe('known');
    expect(table.take(signedOf(2), introduction, 0).kind).toBe('old');
  });

  it('is bounded, and a flood pushes out no confirmed member', () => {
    const max = 40;
    const table = tableOf(1, max);
    take(table, signedOf(2), 2);
    const key = ed25519Key(9);
    const invented = (i: number): SignedMember =>
      signedOf(9, { nodeId: parseNodeId(`x${i}`) }, key);
    for (let i = 0; i < max - 2; i += 1) take(table, invented(i));
    expect(table.size).toBe(max);
    expectCode('LIMIT', () => take(table, invented(max)));
    expect(take(table, signedOf(3), 3)).toMatchObject({ kind: 'news', evicted: {} });
    expect(table.size).toBe(max);
    expect(table.get(NODE_2)).toBeDefined();
  });

  it('knows nothing of members that were gone before it heard of them', () => {
    const table = tableOf(1);
    expect(take(table, signedOf(2, { status: 'left' })).kind).toBe('gone');
    expect(table.size).toBe(1);
  });

  it('comes to one root whatever the order of the records', () => {
    const records = [2, 3, 4].flatMap((number) =>
      [1, 2].flatMap((incarnation) =>
        (['alive', 'left'] as const).map((status) => signedOf(number, { incarnation, status })),
      ),
    );
    // A farewell of an unknown member is not kept, so each is known before.
    const known = [2, 3, 4].map((number) => signedOf(number, { incarnation: 0 }));
    const rootAfter = (some: readonly SignedMember[]): string => {
      const table = tableOf(1);
      for (const signed of [...known, ...some]) take(table, signed);
      return table.digest.root;
    };
    fc.assert(
      fc.property(fc.shuffledSubarray(records), (some) => {
        expect(rootAfter(some)).toBe(rootAfter(some.toReversed()));
      }),
      { numRuns: 20 },
    );
  });
});
