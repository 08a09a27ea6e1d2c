/**
 * Writes of one process in order, as `service/replication/write-queue.ts` makes them, onto a disk
 * that may be slow, refuse, or be cut off in the middle. Some of what waits goes down together.
 *
 * @module
 */
import { KedgeError } from '../../src/core/errors.ts';
import type { GossipEvent, PersistBatch } from '../../src/core/gossip/events.ts';
import type { Scene } from '../world/scene.ts';
import type { SimNode } from './node.ts';

const WRITE_MS = { min: 0.5, max: 3 };
const SLOW_FACTOR = 200;

interface Write {
  readonly batchId: number;
  readonly batch: PersistBatch;
  readonly failures: number;
  readonly then: (() => void)[];
}

/** The queue in front of one disk. */
export class Writer {
  readonly #scene: Pick<Scene, 'after' | 'coverage'>;
  readonly #host: SimNode;
  readonly #onOutcome: (event: GossipEvent) => void;
  #queue: Write[] = [];
  #failures = 0;
  #isBusy = false;

  constructor(
    scene: Pick<Scene, 'after' | 'coverage'>,
    host: SimNode,
    onOutcome: (event: GossipEvent) => void,
  ) {
    this.#scene = scene;
    this.#host = host;
    this.#onOutcome = onOutcome;
  }

  get size(): number {
    return this.#queue.length;
  }

  add(batchId: number, batch: PersistBatch): void {
    this.#queue.push({ batchId, batch, failures: this.#failures, then: [] });
    this.#start();
  }

  /** Calls back when all that was added is written or given up. */
  whenIdle(then: () => void): void {
    const last = this.#queue.at(-1);
    if (last === undefined) this.#scene.after(0, this.#host.index, then);
    else last.then.push(then);
  }

  /** The process dies: of what is under way, a part at the front may have reached the disk. */
  crash(): void {
    const draws = this.#host.diskDraws;
    for (const { batch, failures } of this.#queue) {
      if (failures !== this.#failures) continue;
      if (draws.chance(0.5)) {
        // The rest is torn or lost; a torn record is found by its checksum and dropped.
        this.#scene.coverage.hit(draws.chance(0.5) ? 'torn-write' : 'lost-write');
        break;
      }
      this.#scene.coverage.hit('unanswered-write');
      this.#host.disk.append(batch);
    }
    this.#queue = [];
  }

  #start(): void {
    if (this.#isBusy || this.#queue.length === 0) return;
    this.#isBusy = true;
    const draws = this.#host.diskDraws;
    const factor = this.#host.diskFault('slow') ? SLOW_FACTOR : 1;
    const delayMs = draws.between(WRITE_MS.min, WRITE_MS.max) * factor;
    const queue = this.#queue;
    this.#scene.after(delayMs, this.#host.index, () => {
      // After a crash the queue is another one.
      if (this.#queue === queue) this.#finish();
    });
  }

  #finish(): void {
    this.#isBusy = false;
    const group = this.#takeGroup();
    const [write] = group;
    if (write === undefined) return;
    if (write.failures === this.#failures) {
      const error = this.#write(joined(group));
      const batchId = error === undefined ? lastOf(group).batchId : write.batchId;
      if (error !== undefined) this.#failures += 1;
      this.#onOutcome(
        error === undefined
          ? { kind: 'persisted', batchId, count: this.#host.disk.writes }
          : { kind: 'persist-failed', batchId, lastBatchId: lastOf(group).batchId, error },
      );
    }
    for (const next of group.flatMap(({ then }) => then)) next();
    this.#start();
  }

  /** The first, and by chance all that can be one batch with it. */
  #takeGroup(): readonly Write[] {
    const failures = this.#queue[0]?.failures;
    const isOne = this.#queue.length < 2 || this.#host.diskDraws.chance(0.5);
    const end = this.#queue.findIndex(
      (write, index) =>
        index > 0 &&
        (isOne || write.failures !== failures || !isPlain(write) || !isPlain(this.#queue[0])),
    );
    const group = this.#queue.splice(0, end < 0 ? this.#queue.length : end);
    if (group.length > 1) this.#scene.coverage.hit('group-write');
    return group;
  }

  #write(batch: PersistBatch): KedgeError | undefined {
    const isHidden = this.#host.diskFault('fails-persisted');
    if (isHidden || this.#host.diskFault('fails')) {
      this.#scene.coverage.hit(isHidden ? 'failed-but-written' : 'failed-write');
      if (isHidden) this.#host.disk.hide(batch);
      return new KedgeError('STORE', 'the disk refuses', { detail: { reason: 'full' } });
    }
    try {
      this.#host.disk.append(batch);
      return undefined;
    } catch (thrown) {
      return KedgeError.from(thrown);
    }
  }
}

/** A batch about forks, or of a recovery, moves heads back: it is written alone. */
function isPlain(write: Write | undefined): boolean {
  const { evidence, settled, replaced } = write?.batch ?? {};
  return evidence === undefined && settled === undefined && replaced === undefined;
}

function joined(group: readonly Write[]): PersistBatch {
  const batches = group.map(({ batch }) => batch);
  const [only] = batches;
  if (only !== undefined && batches.length === 1) return only;
  return {
    documents: batches.flatMap(({ documents }) => documents),
    blobs: batches.flatMap(({ blobs }) => blobs),
  };
}

function lastOf(group: readonly Write[]): Write {
  const last = group.at(-1);
  if (last === undefined) throw new KedgeError('BUG', 'a group without a write');
  return last;
}
