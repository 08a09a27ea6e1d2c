import { describe, expect, it } from 'vitest';
import type { Heartbeat } from '../../../src/core/log/heartbeat.ts';
import {
  type HeartbeatBook,
  noteHeartbeat,
  quorumMedianMs,
} from '../../../src/core/log/heartbeat-book.ts';
import { expectCode } from '../support.ts';
import { FRA, GRU, heartbeat, IAD, policyOf, SIN, treeAt } from './fixtures.ts';

const policy = policyOf(3);
const tree = treeAt(5);
const NOW_MS = 1_000_000_000;
const at = NOW_MS / 1000;

function bookOf(...heartbeats: readonly Heartbeat[]): HeartbeatBook {
  return heartbeats.reduce<HeartbeatBook>((book, one) => {
    const news = noteHeartbeat(book, policy, one, NOW_MS);
    return news.kind === 'new' ? news.book : book;
  }, new Map());
}

describe('noteHeartbeat', () => {
  const held = heartbeat(IAD, at, tree);
  const book = bookOf(held);

  it('keeps the newest of each region', () => {
    const news = noteHeartbeat(book, policy, heartbeat(IAD, at + 1, tree), NOW_MS);
    expect(news).toMatchObject({ kind: 'new' });
    expect(bookOf(held, heartbeat(FRA, at, tree)).size).toBe(2);
  });

  it('verifies nothing that is known or older', () => {
    const bad = { ...heartbeat(IAD, at - 1, tree), signature: new Uint8Array(64) };
    expect(noteHeartbeat(book, policy, held, NOW_MS)).toEqual({ kind: 'held' });
    expect(noteHeartbeat(book, policy, bad, NOW_MS)).toEqual({ kind: 'old' });
  });

  it('refuses a bad one and keeps the good one', () => {
    const bad = { ...held, timeSeconds: at + 5 };
    expectCode('PROOF', () => noteHeartbeat(book, policy, bad, NOW_MS));
    expect(book.get(IAD)).toBe(held);
  });

  it('lets one from the future give way, and no other (D07)', () => {
    const future = bookOf(heartbeat(IAD, at + 86_400, tree));
    const right = heartbeat(IAD, at, tree);
    expect(noteHeartbeat(future, policy, right, NOW_MS)).toMatchObject({ kind: 'new' });
    expect(noteHeartbeat(bookOf(right), policy, future.get(IAD) ?? right, NOW_MS)).toEqual({
      kind: 'old',
    });
    const skewed = bookOf(heartbeat(IAD, at + 299, tree));
    expect(noteHeartbeat(skewed, policy, right, NOW_MS)).toEqual({ kind: 'old' });
  });
});

describe('which heartbeat is better', () => {
  const seconds = [at - 86_400, at - 300, at - 1, at, at + 300, at + 301, at + 86_400];
  const all = seconds.map((time) => heartbeat(IAD, time, tree));

  it('is an order: of any two exactly one gives way', () => {
    for (const one of all) {
      for (const other of all.filter((each) => each !== one)) {
        const forth = noteHeartbeat(bookOf(one), policy, other, NOW_MS).kind;
        const back = noteHeartbeat(bookOf(other), policy, one, NOW_MS).kind;
        expect([forth, back].toSorted()).toEqual(['new', 'old']);
      }
    }
  });

  it('comes to the same whatever came first', () => {
    for (const order of [all, all.toReversed()]) {
      let book = bookOf();
      for (const each of order) {
        const news = noteHeartbeat(book, policy, each, NOW_MS);
        if (news.kind === 'new') book = news.book;
      }
      expect(book.get(IAD)?.timeSeconds).toBe(at + 300);
    }
  });

  it('takes one from the future rather than one from the past', () => {
    const past = bookOf(heartbeat(IAD, at - 301, tree));
    const future = heartbeat(IAD, at + 301, tree);
    expect(noteHeartbeat(past, policy, future, NOW_MS)).toMatchObject({ kind: 'new' });
  });
});

describe('quorumMedianMs', () => {
  it('is absent while fewer regions spoke than are needed', () => {
    const book = bookOf(heartbeat(IAD, at, tree), heartbeat(FRA, at, tree));
    expect(quorumMedianMs(book, policy)).toBeUndefined();
  });

  it('is the middle one of the newest', () => {
    const book = bookOf(
      heartbeat(IAD, at - 900, tree),
      heartbeat(FRA, at - 3, tree),
      heartbeat(GRU, at - 1, tree),
      heartbeat(SIN, at - 2, tree),
    );
    expect(quorumMedianMs(book, policy)).toBe(1000 * (at - 2));
    expect(quorumMedianMs(book, policyOf(2))).toBe(1000 * (at - 2));
    expect(quorumMedianMs(book, policyOf(1))).toBe(1000 * (at - 1));
    expect(quorumMedianMs(book, policyOf(4))).toBe(1000 * (at - 3));
  });

  it('does not follow one region into the future (D07)', () => {
    const book = bookOf(
      heartbeat(IAD, at + 86_400, tree),
      heartbeat(FRA, at, tree),
      heartbeat(GRU, at - 1, tree),
    );
    expect(quorumMedianMs(book, policy)).toBe(1000 * at);
  });

  it('does not count a region that left the charter (G24)', () => {
    const book = bookOf(heartbeat(IAD, at, tree), heartbeat(FRA, at - 5, tree));
    expect(quorumMedianMs(book, policyOf(1, [FRA, GRU]))).toBe(1000 * (at - 5));
    expect(quorumMedianMs(book, policyOf(2, [FRA, GRU]))).toBeUndefined();
  });
});
