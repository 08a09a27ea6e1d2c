import { beforeEach, describe, expect, it } from 'vitest';
import type { GossipEffect } from '../../../src/core/gossip/events.ts';
import type { FetchItem, FetchRequest, Frame } from '../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../src/core/gossip/machine.ts';
import { type Row, rowIn } from '../../../src/core/gossip/rows.ts';
import { parseNodeId } from '../../../src/core/ids.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import { makeEvidence } from '../../../src/core/trusted/evidence.ts';
import { type Evidence, emptyTrustedState } from '../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';

const BUNDLE = 'payments.test.example.org';
const HELD = 2;

/** A node that holds releases 1 and 2, and hears that there are two of number 5. */
describe('what lies below a fork', () => {
  let realm: TestRealm;
  let releases: readonly TestRelease[];
  let evidence: Evidence;
  let machine: GossipMachine;
  let batches: number;

  beforeEach(() => {
    realm = createTestRealm();
    releases = Array.from({ length: 5 }, () => realm.nextRelease(BUNDLE, (body) => body));
    const [first, after] = [at(5), at(4)];
    const rival = realm.nextRelease(BUNDLE, (body) => ({ ...body, note: 'rival' }), { after });
    const both = [first.document.statement, rival.document.statement];
    evidence = makeEvidence(first.stream, first.sequence, both);
    let state = emptyTrustedState(realm.name, realm.firstCharterDigest);
    for (const { document, issuedMs } of [realm.charter, ...releases.slice(0, HELD)]) {
      const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
      ({ state } = acceptDocument(state, offer, issuedMs));
    }
    const self = testHello('iad-1', realm);
    const membership = testMembership(self);
    machine = new GossipMachine({ self, hasSeeds: false, membership, state, random: () => 0.5 });
    machine.handle({ kind: 'link-up', linkId: '1', nodeId: parseNodeId('fra-1') }, TEST_EPOCH_MS);
    batches = 0;
    frame({ kind: 'hello', hello: testHello('fra-1', realm) });
    frame({ kind: 'fork', evidence });
  });

  it('shows in the row, so that others and this node find it out', () => {
    expect(row()).toMatchObject({ forked: true, sequence: 4, lacks: 2 });
    expect(machine.durable.streams.get(at(1).stream)).toMatchObject({ heldSequence: HELD });
  });

  it('is fetched from who knows the fork and holds it, up to the fork', () => {
    const { lacks: _, ...whole } = row();
    const requests = fetches(frame({ kind: 'held', row: whole }));
    expect(requests).toMatchObject([{ stream: at(1).stream, fromSequence: 3 }]);
    item(entry(3));
    item(entry(4));
    expect(row()).toEqual(whole);
    expect(machine.durable.streams.get(at(1).stream)?.head?.sequence).toBe(4);
  });

  it('is fetched from who has not heard of the fork, without what is beyond', () => {
    const { stream, sequence, digest } = at(5);
    const requests = fetches(
      frame({ kind: 'held', row: { stream, sequence, digest, forked: false } }),
    );
    expect(requests).toEqual([{ stream, fromSequence: 3, toSequence: 4 }]);
  });

  it('is not fetched from who lacks it too', () => {
    expect(fetches(frame({ kind: 'held', row: row() }))).toEqual([]);
  });

  function at(sequence: number): TestRelease {
    const found = releases[sequence - 1];
    if (found === undefined) throw new Error(`there is no release ${sequence}`);
    return found;
  }

  function row(): Row {
    const found = rowIn(machine.durable, at(1).stream);
    if (found === undefined) throw new Error('nothing is held');
    return found;
  }

  function entry(sequence: number): FetchItem {
    const { statement, body } = at(sequence).document;
    return { kind: 'entry', entry: { statement, content: { kind: 'whole', body }, blobs: [] } };
  }

  function item(sent: FetchItem): void {
    written(
      machine.handle({ kind: 'fetch-item', fetchId: 1, item: sent, recall: {} }, TEST_EPOCH_MS),
    );
  }

  function frame(sent: Frame): readonly GossipEffect[] {
    return written(
      machine.handle({ kind: 'frame', linkId: '1', frame: sent, recall: {} }, TEST_EPOCH_MS),
    );
  }

  /** The disk writes at once. */
  function written(effects: readonly GossipEffect[]): readonly GossipEffect[] {
    for (const effect of effects) {
      if (effect.kind !== 'persist') continue;
      batches += 1;
      machine.handle({ kind: 'persisted', batchId: batches }, TEST_EPOCH_MS);
    }
    return effects;
  }
});

function fetches(effects: readonly GossipEffect[]): readonly FetchRequest[] {
  return effects.flatMap((effect) => (effect.kind === 'fetch' ? effect.requests : []));
}
