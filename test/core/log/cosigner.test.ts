import { describe, expect, it } from 'vitest';
import { parseRealmName } from '../../../src/core/ids.ts';
import type { Checkpoint } from '../../../src/core/log/checkpoint.ts';
import {
  type CosignerEffect,
  type CosignerEvent,
  type CosignerIdentity,
  type CosignerState,
  type CosignerStep,
  provenHead,
  stepCosigner,
} from '../../../src/core/log/cosigner.ts';
import { countCosignatures } from '../../../src/core/log/regions.ts';
import { expectCode, NOW_MS, REALM } from '../support.ts';
import { checkpointOf, consistencyOf, IAD, leavesOf, policyOf, regionKey } from './fixtures.ts';

const { publicKey, sign } = regionKey(IAD);
const identity: CosignerIdentity = { realm: REALM, region: IAD, key: publicKey };
const NOW_SECONDS = NOW_MS / 1000;

function step(state: CosignerState, event: CosignerEvent, nowMs: number = NOW_MS): CosignerStep {
  return stepCosigner(identity, state, event, nowMs);
}

/** The event of the stream's head, with the proof that the state asks for. */
function headOf(state: CosignerState, size: number, log?: string): CosignerEvent {
  const all = leavesOf(size, log);
  const from = Math.min(size, provenHead(state)?.size ?? 0);
  return { kind: 'head', checkpoint: checkpointOf(all), proof: consistencyOf(all, from) };
}

function signedBy(effects: readonly CosignerEffect[]): CosignerEvent {
  const [effect] = effects;
  if (effect?.kind !== 'sign') throw new Error('nothing to sign');
  return { kind: 'signed', signature: sign(effect.message) };
}

const kinds = ({ effects }: CosignerStep): readonly string[] => effects.map(({ kind }) => kind);

/** Takes a head all the way. */
function taken(state: CosignerState, head: CosignerEvent, nowMs: number = NOW_MS): CosignerState {
  const offered = step(state, head, nowMs);
  const signed = step(offered.state, signedBy(offered.effects), nowMs);
  return step(signed.state, { kind: 'persisted' }, nowMs).state;
}

function cosigned(state: CosignerState, size: number, nowMs: number = NOW_MS): CosignerState {
  return taken(state, headOf(state, size), nowMs);
}

/** A head without a proof of growth, as the first of a log. */
function firstOf(checkpoint: Checkpoint): CosignerEvent {
  return { kind: 'head', checkpoint, proof: [] };
}

