/**
 * A charter that an admin hands in and that proves a fork: refused, once the proof is durable.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import type { GossipEffect, GossipEvent } from '../../../src/core/gossip/events.ts';
import { GossipMachine } from '../../../src/core/gossip/machine.ts';
import { CHARTER_STREAM } from '../../../src/core/ids.ts';
import { forkOf } from '../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';
import { ALICE, BOB, CAROL, DAVE, NOW_MS } from '../support.ts';
import { branch, recoveryKey, revealing, rolesOf } from '../trusted/charter-tree.ts';

const roles = rolesOf(['carol', 'dave', 'erin'], 4, 5, 6);
const stolen = branch('stolen', undefined, {}, ALICE, BOB);
const [first, second, third] = [recoveryKey(1), recoveryKey(2), recoveryKey(3)] as const;
const owners = [CAROL, DAVE] as const;
const back = branch('back', stolen, { roles, ...revealing(1, 2) }, first, second, ...owners);
const twice = branch('twice', undefined, { roles, ...revealing(2, 3) }, second, third, ...owners);

describe('a charter by recovery keys that signed before', () => {
  let machine: GossipMachine;

  beforeEach(() => {
    const { realm: name, firstCharterDigest } = back.state;
    const self = testHello('iad-1', { name, firstCharterDigest });
    machine = new GossipMachine({
      self,
      hasSeeds: false,
      membership: testMembership(self),
      state: back.state,
      random: () => 0.5,
    });
  });

  it('is refused when the proof is on disk, and not before', () => {
    const [written] = submit().filter(({ kind }) => kind === 'persist');
    expect(forkOf(machine.durable, CHARTER_STREAM)).toBeUndefined();
    const batchId = written?.kind === 'persist' ? written.batchId : 0;
    expect(replies(handle({ kind: 'persisted', batchId, count: 1 }))).toEqual(['FORK']);
    expect(forkOf(machine.durable, CHARTER_STREAM)).toBeDefined();
  });

  it('is refused for another reason when the disk does not take the proof', () => {
    const [written] = submit().filter(({ kind }) => kind === 'persist');
    const batchId = written?.kind === 'persist' ? written.batchId : 0;
    const error = new KedgeError('STORE', 'the disk refuses');
    expect(replies(handle({ kind: 'persist-failed', batchId, error }))).toEqual(['STORE']);
  });

  it('is refused to all who hand it in when the proof is on disk', () => {
    const [written] = submit().filter(({ kind }) => kind === 'persist');
    submit(2);
    const batchId = written?.kind === 'persist' ? written.batchId : 0;
    expect(replies(handle({ kind: 'persisted', batchId, count: 1 }))).toEqual(['FORK', 'FORK']);
    expect(replies(offer(3))).toEqual(['FORK']);
  });

  function submit(requestId = 1): readonly GossipEffect[] {
    const effects = offer(requestId);
    expect(replies(effects)).toEqual([]);
    return effects;
  }

  function offer(requestId: number): readonly GossipEffect[] {
    const { document } = twice;
    return handle({ kind: 'submit', requestId, document, blobs: [], recall: { holdings: [] } });
  }

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, NOW_MS);
  }
});

/** The codes of what is refused; `durable` for what is not. */
function replies(effects: readonly GossipEffect[]): readonly string[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'reply') return [];
    return effect.result.kind === 'refused' ? effect.result.error.code : effect.result.kind;
  });
}
