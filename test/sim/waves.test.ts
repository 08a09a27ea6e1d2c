import { beforeEach, describe, expect, it } from 'vitest';
import { Disk } from '../../sim/nodes/disk.ts';
import { Programs } from '../../sim/nodes/programs.ts';
import { Waves } from '../../sim/oracle/waves.ts';
import { parseNodeId, parseRegionName } from '../../src/core/ids.ts';
import type { Openness } from '../../src/core/rollouts/gates.ts';
import { encodeOpenness } from '../../src/core/rollouts/openness.ts';
import { headOf, type RolloutHead } from '../../src/core/trusted/state.ts';
import { createTestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { rolloutPlan } from '../../src/testing/rollouts.ts';

const BUNDLE = 'payments.test.example.org';
const OPENED: Openness = { openedMs: [1] };
const STOPPED: Openness = { openedMs: [], stop: { atMs: 1, wave: 0, refused: 1, maxFailures: 0 } };

describe('what programs get of a simulated rollout', () => {
  let waves: Waves;
  let host: Parameters<Waves['opens']>[0];
  let release: TestRelease;
  let rollout: RolloutHead;

  beforeEach(() => {
    const realm = createTestRealm({ rolloutSigner: 'robot' });
    const first = realm.nextRelease(BUNDLE, (body) => body);
    release = realm.nextRelease(BUNDLE, (body) => ({ ...body, delivery: 'waves' }));
    const { stream } = realm.nextRollout(BUNDLE, rolloutPlan(release, first));
    const head = headOf(realm.trustedState(), stream);
    if (head === undefined) throw new Error('no rollout');
    rollout = head;
    const identity = { nodeId: parseNodeId('iad-1'), region: parseRegionName('iad') };
    host = { identity, disk: new Disk('1') };
    for (const { sequence, digest, document } of [first, release]) {
      const documents = [{ stream: release.stream, sequence, digest, document }];
      host.disk.append({ documents, blobs: [] });
    }
    waves = new Waves({ nowMs: 0 });
  });

  it('comes in a wave that was noted as open', () => {
    host.disk.notes.set(rollout.body.bundle, encodeOpenness(rollout, OPENED));
    expect(give).not.toThrow();
  });

  it('may not come in a wave of which the disk knows nothing', () => {
    expect(give).toThrow(expect.objectContaining({ invariant: 'wave-noted' }));
  });

  it('may not be something that the node does not hold', () => {
    host.disk.notes.set(rollout.body.bundle, encodeOpenness(rollout, OPENED));
    host = { ...host, disk: new Disk('2') };
    expect(give).toThrow(expect.objectContaining({ invariant: 'delivered-held' }));
  });

  it('keeps open waves open, also over a restart, but for another store', () => {
    waves.opens(host, rollout, OPENED);
    waves.starts(host);
    const close = (): void => waves.opens(host, rollout, { openedMs: [] });
    expect(close).toThrow(expect.objectContaining({ invariant: 'wave-stays' }));
    waves.forget(host);
    expect(close).not.toThrow();
  });

  it('opens nothing that stopped', () => {
    waves.opens(host, rollout, STOPPED);
    const open = (): void => waves.opens(host, rollout, OPENED);
    expect(open).toThrow(expect.objectContaining({ invariant: 'wave-stays' }));
  });

  it('may not come by a wave that was opened out of its time', () => {
    const [wave] = rollout.body.waves;
    if (wave === undefined) throw new Error('no wave');
    const timed = { ...rollout.body, waves: [{ ...wave, notBeforeMs: 2 }] };
    rollout = { ...rollout, body: timed };
    host.disk.notes.set(timed.bundle, encodeOpenness(rollout, OPENED));
    expect(give).toThrow(expect.objectContaining({ invariant: 'wave-in-time' }));
    host.disk.notes.set(timed.bundle, encodeOpenness(rollout, { openedMs: [2] }));
    expect(give).not.toThrow();
  });

  it('opens by the true time, late where the process stood still', () => {
    const [wave] = rollout.body.waves;
    if (wave === undefined) throw new Error('no wave');
    const dayMs = 86_400_000;
    const body = { ...rollout.body, waves: [{ ...wave, notBeforeMs: dayMs }] };
    const opens = (atMs: number, trueMs: number | undefined) => () => {
      waves.requireInTime(host, { ...rollout, body }, { openedMs: [atMs] }, trueMs);
    };
    const outOfTime = expect.objectContaining({ invariant: 'wave-in-time' });
    expect(opens(dayMs - 1, undefined)).toThrow(outOfTime);
    expect(opens(dayMs, undefined)).not.toThrow();
    expect(opens(dayMs, dayMs)).not.toThrow();
    expect(opens(dayMs, dayMs - 1)).toThrow(outOfTime);
  });

  function give(): void {
    const { bundle } = rollout.body;
    const [program] = new Programs(1, 0).of(bundle);
    if (program === undefined) throw new Error('no program');
    waves.gives(host, rollout, { program, due: release, bundle });
  }
});
