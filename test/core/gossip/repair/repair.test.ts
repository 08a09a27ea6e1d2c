import { beforeEach, describe, expect, it } from 'vitest';
import type { GossipEffect } from '../../../../src/core/gossip/events.ts';
import type { Frame } from '../../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../../src/core/gossip/machine.ts';
import { NO_PREVIOUS, parseNodeId } from '../../../../src/core/ids.ts';
import { emptyTrustedState } from '../../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';

const SERVING = { others: 0, standing: 'serving' } as const;

describe('Repair', () => {
  let realm: TestRealm;
  let machine: GossipMachine;

  beforeEach(() => {
    realm = createTestRealm();
    machine = new GossipMachine({
      self: testHello('iad-1', realm),
      hasSeeds: false,
      membership: testMembership(testHello('iad-1', realm)),
      state: emptyTrustedState(realm.name, realm.firstCharterDigest),
      random: () => 0.5,
    });
    const { document } = realm.charter;
    machine.handle(
      { kind: 'submit', requestId: 1, document, blobs: [], recall: {} },
      TEST_EPOCH_MS,
    );
    machine.handle({ kind: 'persisted', batchId: 1 }, TEST_EPOCH_MS);
    linkUp('a');
  });

  it('asks for what changed since the last revision of the peer that it saw', () => {
    expect(digest({ revision: 3 })).toEqual([note(0), { kind: 'rows-ask', since: 0 }]);
    rows(3);
    expect(digest({ revision: 5 })).toEqual([note(3), { kind: 'rows-ask', since: 3 }]);
  });

  it('takes an acknowledgement of the next revision for a row that it saw', () => {
    rows(3);
    frame({ kind: 'held', row: charterRow(), revision: 4 });
    expect(digest({ revision: 4, seen: 9 })).toEqual([note(4)]);
  });

  it('starts from nothing when a link was lost before all that was said was fetched', () => {
    rows(3);
    frame({ kind: 'held', row: charterRow(), revision: 4 });
    machine.handle({ kind: 'link-down', linkId: 'a' }, TEST_EPOCH_MS);
    linkUp('b');
    expect(digest({ revision: 9 }, 'b')).toContainEqual({ kind: 'rows-ask', since: 4 });
    frame(
      { kind: 'held', row: { ...charterRow(), sequence: 2, digest: NO_PREVIOUS }, revision: 5 },
      'b',
    );
    machine.handle({ kind: 'link-down', linkId: 'b' }, TEST_EPOCH_MS);
    linkUp('c');
    expect(digest({ revision: 9 }, 'c')).toContainEqual({ kind: 'rows-ask', since: 0 });
  });

  it('starts from nothing when the peer started anew', () => {
    rows(3);
    machine.handle({ kind: 'link-down', linkId: 'a' }, TEST_EPOCH_MS);
    linkUp('b', '1');
    expect(digest({ revision: 5 }, 'b')).toContainEqual({ kind: 'rows-ask', since: 0 });
  });

  it('walks the tree when nothing is known of a peer with many rows', () => {
    expect(digest({ revision: 900, count: 900 }).map(({ kind }) => kind)).toEqual([
      'digest',
      'tree',
    ]);
  });

  it('walks the tree when both saw all of each other and still differ', () => {
    rows(3);
    expect(digest({ revision: 3, seen: 0 }).map(({ kind }) => kind)).toEqual(['digest']);
    expect(digest({ revision: 3, seen: 1 }).map(({ kind }) => kind)).toEqual(['digest', 'tree']);
  });

  it('answers a node of the tree with its children, and a bucket with its rows', () => {
    const [below] = frame({ kind: 'tree', nodes: [unlike(1)] });
    expect(below?.kind === 'tree' && below.nodes.map(({ index }) => index)).toHaveLength(16);
    const [answer] = frame({ kind: 'tree', nodes: [unlike(256), unlike(511)] });
    expect(answer?.kind === 'rows' && answer.rows.buckets).toHaveLength(32);
  });

  it('tells a peer what it lacks in a bucket that it showed', () => {
    const buckets = Array.from({ length: 4096 }, (_, at) => 4096 + at);
    expect(frame({ kind: 'rows', rows: { rows: [], buckets } })).toEqual([
      { kind: 'held', row: charterRow() },
    ]);
  });

  it('hangs up in the end on a peer that compares without end', () => {
    const nodes = Array.from({ length: 16 }, (_, at) => unlike(16 + at));
    const kinds = Array.from({ length: 100 }, () => effects({ kind: 'tree', nodes })).flat();
    expect(kinds.filter(({ kind }) => kind === 'close')).toHaveLength(1);
    expect(kinds.filter(({ kind }) => kind === 'send').length).toBeLessThan(100);
  });

  it('compares less often while all is equal and still', () => {
    expect(shows(4)).toBe(4);
    equal();
    expect(shows(16)).toBe(2);
    frame({ kind: 'held', row: charterRow() });
    expect(shows(16)).toBe(2);
    frame({ kind: 'rows-ask', since: 0 });
    expect(shows(4)).toBe(4);
    equal();
    expect(shows(16)).toBe(2);
    digest({ revision: 3 });
    expect(shows(4)).toBe(4);
  });

  it('compares at full pace until all peers were equal, whoever asked', () => {
    linkUp('z', '0', 'gru-1');
    expect(shows(1)).toBe(1);
    equal();
    expect(shows(4)).toBe(4);
    equal();
    expect(shows(4)).toBe(4);
    equal('z', 'answer');
    expect(shows(16)).toBe(2);
  });

  it('compares at full pace while something is written', () => {
    equal();
    const { document } = realm.nextRelease('bundle.test', (body) => body);
    const submit = { kind: 'submit', requestId: 2, document, blobs: [], recall: {} } as const;
    machine.handle(submit, TEST_EPOCH_MS);
    equal();
    expect(shows(4)).toBe(4);
    machine.handle({ kind: 'persisted', batchId: 2 }, TEST_EPOCH_MS);
    expect(shows(4)).toBe(4);
    equal();
    expect(shows(16)).toBe(2);
  });

  it('compares more often with a peer that was found to differ, but not only with that one', () => {
    linkUp('b', '0', 'sin-1');
    equal('b');
    digest({ revision: 1 });
    const shown = Array.from({ length: 8 }, () => shownIn(turn())).flat();
    expect(shown.filter((linkId) => linkId === 'a')).toHaveLength(6);
    expect(shown.filter((linkId) => linkId === 'b')).toHaveLength(2);
  });

  /** How many digests go out in so many turns. */
  function shows(turns: number): number {
    let count = 0;
    for (let i = 0; i < turns; i += 1) count += shownIn(turn()).length;
    return count;
  }

  function turn(): readonly GossipEffect[] {
    return machine.handle({ kind: 'timer', timer: { name: 'repair' } }, TEST_EPOCH_MS);
  }

  /** A peer shows that it holds the same. */
  function equal(linkId = 'a', ask: 'note' | 'answer' = 'note'): void {
    const { root, count } = machine.root;
    const digest = { root, count, revision: 1, seen: 1, ask, ...SERVING } as const;
    frame({ kind: 'digest', digest }, linkId);
  }

  function linkUp(linkId: string, boot = '0', peer = 'fra-1'): void {
    machine.handle({ kind: 'link-up', linkId, nodeId: parseNodeId(peer) }, TEST_EPOCH_MS);
    frame({ kind: 'hello', hello: testHello(peer, realm, { bootId: boot.repeat(32) }) }, linkId);
  }

  function effects(sent: Frame, linkId = 'a'): readonly GossipEffect[] {
    return machine.handle({ kind: 'frame', linkId, frame: sent, recall: {} }, TEST_EPOCH_MS);
  }

  function frame(sent: Frame, linkId = 'a'): Frame[] {
    return effects(sent, linkId).flatMap((one) => (one.kind === 'send' ? [one.frame] : []));
  }

  /** The peer shows a root that is not ours. */
  function digest(
    shown: { readonly revision: number; readonly seen?: number; readonly count?: number },
    linkId = 'a',
  ): Frame[] {
    const rest = { root: NO_PREVIOUS, count: 1, seen: 0, ask: 'answer', ...SERVING } as const;
    return frame({ kind: 'digest', digest: { ...rest, ...shown } }, linkId);
  }

  function rows(revision: number): void {
    frame({ kind: 'rows', rows: { rows: [], revision, buckets: [] } });
  }

  function note(seen: number): Frame {
    const { root, count } = machine.root;
    return { kind: 'digest', digest: { root, count, revision: 1, seen, ask: 'note', ...SERVING } };
  }

  function charterRow(): Extract<Frame, { kind: 'held' }>['row'] {
    const { digest: charterDigest } = realm.charter;
    return { stream: realm.charter.stream, sequence: 1, digest: charterDigest, forked: false };
  }

  function unlike(index: number): { index: number; hashes: Uint8Array } {
    return { index, hashes: new Uint8Array(128).fill(7) };
  }
});

/** The links on which a digest goes out. */
function shownIn(effects: readonly GossipEffect[]): readonly string[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.frame.kind === 'digest' ? [effect.linkId] : [],
  );
}
