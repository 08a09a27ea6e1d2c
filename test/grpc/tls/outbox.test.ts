/**
 * When lines write that have something to write in the same step.
 */
import { describe, expect, it } from 'vitest';
import { Outbox, WAITING_MAX, type Writer } from '../../../src/grpc/tls/outbox.ts';

/** Notes what it is let write. */
class Noted implements Writer {
  readonly #said: string[];

  constructor(said: string[]) {
    this.#said = said;
  }

  writeNow(bytes: Buffer): void {
    this.#said.push(bytes.toString());
  }
}

async function stepOver(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('Outbox', () => {
  it('lets all write when the step is over, in order', async () => {
    const outbox = new Outbox();
    const said: string[] = [];
    for (const text of ['a', 'b', 'c']) outbox.add(new Noted(said), Buffer.from(text));
    expect(said).toEqual([]);
    await stepOver();
    expect(said).toEqual(['a', 'b', 'c']);
  });

  it('holds a bounded number of writes', () => {
    const outbox = new Outbox();
    const said: string[] = [];
    for (let each = 0; each <= WAITING_MAX; each += 1) {
      outbox.add(new Noted(said), Buffer.from('a'));
    }
    expect(said).toHaveLength(WAITING_MAX);
  });

  it('goes on with the next step when it had to write before the end of one', async () => {
    const outbox = new Outbox();
    const said: string[] = [];
    outbox.add(new Noted(said), Buffer.from('a'));
    outbox.flush();
    outbox.add(new Noted(said), Buffer.from('b'));
    expect(said).toEqual(['a']);
    await stepOver();
    expect(said).toEqual(['a', 'b']);
  });
});
