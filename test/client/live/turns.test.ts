import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/client/live/turns.ts';

/** How often the event loop turned until `work` was done. */
async function turnsDuring(work: () => Promise<void>): Promise<number> {
  let turned = 0;
  const stop = new AbortController();
  const counting = (async () => {
    while (!stop.signal.aborted) {
      await nextTurn();
      turned += 1;
    }
  })();
  await work();
  stop.abort();
  await counting;
  return turned;
}

/** A step that takes more than a piece. */
function long(): void {
  const untilMs = performance.now() + 1;
  while (performance.now() < untilMs);
}

describe('Turns', () => {
  it('lets the event loop turn between long steps, whoever they belong to', async () => {
    const turns = new Turns();
    const each = async (): Promise<void> => {
      for (let step = 0; step < 5; step += 1) await turns.run(long);
    };
    const turned = await turnsDuring(async () => {
      await Promise.all([each(), each()]);
    });
    expect(turned).toBeGreaterThanOrEqual(9);
  });

  it('rests after each piece, for many turns of a loop that has little to do', async () => {
    const turns = new Turns();
    const turned = await turnsDuring(async () => {
      for (let step = 0; step < 10; step += 1) await turns.run(long);
    });
    expect(turned).toBeGreaterThan(20);
  });

  it('rests no more when the work lasts', async () => {
    const turns = new Turns();
    const untilMs = performance.now() + 300;
    while (performance.now() < untilMs) await turns.run(long);
    const turned = await turnsDuring(async () => {
      for (let step = 0; step < 10; step += 1) await turns.run(long);
    });
    expect(turned).toBeLessThan(20);
  });

  it('gives back what a step gives, and throws what it throws, and goes on', async () => {
    const turns = new Turns();
    expect(await turns.run(() => 7)).toBe(7);
    await expect(
      turns.run(() => {
        throw new Error('of the step');
      }),
    ).rejects.toThrow('of the step');
    expect(await turns.run(() => 8)).toBe(8);
  });

  it('lets a turn end between parts of long work, and not of short work', async () => {
    let turned = 0;
    setImmediate(() => {
      turned += 1;
    });
    await new Turns().pass(8);
    expect(turned).toBe(0);
    await new Turns().pass(9);
    expect(turned).toBe(1);
  });
});