describe('stepCosigner', () => {
  it('signs, writes and only then lets go (G20)', () => {
    const offered = step({}, headOf({}, 3));
    expect(kinds(offered)).toEqual(['sign']);
    const signed = step(offered.state, signedBy(offered.effects));
    expect(kinds(signed)).toEqual(['persist']);
    const done = step(signed.state, { kind: 'persisted' });
    expect(kinds(done)).toEqual(['release']);
    const [persist] = signed.effects;
    const [release] = done.effects;
    if (persist?.kind !== 'persist' || release?.kind !== 'release') throw new Error('unreachable');
    expect(release.record).toEqual(persist.record);
    const { checkpoint, line, timeSeconds } = release.record;
    expect(timeSeconds).toBe(NOW_SECONDS);
    expect(countCosignatures(policyOf(1), checkpoint, [line]).regions).toEqual([IAD]);
    expect(done.state).toEqual({ cosigned: release.record });
  });

  it('has let nothing go when it crashes before the write, whatever it signs then (G20)', () => {
    const before = cosigned({}, 3);
    const offered = step(before, headOf(before, 4));
    const signed = step(offered.state, signedBy(offered.effects));
    expect([...kinds(offered), ...kinds(signed)]).not.toContain('release');
    // After the restart the store has the record before.
    const { cosigned: record } = before;
    expect(record?.checkpoint.size).toBe(3);
    expect(cosigned(record ? { cosigned: record } : {}, 5).cosigned?.checkpoint.size).toBe(5);
  });

  it('goes on from the record before when signing or writing fails', () => {
    const before = cosigned({}, 3);
    const offered = step(before, headOf(before, 4));
    expect(step(offered.state, { kind: 'failed' })).toEqual({ state: before, effects: [] });
    const signed = step(offered.state, signedBy(offered.effects));
    const failed = step(signed.state, { kind: 'failed' });
    expect(failed).toEqual({ state: before, effects: [] });
    expect(step(step({}, headOf({}, 1)).state, { kind: 'failed' }).state).toEqual({});
  });

  it('takes only the newest of the heads that come during its work', () => {
    const offered = step({}, headOf({}, 1));
    let { state } = offered;
    for (const size of [2, 3, 4]) {
      const next = step(state, headOf(state, size));
      expect(next.effects).toEqual([]);
      ({ state } = next);
    }
    const signed = step(state, signedBy(offered.effects));
    const done = step(signed.state, { kind: 'persisted' });
    expect(kinds(done)).toEqual(['release', 'sign']);
    expect(provenHead(done.state)?.size).toBe(4);
  });

  it('does not sign the same head again', () => {
    const state = cosigned({}, 3);
    expect(step(state, headOf(state, 3))).toEqual({ state, effects: [] });
  });

  it('does not sign an empty log', () => {
    expect(step({}, headOf({}, 0)).effects).toEqual([]);
  });

  it('refuses a smaller head, also while the larger one is in work (G13)', () => {
    const state = cosigned({}, 3);
    expectCode('ROLLBACK', () => step(state, headOf(state, 2)));
    const { state: inWork } = step(state, headOf(state, 5));
    expectCode('ROLLBACK', () => step(inWork, headOf(inWork, 4)));
    const { state: waiting } = step(inWork, headOf(inWork, 7));
    expectCode('ROLLBACK', () => step(waiting, headOf(waiting, 6)));
  });

  it('refuses another root for a size that it signed, or that did not grow from it (G14)', () => {
    const state = cosigned({}, 3);
    expectCode('PROOF', () => step(state, headOf(state, 3, 'b')));
    expectCode('PROOF', () => step(state, headOf(state, 4, 'b')));
    const { state: inWork } = step(state, headOf(state, 5));
    expectCode('PROOF', () => step(inWork, headOf(inWork, 5, 'b')));
  });

  it('begins another log after a decision about the stream, and never goes back', () => {
    const state = cosigned({}, 3);
    const rival = { ...checkpointOf(leavesOf(3, 'b')), decidedBy: 2 };
    const offered = step(state, { kind: 'head', checkpoint: rival, proof: [] });
    const signed = step(offered.state, signedBy(offered.effects));
    const after = step(signed.state, { kind: 'persisted' }).state;
    expect(after.cosigned?.checkpoint).toEqual(rival);
    expectCode('ROLLBACK', () => step(after, headOf({}, 4)));
    const grown = { ...checkpointOf(leavesOf(4, 'b')), decidedBy: 2 };
    const proof = consistencyOf(leavesOf(4, 'b'), 3);
    expect(kinds(step(after, { kind: 'head', checkpoint: grown, proof }))).toEqual(['sign']);
    expectCode('PROOF', () => step(after, { kind: 'head', checkpoint: grown, proof: [] }));
  });

  it.each([0, 9])('begins another log after a recovery, though charter %i decided', (by) => {
    const before = { ...checkpointOf(leavesOf(3)), ...(by > 0 && { decidedBy: by }) };
    const state = taken({}, firstOf(before));
    // One release fell, and another one is in its place.
    const back = { ...checkpointOf(leavesOf(2)), recoveredBy: 4 };
    const recovered = taken(state, firstOf(back));
    expect(recovered.cosigned?.checkpoint).toEqual(back);
    const rival = { ...checkpointOf(leavesOf(3, 'b')), recoveredBy: 4 };
    expectCode('PROOF', () => step(recovered, firstOf(rival)));
    expectCode('ROLLBACK', () => step(recovered, firstOf(before)));
    const decided = taken(recovered, firstOf({ ...rival, decidedBy: 5 }));
    expectCode('ROLLBACK', () => step(decided, firstOf(rival)));
    const again = { ...back, recoveredBy: 6 };
    expect(taken(decided, firstOf(again)).cosigned?.checkpoint).toEqual(again);
  });

  it('never goes back in time, whatever the clock does', () => {
    const state = cosigned({}, 3);
    const later = cosigned(state, 4, NOW_MS - 86_400_000);
    expect(later.cosigned?.timeSeconds).toBe(NOW_SECONDS);
  });

  it('never says the time 0 (D11)', () => {
    expect(cosigned({}, 1, 0).cosigned?.timeSeconds).toBe(1);
  });

  it('refuses a head of another realm', () => {
    const checkpoint = {
      ...checkpointOf(leavesOf(1)),
      realm: parseRealmName('staging.example.org'),
    };
    expectCode('REALM', () => step({}, { kind: 'head', checkpoint, proof: [] }));
  });

  it('refuses a signature that does not verify', () => {
    const { state } = step({}, headOf({}, 1));
    expectCode('KEY', () => step(state, { kind: 'signed', signature: new Uint8Array(64) }));
  });

  it('refuses answers to what it did not ask', () => {
    const { state } = step({}, headOf({}, 1));
    expectCode('BUG', () => step(state, { kind: 'persisted' }));
    expectCode('BUG', () => step({}, { kind: 'persisted' }));
    expectCode('BUG', () => step({}, { kind: 'failed' }));
    expectCode('BUG', () => step({}, { kind: 'signed', signature: new Uint8Array(64) }));
  });
});
