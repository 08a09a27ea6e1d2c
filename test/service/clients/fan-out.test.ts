/**
 * The order in which subscribers are served.
 */
import { describe, expect, it } from 'vitest';
import { BATCH, FanOut, type Receiver, WAITERS } from '../../../src/service/clients/fan-out.ts';
import { Prepared } from '../../../src/service/clients/prepared.ts';

/** Waits for one turn of the event loop. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

class Served implements Receiver {
  times = 0;
  failure: unknown;
  waitsFor: Prepared<unknown> | undefined;

  pump(): Prepared<unknown> | undefined {
    this.times += 1;
    return this.waitsFor?.value === undefined ? this.waitsFor : undefined;
  }

  failed(thrown: unknown): void {
    this.failure = thrown;
  }
}

function many(count: number): readonly Served[] {
  return Array.from({ length: count }, () => new Served());
}

function servedOf(all: readonly Served[]): number {
  return all.filter(({ times }) => times > 0).length;
}

describe('FanOut', () => {
  it('serves a batch, lets the event loop turn, and serves the next', async () => {
    const fanOut = new FanOut();
    const all = many(2 * BATCH + 1);
    for (const one of all) fanOut.add(one);
    expect(servedOf(all)).toBe(0);
    await turn();
    expect(servedOf(all)).toBe(BATCH);
    await turn();
    expect(servedOf(all)).toBe(2 * BATCH);
    await turn();
    expect(servedOf(all)).toBe(all.length);
    expect(fanOut.size).toBe(0);
  });

  it('serves a receiver once, however often it was added', async () => {
    const fanOut = new FanOut();
    const one = new Served();
    for (let times = 0; times < 5; times += 1) fanOut.add(one);
    await turn();
    await turn();
    expect(one.times).toBe(1);
  });

  it('serves those that wait for the same again when it is there', async () => {
    const fanOut = new FanOut();
    let make: ((value: string) => void) | undefined;
    const update = new Prepared(
      new Promise<string>((resolve) => {
        make = resolve;
      }),
    );
    const [other = new Served(), ...waiting] = many(4);
    for (const one of waiting) one.waitsFor = update;
    for (const one of [...waiting, other]) fanOut.add(one);
    await turn();
    expect([...waiting, other].map(({ times }) => times)).toEqual([1, 1, 1, 1]);
    make?.('made');
    await turn();
    await turn();
    expect([...waiting, other].map(({ times }) => times)).toEqual([2, 2, 2, 1]);
  });

  it('looks once at most of those that need what is being made', async () => {
    const fanOut = new FanOut();
    let make: ((value: string) => void) | undefined;
    const update = new Prepared(
      new Promise<string>((resolve) => {
        make = resolve;
      }),
    );
    const all = many(BATCH);
    for (const one of all) {
      one.waitsFor = update;
      fanOut.add(one);
    }
    await turn();
    expect(servedOf(all)).toBe(WAITERS);
    make?.('made');
    await turn();
    await turn();
    expect(all.map(({ times }) => times)).toEqual(all.map((_, at) => (at < WAITERS ? 2 : 1)));
  });

  it('keeps a part of each batch from those that wait again and again', async () => {
    const fanOut = new FanOut();
    const greedy = many(BATCH);
    for (const one of greedy) {
      one.waitsFor = new Prepared(new Promise<never>(() => undefined));
      fanOut.add(one);
    }
    const others = many(BATCH / 2);
    fanOut.addFound(others.values());
    await turn();
    expect(servedOf(others)).toBe(others.length);
    expect(servedOf(greedy)).toBe(WAITERS / 2);
  });

  it('tells those that wait that it cannot be made', async () => {
    const fanOut = new FanOut();
    const waiting = many(2);
    const update = new Prepared(Promise.reject(new Error('disk')));
    for (const one of waiting) {
      one.waitsFor = update;
      fanOut.add(one);
    }
    await turn();
    await turn();
    expect(waiting.map(({ failure }) => failure)).toEqual([new Error('disk'), new Error('disk')]);
  });
});
