import { describe, expect, it } from 'vitest';
import { isProposing } from '../../../sim/people/proposer.ts';
import { replay } from '../../../sim/runs/replay.ts';
import { Runner } from '../../../sim/runs/run.ts';
import { hasRollouts } from '../../../sim/world/plan.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import {
  createMachine,
  decodeLine,
  encodeLine,
} from '../../../src/service/replication/recording.ts';

const SEEDS_MAX = 500;
const recorded = new Map<number, readonly (readonly string[])[]>();

// Seeds are simulated until one shows what is wanted, whatever else the machine does.
describe('a recording', { timeout: 120_000 }, () => {
  it('gives the same effects when it is replayed', async () => {
    const recordings = record(3);
    expect(recordings.length).toBeGreaterThan(2);
    await requireSame(recordings);
  });

  it('gives the same effects where admins propose and roll out', async () => {
    const isWanted = (seed: number): boolean => hasRollouts(seed) && isProposing(seed);
    await requireSame(recordWith(['"kind":"propose"', '"named":['], isWanted));
  });

  it('gives the same effects where a charter decides about a fork', async () => {
    // What was read of such a stream counts for the state of then.
    await requireSame(recordWith(['"holdings":[']));
  });

  it('shows the event for which a machine does something else', async () => {
    const [lines = []] = record(3);
    const changed = lines.map((line, at) =>
      at === 5 ? line.replace(/"effects":"./, '"effects":"z') : line,
    );
    expect((await replay(changed)).differs).toMatchObject({ line: 6 });
  });

  it('cannot begin in the middle', async () => {
    const [lines = []] = record(3);
    expect((await replay(lines.slice(1))).differs?.what).toContain('before the start');
  });

  it('keeps bytes and errors', () => {
    const error = new KedgeError('STORE', 'no room');
    const read = decodeLine(encodeLine({ bytes: new Uint8Array([1, 2]), error }));
    expect(read).toMatchObject({ bytes: new Uint8Array([1, 2]), error: { code: 'STORE' } });
    expect(() => decodeLine('{')).toThrow(expect.objectContaining({ code: 'PARSE' }));
  });
});

async function requireSame(recordings: readonly (readonly string[])[]): Promise<void> {
  for (const lines of recordings) {
    const { events, differs } = await replay(lines);
    expect(differs).toBeUndefined();
    expect(events).toBe(lines.length - 1);
  }
}

/** What the first of the wanted seeds records in which all this comes up. */
function recordWith(
  texts: readonly string[],
  isWanted: (seed: number) => boolean = () => true,
): readonly (readonly string[])[] {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const recordings = isWanted(seed) ? record(seed) : [];
    const all = recordings.flat().join('\n');
    if (texts.every((text) => all.includes(text))) return recordings;
  }
  throw new Error(`none of the seeds shows ${texts.join(' and ')}`);
}

/** What the processes of one simulated seed record, one list of lines each; each seed once. */
function record(seed: number): readonly (readonly string[])[] {
  const recordings = recorded.get(seed) ?? recordAnew(seed);
  recorded.set(seed, recordings);
  return recordings;
}

function recordAnew(seed: number): readonly (readonly string[])[] {
  const recordings: string[][] = [];
  const runner = new Runner({
    makeMachine: (options) => {
      const lines: string[] = [];
      recordings.push(lines);
      return createMachine(options, (line) => void lines.push(line));
    },
  });
  const plan = runner.plan(seed);
  runner.runPlan({ ...plan, endMs: plan.healAtMs });
  return recordings.toSorted((a, b) => b.length - a.length);
}
