import { describe, expect, it } from 'vitest';
import { CHARTER_STREAM, parseSequence, parseSha256 } from '../../../src/core/ids.ts';
import { movedLogs, nextHead, signHeartbeat } from '../../../src/core/log/attesting.ts';
import { verifyHeartbeat } from '../../../src/core/log/heartbeat.ts';
import { planConsistency } from '../../../src/core/log/plan.ts';
import { treeRoot } from '../../../src/core/log/tree.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import { BRANCHED, Branches } from '../../service/support/branches.ts';
import { ALICE, BOB, NOW_MS, REALM } from '../support.ts';
import { begin, nextCharter, STREAM, take } from '../trusted/world.ts';
import { FRA, leavesOf, logOf, policyOf, regionKey, treeAt } from './fixtures.ts';

const LINE = { name: 'region', keyHash: '', signature: new Uint8Array(0) };

describe('movedLogs', () => {
  it('adds the streams about which a new charter decides', () => {
    const decided = decidedState();
    expect(movedLogs(begin(), decided, [CHARTER_STREAM])).toEqual([CHARTER_STREAM, STREAM]);
    expect(movedLogs(begin(), begin(), [CHARTER_STREAM])).toEqual([CHARTER_STREAM]);
    expect(movedLogs(begin(), decided, [STREAM])).toEqual([STREAM]);
  });

  it('adds those about which a charter decided that came together with a later one', () => {
    const decided = decidedState();
    const later = take(decided, nextCharter(decided, { note: 'later' }, ALICE, BOB));
    expect(movedLogs(begin(), later, [CHARTER_STREAM])).toEqual([CHARTER_STREAM, STREAM]);
    // What was decided long ago moves nothing.
    expect(movedLogs(decided, later, [CHARTER_STREAM])).toEqual([CHARTER_STREAM]);
  });

  it('adds all streams after a recovery, also those of which nothing fell', () => {
    const realm = new Branches(NOW_MS);
    const { document } = realm.release(realm.root, undefined, 'ours');
    const before = take(realm.root.state, document);
    const { state } = realm.recovered(realm.root, 1);
    const after = { ...state, streams: before.streams };
    expect(movedLogs(before, after, [CHARTER_STREAM])).toEqual([CHARTER_STREAM, BRANCHED]);
    expect(movedLogs(after, after, [CHARTER_STREAM])).toEqual([CHARTER_STREAM]);
  });
});

describe('nextHead', () => {
  const log = logOf(leavesOf(5)).frontier;

  it('is the root over all that is durable, proven from what was cosigned before', () => {
    const state = begin();
    const first = nextHead(state, STREAM, log, {});
    expect(first.checkpoint).toMatchObject({ stream: STREAM, size: 5, root: treeRoot(log) });
    const cosigned = { ...nextHead(state, STREAM, logOf(leavesOf(3)).frontier, {}), line: LINE };
    const known = { cosigned: { ...cosigned, timeSeconds: 1 } };
    expect(nextHead(state, STREAM, log, known).plan).toEqual(planConsistency(3, 5));
  });

  it('has nothing to prove where a decision began another log, or the store holds less', () => {
    const [before, after] = [begin(), decidedState()];
    const long = nextHead(before, STREAM, logOf(leavesOf(9)).frontier, {});
    const known = { cosigned: { ...long, line: LINE, timeSeconds: 1 } };
    expect(nextHead(after, STREAM, log, known).plan).toEqual(planConsistency(0, 5));
    expect(nextHead(before, STREAM, log, known).plan).toEqual([]);
  });
});

describe('signHeartbeat', () => {
  it('gives one that verifies, with the whole second of the time', () => {
    const by = { realm: REALM, region: FRA, key: regionKey(FRA) };
    const beat = signHeartbeat(by, treeAt(3), NOW_MS + 999);
    expect(beat.timeSeconds).toBe(Math.floor((NOW_MS + 999) / 1000));
    verifyHeartbeat(policyOf(1), beat);
    expect(signHeartbeat(by, treeAt(3), 0).timeSeconds).toBe(1);
  });
});

/** A state whose newest charter decides about the stream. */
function decidedState(): TrustedState {
  const digest = parseSha256('a'.repeat(64));
  const resolutions = [{ stream: STREAM, sequence: parseSequence(1), digest }];
  const state = begin();
  return take(state, nextCharter(state, { resolutions }, ALICE, BOB));
}
