/**
 * LevelDB as a {@link KeyValue}: synced writes, and recovery from failed ones.
 *
 * A failed write must never be followed by another one on the same open database. LevelDB counts a
 * record that it could write only in part as written, so whatever is appended after it lies at an
 * offset where recovery does not look: it would be acknowledged and then lost. After a failed sync
 * LevelDB refuses writes by itself, after a failed write it does not. So the first write after any
 * failure opens the database anew, which replays the log up to the torn record and leaves the rest.
 *
 * @module
 */
import { Level } from 'level';
import { asStoreError, storeError } from './failures.ts';
import { inspectFolder, requireRoom } from './folder.ts';
import type { KeyValue, Put, RangeQuery } from './key-value.ts';

/** LevelDB's data and log buffer in memory and the unit of recovery: its own default. */
const WRITE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Open table files; LevelDB's default is 1000, too many beside 10,000 connections. */
const OPEN_FILES_MAX = 200;

/** A LevelDB database in a folder; one process has it open at a time. */
export class LevelKeyValue implements KeyValue {
  readonly where: string;
  readonly #db: Level<string, Uint8Array>;
  readonly #reads = new Set<Promise<unknown>>();
  #phase: 'open' | 'closed' = 'open';
  #lastWrite: 'whole' | 'in-doubt' = 'whole';
  #content: 'unchanged' | 'changed' = 'unchanged';
  #reopening: Promise<void> | undefined;

  private constructor(path: string, db: Level<string, Uint8Array>) {
    this.where = path;
    this.#db = db;
  }

  /** Opens the database at `path`, creating it in an empty folder. Errors: `STORE`. */
  static async open(path: string): Promise<LevelKeyValue> {
    const found = await inspectFolder(path);
    const db = new Level<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' });
    await openDatabase(db, path, found);
    return new LevelKeyValue(path, db);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#read('reading', async () => ownBytes(await this.#db.get(key)));
  }

  getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#read('reading', async () => (await this.#db.getMany([...keys])).map(ownBytes));
  }

  range(query: RangeQuery): Promise<readonly Put[]> {
    const { gte, lt, order, limit } = query;
    return this.#read('reading', async () => {
      const entries = this.#db.iterator({ gte, lt, limit, reverse: order === 'descending' });
      return (await entries.all()).map(([key, value]) => ({ key, value: asBytes(value) }));
    });
  }

  async repair(): Promise<'unchanged' | 'changed'> {
    this.#requireOpen();
    if (this.#lastWrite === 'in-doubt') await this.#reopen();
    const content = this.#content;
    this.#content = 'unchanged';
    return content;
  }

  async write(puts: readonly Put[], removedKeys: readonly string[] = []): Promise<void> {
    this.#requireOpen();
    const operations = [
      ...puts.map(({ key, value }) => ({ type: 'put' as const, key, value })),
      ...removedKeys.map((key) => ({ type: 'del' as const, key })),
    ];
    try {
      await this.#db.batch(operations, { sync: true });
    } catch (thrown) {
      this.#lastWrite = 'in-doubt';
      throw asStoreError(thrown, this.where, 'writing');
    }
  }

  async close(): Promise<void> {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    await this.#reopening?.catch(() => undefined);
    await Promise.allSettled(this.#reads);
    await this.#db.close();
  }

  async #read<T>(doing: string, call: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    // Its failure is the appender's; if the old database is still open, it serves this read.
    await this.#reopening?.catch(() => undefined);
    if (this.#db.status !== 'open') await this.#reopen();
    this.#requireOpen();
    const reading = call();
    this.#reads.add(reading);
    try {
      return await reading;
    } catch (thrown) {
      throw asStoreError(thrown, this.where, doing);
    } finally {
      this.#reads.delete(reading);
    }
  }

  #reopen(): Promise<void> {
    this.#reopening ??= this.#reopenOnce().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #reopenOnce(): Promise<void> {
    // First this, while the old database still serves reads: without room it could not come back.
    await requireRoom(this.where);
    await Promise.allSettled(this.#reads);
    this.#requireOpen();
    await this.#db.close();
    this.#content = 'changed';
    if ((await inspectFolder(this.where)) === 'empty') {
      throw storeError('damaged', this.where, 'is damaged: its files were removed');
    }
    await openDatabase(this.#db, this.where, 'store');
    this.#lastWrite = 'whole';
  }

  #requireOpen(): void {
    if (this.#phase === 'closed') throw storeError('closed', this.where, 'is closed');
  }
}

async function openDatabase(
  db: Level<string, Uint8Array>,
  path: string,
  found: 'empty' | 'store',
): Promise<void> {
  try {
    await db.open({
      createIfMissing: found === 'empty',
      writeBufferSize: WRITE_BUFFER_BYTES,
      maxOpenFiles: OPEN_FILES_MAX,
    });
  } catch (thrown) {
    await db.close();
    throw asStoreError(thrown, path, 'opening');
  }
}

function ownBytes(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : asBytes(value);
}

/** A plain view instead of the binding's `Buffer`, whose `slice` does not copy. */
function asBytes(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
