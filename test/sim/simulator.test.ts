import { describe, expect, it } from 'vitest';
import { HashTrace } from '../../sim/runs/hash-trace.ts';
import { Runner } from '../../sim/runs/run.ts';
import type { Profile } from '../../sim/world/plan.ts';
import type { SeedResult } from '../../sim/world/seed.ts';
import * as mutants from './mutants.ts';

describe('the simulator', { timeout: 120_000 }, () => {
  const runner = new Runner();

  it('finds nothing wrong with the production machine', () => {
    const summary = runner.run(seeds(1, 8));
    expect(summary.failures).toEqual([]);
    expect(runner.run(seeds(1, 8), 'copied').failures).toEqual([]);
    expect(summary.seeds).toBe(8);
    expect(summary.nodeHours).toBeGreaterThan(1);
  });

  it.each([
    ['a fetch that a cut swallowed, from the only one that has it', 1755, [1]],
    ['a clock that is set while a charter is fetched', 12310, [2, 4, 5, 6]],
    [
      'a clock that was wrong, and the turn of those who have what it refused',
      22743,
      [0, 1, 2, 3, 5],
    ],
    ['what a peer said that it had, before a decision took it back', 25296, [0, 1, 2, 3, 4]],
    ['cosignatures that were asked for in vain for long', 20269, [1, 2, 4]],
    ['links that were all lost before they told of any other node', 2_000_066, [4]],
    ['a region that cannot cosign any more, and who asks for it', 12004, [0, 1]],
    ['a rollout below a fork that names a release in the store', 80284, [0, 2]],
    ['a release that came before its charter', 59916, [1, 2, 3, 4, 5, 6, 7]],
    ['a copy of a store that starts before the store does', 108223898, [2]],
    ['a decision about a fork above what a node holds', 34645, [1, 2, 3, 4]],
    ['a store that was copied before its first start, and put back', 43335, [1]],
    ['a restored store that needs a later release to follow', 10480, [0, 2, 4]],
    ['a proposal that a clock spoke against, which is right again', 87916, [0, 1, 3]],
    ['a store that went back by nothing but what its key cosigned', 205868133, [0, 3]],
  ])('comes over %s', (_, seed, faults) => {
    expect(runner.runPlan(runner.plan(seed, faults)).violation).toBeUndefined();
  });

  it('gives the same effects for the same seed, and others for another one', () => {
    const hashes = [5, 5, 6].map((seed) => {
      const trace = new HashTrace();
      runner.runPlan(runner.plan(seed), trace);
      return trace.value;
    });
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
  });

  it('plans the same fault whatever other faults are left out', () => {
    const seed = [...seeds(1, 50)].find((each) => runner.plan(each).faults.length > 3) ?? 0;
    const all = runner.plan(seed).faults;
    expect(runner.plan(seed, [2]).faults).toEqual([all[2]]);
    expect(runner.plan(seed, []).publications).toEqual(runner.plan(seed).publications);
  });
});

describe('the invariants', { timeout: 120_000 }, () => {
  it.each([
    ['serves before it persists', mutants.servesBeforePersisting, 'served-durable'],
    ['answers before it persists', mutants.repliesBeforePersisting, 'reply-durable'],
    ['acknowledges before it persists', mutants.acknowledgesBeforePersisting, 'claimed-durable'],
    ['passes on what it did not verify', mutants.forwardsUnverified, 'sent-verified'],
    ['serves an older state again', mutants.servesThePast, 'served-monotonic'],
    ['forgets the proof of a fork', mutants.forgetsEvidence, 'served-durable'],
    ['never dials again', mutants.neverDialsAgain, 'healed'],
    ['never compares', mutants.neverRepairs, 'converged'],
    ['floods its peers', mutants.floods, 'bounded'],
    ['shows nobody what it keeps of their stores', mutants.keepsMarksBack, 'copy-found'],
    ['takes its store for a copy on the word of a peer', mutants.believesMarks, 'copy-true'],
    ['counts no further than what a copy of its store signed', mutants.isOvertaken, 'copy-outrun'],
    ['takes its store for a copy when one of it runs', mutants.yieldsToCopies, 'copy-true'],
    ['counts nothing that its region cosigned', mutants.countsNoCosignatures, 'store-marked'],
    ['tells nobody of proposals', mutants.keepsProposalsBack, 'proposed'],
    ['publishes no proposal that has its signatures', mutants.neverPublishes, 'proposed'],
  ])('catch a machine that %s', (_, makeMachine, invariant) => {
    const runner = new Runner({ makeMachine });
    expect(firstViolation(runner)?.violation?.invariant).toBe(invariant);
  });

  it('catch a machine that is not deterministic', () => {
    const runner = new Runner({ makeMachine: mutants.isUnpredictable });
    expect(runner.run([128]).failures[0]?.invariant).toBe('deterministic');
  });

  it.each([
    ['asks nobody what its key cosigned', mutants.asksForNoLines, 'lines-asked'],
    ['tells nobody what it holds of their lines', mutants.keepsLinesBack, 'lines-asked'],
  ])('catch a machine with an old store that %s', (_, makeMachine, invariant) => {
    const runner = new Runner({ makeMachine });
    expect(firstViolation(runner, 'copied')?.violation?.invariant).toBe(invariant);
  });

  it('name the few faults that a failure needs, and how to see it again', () => {
    const runner = new Runner({ makeMachine: mutants.forgetsEvidence });
    const seed = firstViolation(runner)?.seed ?? 0;
    const [failure] = runner.run([seed]).failures;
    expect(failure?.faults.length).toBeLessThan(runner.plan(seed).faults.length);
    expect(failure?.replay).toMatch(/^npm run sim -- --seed \d+ --faults [\d,]+$/);
  });
});

function firstViolation(runner: Runner, profile: Profile = 'dense'): SeedResult | undefined {
  for (const seed of seeds(1, 100)) {
    const result = runner.runPlan(runner.plan(seed, undefined, profile));
    if (result.violation !== undefined) return result;
  }
  return undefined;
}

function* seeds(from: number, count: number): Generator<number> {
  for (let seed = from; seed < from + count; seed += 1) yield seed;
}
