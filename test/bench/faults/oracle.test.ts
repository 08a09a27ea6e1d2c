import { describe, expect, it } from 'vitest';
import { Oracle } from '../../../bench/faults/oracle.ts';
import type { StreamStatus } from '../../../src/core/admin/messages.ts';
import { createTestRealm, type TestRelease } from '../../../src/testing/realm.ts';

const releases = threeReleases();

function threeReleases(): readonly TestRelease[] {
  const realm = createTestRealm();
  return [1, 2, 3].map((n) =>
    realm.nextRelease('one.example.org', (body) => ({ ...body, note: `release ${n}` })),
  );
}

/** What a node says that holds the first so many releases. */
function heads(count: number): readonly StreamStatus[] {
  const head = releases[count - 1];
  if (head === undefined) return [];
  return [{ stream: head.stream, sequence: head.sequence, digest: head.digest }];
}

function oracle(): Oracle {
  const made = new Oracle();
  for (const release of releases) made.noteMade(release);
  return made;
}

describe('Oracle', () => {
  it('is content with nodes that only go on', () => {
    const watching = oracle();
    for (const count of [0, 1, 1, 3]) watching.judge('a', watching.floors('a'), heads(count));
    watching.judge('b', watching.floors('b'), heads(2));
    expect(watching.told).toEqual([]);
    expect(watching.violations).toBe(0);
  });

  it('tells when a node goes back', () => {
    const watching = oracle();
    watching.judge('a', watching.floors('a'), heads(3));
    watching.judge('a', watching.floors('a'), heads(2));
    expect(watching.told).toEqual(['a went back on release/one.example.org: 3 to 2']);
  });

  it('holds a node to what it acknowledged', () => {
    const watching = oracle();
    watching.noteAcknowledged('a', 'release/one.example.org', 2);
    watching.judge('a', watching.floors('a'), []);
    expect(watching.told).toEqual(['a went back on release/one.example.org: 2 to 0']);
  });

  it('does not blame a node for an answer that was on its way', () => {
    const watching = oracle();
    const floors = watching.floors('a');
    watching.noteAcknowledged('a', 'release/one.example.org', 2);
    watching.judge('a', floors, heads(1));
    expect(watching.told).toEqual([]);
  });

  it('tells when a node has something else in a place', () => {
    const watching = oracle();
    const [first, second] = releases;
    const lie = heads(2).map((head) => ({ ...head, digest: first?.digest ?? head.digest }));
    watching.judge('a', watching.floors('a'), lie);
    expect(second).toBeDefined();
    expect(watching.told).toEqual(['a has another release/one.example.org 2']);
  });

  it('tells in the end who lacks what somebody acknowledged', () => {
    const watching = oracle();
    watching.noteAcknowledged('a', 'release/one.example.org', 3);
    watching.judgeWhole('b', heads(2));
    watching.judgeWhole('c', heads(3));
    expect(watching.told).toEqual([
      'b lost release/one.example.org 3, which was acknowledged: has 2',
    ]);
  });
});
