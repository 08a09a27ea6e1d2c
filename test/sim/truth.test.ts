/**
 * What the oracle knows of signers: a seed never judges by what another one signed.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { Truth } from '../../sim/oracle/truth.ts';
import { signDecision, signOnTop } from '../../sim/people/decision.ts';
import { createPool } from '../../sim/people/pool.ts';
import { planSeed } from '../../sim/world/plan.ts';
import { World } from '../../sim/world/world.ts';
import { CHARTER_STREAM, parseBundleName, releaseStream } from '../../src/core/ids.ts';

const STREAM = releaseStream(parseBundleName('a.sim.example.org'));

describe('Truth', () => {
  it('knows of each seed what its own signers made, where others made the same', () => {
    const pool = createPool();
    const shared = { pool, truth: new Truth(pool) };
    const [one, other] = [1, 2].map(
      (seed) => new World(planSeed({ profile: 'dense', seed }, pool), shared),
    );
    const [byLeaver, byJoiner] = onTops(pool);
    expect(byLeaver?.digest).toBe(byJoiner?.digest);
    expect(byLeaver?.document.statement).not.toEqual(byJoiner?.document.statement);
    if (byLeaver === undefined || byJoiner === undefined) return;
    one?.truth.add(byLeaver);
    other?.truth.add(byJoiner);
    expect(one?.truth.recognise(byLeaver.document.statement)?.published).toBe(byLeaver);
    expect(other?.truth.recognise(byJoiner.document.statement)?.published).toBe(byJoiner);
    expect(one?.truth.recognise(byJoiner.document.statement)).toBeUndefined();
  });
});

/** Under version 5 after the same release: decided twice after charter 3, once after charter 4. */
function onTops(pool: ReturnType<typeof createPool>) {
  const { content, documents, states } = pool;
  const charters = documents.filter(({ stream }) => stream === CHARTER_STREAM);
  const head = states[charters[3]?.place ?? 0]?.streams.get(STREAM)?.head;
  if (head?.kind !== 'release') return [];
  const decision = [{ stream: STREAM, sequence: head.sequence, digest: head.digest }];
  return [
    signDecision({ content, base: 3 }, [decision, decision]),
    signDecision({ content, base: 4 }, [decision]),
  ].map((decided) => signOnTop(decided, head));
}
