import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import type { StoreBatch } from '../../../src/ports/store.ts';
import { type WriteOutcome, WriteQueue } from '../../../src/service/replication/write-queue.ts';
import { DocumentStore } from '../../../src/storage/document-store.ts';
import { MemoryKeyValue } from '../../../src/storage/memory-key-value.ts';
import {
  batchOf,
  documentOf,
  documentsOf,
  evidenceOf,
  PAYMENTS,
  PUBLIC,
} from '../../contract/store-fixtures.ts';

const MEGABYTE = 1024 * 1024;

describe('WriteQueue', () => {
  let entries: SlowKeyValue;
  let store: DocumentStore;
  let outcomes: WriteOutcome[];
  let queue: WriteQueue;

  beforeEach(async () => {
    entries = new SlowKeyValue();
    store = await DocumentStore.open('0'.repeat(32), entries);
    outcomes = [];
    queue = new WriteQueue(store, (outcome) => outcomes.push(outcome));
  });

  it('writes what waits together, with one answer for all of it', async () => {
    addAll(documentsOf(PAYMENTS, 1, 5).map((document) => batchOf(document)));
    await queue.idle();
    expect(entries.writes).toBe(1);
    expect(outcomes).toEqual([{ kind: 'persisted', batchId: 5, count: 1 }]);
    expect(await sequence()).toBe(5);
  });

  it('begins no write before the turn of the event loop is over', async () => {
    queue.add(1, batchOf(documentOf(PAYMENTS, 1)));
    await Promise.resolve();
    expect(entries.writes).toBe(0);
    await queue.idle();
    expect(entries.writes).toBe(1);
  });

  it('answers for nothing that comes while it writes', async () => {
    queue.add(1, batchOf(documentOf(PAYMENTS, 1)));
    entries.onWrite = () => {
      if (entries.writes === 1) queue.add(2, batchOf(documentOf(PAYMENTS, 2)));
    };
    await queue.idle();
    expect(outcomes.map(batchOrCount)).toEqual([1, 2]);
  });

  it('counts beyond what it is told to, and says when the store refused', async () => {
    queue.add(1, batchOf(documentOf(PAYMENTS, 1)));
    await queue.advance(60);
    await queue.idle();
    expect(outcomes).toContainEqual({ kind: 'advanced', count: 61 });
    await store[Symbol.asyncDispose]();
    await queue.advance(90);
    expect(outcomes.at(-1)).toMatchObject({ count: store.writes, error: { code: 'STORE' } });
  });

  it('writes a batch about a fork alone', async () => {
    const [one, two, other] = [
      batchOf(documentOf(PAYMENTS, 1)),
      batchOf(documentOf(PAYMENTS, 2)),
      batchOf(documentOf(PUBLIC, 1)),
    ];
    addAll([one, two, { documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 2) }, other]);
    await queue.idle();
    expect(outcomes.map(batchOrCount)).toEqual([2, 3, 4]);
    expect(await sequence()).toBe(1);
  });

  it('gives up all that waits when a write fails, and goes on with what comes then', async () => {
    entries.onWrite = () => {
      if (entries.writes > 1) return;
      queue.add(3, batchOf(documentOf(PAYMENTS, 3)));
      throw new KedgeError('STORE', 'no room');
    };
    addAll(documentsOf(PAYMENTS, 1, 2).map((document) => batchOf(document)));
    await queue.idle();
    expect(outcomes).toMatchObject([{ kind: 'persist-failed', batchId: 1, lastBatchId: 2 }]);
    expect(await sequence()).toBe(0);
    queue.add(4, batchOf(documentOf(PAYMENTS, 1)));
    await queue.idle();
    expect(outcomes.at(-1)).toMatchObject({ kind: 'persisted', batchId: 4 });
  });

  it('has room again once some of much is written', async () => {
    const large = { bodyBytes: 3 * MEGABYTE };
    addAll([1, 2, 3, 4].map((at) => batchOf(documentOf(PAYMENTS, at, large))));
    await queue.room();
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.length).toBeLessThan(4);
    await queue.idle();
    expect(await sequence()).toBe(4);
  });

  function addAll(batches: readonly StoreBatch[]): void {
    for (const [index, batch] of batches.entries()) queue.add(index + 1, batch);
  }

  async function sequence(): Promise<number> {
    const heads = await store.streams();
    return heads.find(({ stream }) => stream === PAYMENTS)?.sequence ?? 0;
  }
});

function batchOrCount(outcome: WriteOutcome): number {
  return outcome.kind === 'advanced' ? outcome.count : outcome.batchId;
}

/** Counts writes; `onWrite` may refuse one. */
class SlowKeyValue extends MemoryKeyValue {
  writes = 0;
  onWrite: () => void = () => undefined;

  override async write(...args: Parameters<MemoryKeyValue['write']>): Promise<void> {
    this.writes += 1;
    this.onWrite();
    await super.write(...args);
  }
}
