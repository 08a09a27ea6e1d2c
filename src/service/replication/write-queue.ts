/**
 * Writes batches in order; when one fails, those queued behind it are given up, since they build
 * on it.
 *
 * What waits while the disk is busy goes down together, as one batch with one sync: catching up
 * costs a sync per group instead of one per statement. A write begins a turn of the event loop
 * later, so that what was forwarded has left first.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { Store, StoreBatch } from '../../ports/store.ts';

/** Bytes that go down together: what LevelDB buffers. */
const GROUP_MAX_BYTES = 4 * 1024 * 1024;
/** Bytes that may wait before whoever brings more is asked to wait. */
const WAITING_MAX_BYTES = 8 * 1024 * 1024;

/**
 * What became of the batches: all up to `batchId` are on disk, and the store was written to `count`
 * times; or it and all behind it are given up. Or what became of a count.
 */
export type WriteOutcome =
  | { readonly kind: 'persisted'; readonly batchId: number; readonly count: number }
  | { readonly kind: 'advanced'; readonly count: number; readonly error?: KedgeError }
  | {
      readonly kind: 'persist-failed';
      readonly batchId: number;
      /** The last one of the group, which failed as a whole. */
      readonly lastBatchId: number;
      readonly error: KedgeError;
    };

interface Waiting {
  readonly batchId: number;
  readonly batch: StoreBatch;
  readonly bytes: number;
}

/** The queue in front of one store. */
export class WriteQueue {
  readonly #store: Store;
  readonly #onOutcome: (outcome: WriteOutcome) => void;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #work: Promise<void> | undefined;
  readonly #waitingForRoom: (() => void)[] = [];

  constructor(store: Store, onOutcome: (outcome: WriteOutcome) => void) {
    this.#store = store;
    this.#onOutcome = onOutcome;
  }

  add(batchId: number, batch: StoreBatch): void {
    const bytes = bytesOf(batch);
    this.#waiting.push({ batchId, batch, bytes });
    this.#waitingBytes += bytes;
    this.#work ??= this.#writeAll();
  }

  /** Makes the store count more than this, in order with what is written. */
  async advance(beyond: number): Promise<void> {
    let failure: { readonly error: KedgeError } | undefined;
    try {
      await this.#store.advance(beyond);
    } catch (thrown) {
      failure = { error: KedgeError.from(thrown) };
    }
    this.#onOutcome({ kind: 'advanced', count: this.#store.writes, ...failure });
  }

  /** Resolves when all that was added is written or given up. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** Resolves when there is room, after some of what waits is written; absent: there is. */
  room(): Promise<void> | undefined {
    return this.#waitingBytes > WAITING_MAX_BYTES ? this.#untilRoom() : undefined;
  }

  async #untilRoom(): Promise<void> {
    while (this.#waitingBytes > WAITING_MAX_BYTES) {
      await new Promise<void>((resolve) => {
        this.#waitingForRoom.push(resolve);
      });
    }
  }

  async #writeAll(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    while (this.#waiting.length > 0) {
      await this.#writeGroup(this.#takeGroup());
      for (const resolve of this.#waitingForRoom.splice(0)) resolve();
    }
    this.#work = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const batchId = group[0]?.batchId ?? 0;
    const lastBatchId = group.at(-1)?.batchId ?? batchId;
    try {
      await this.#store.append(joined(group.map(({ batch }) => batch)));
    } catch (thrown) {
      this.#waiting = [];
      this.#waitingBytes = 0;
      const error = KedgeError.from(thrown);
      this.#onOutcome({ kind: 'persist-failed', batchId, lastBatchId, error });
      return;
    }
    this.#waitingBytes -= group.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#onOutcome({ kind: 'persisted', batchId: lastBatchId, count: this.#store.writes });
  }

  /** The longest part of what waits that can be one batch. */
  #takeGroup(): readonly Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((each, index) => {
      bytes += each.bytes;
      if (index === 0) return false;
      return bytes > GROUP_MAX_BYTES || !isPlain(each.batch) || !isPlain(this.#waiting[0]?.batch);
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }
}

/** A batch about forks, or of a recovery, moves heads back: it is written alone. */
function isPlain({ evidence, settled, replaced }: Partial<StoreBatch> = {}): boolean {
  return evidence === undefined && settled === undefined && replaced === undefined;
}

function joined(batches: readonly StoreBatch[]): StoreBatch {
  const [only] = batches;
  if (only !== undefined && batches.length === 1) return only;
  return {
    documents: batches.flatMap(({ documents }) => documents),
    blobs: batches.flatMap(({ blobs }) => blobs),
  };
}

function bytesOf({ documents, blobs }: StoreBatch): number {
  let bytes = 0;
  for (const { document } of documents) {
    bytes += document.body.length + document.statement.payload.length;
  }
  for (const { der } of blobs) bytes += der.length;
  return bytes;
}
