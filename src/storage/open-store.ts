/**
 * Opening a store: the format check, and the id that a new store gets.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { encodeHex } from '../core/bytes.ts';
import type { Store } from '../ports/store.ts';
import { DocumentStore } from './document-store.ts';
import { storeError } from './failures.ts';
import type { KeyValue } from './key-value.ts';
import { FORMAT_KEY, FORMAT_VERSION } from './keys.ts';
import { LevelKeyValue } from './level-key-value.ts';
import { MemoryKeyValue } from './memory-key-value.ts';
import { encodeFormat, parseFormat } from './records.ts';

const STORE_ID_BYTES = 16;

/**
 * Opens the LevelDB store in the folder `path`, making folder and store when they are missing.
 *
 * Errors: `STORE` with a `detail.reason`; a folder that it does not understand is left as it is.
 */
export async function openLevelStore(path: string): Promise<Store> {
  return await openStore(await LevelKeyValue.open(path), newStoreId());
}

/** Opens an empty store that is gone when it is closed; `storeId` is 32 hex digits. */
export async function openMemoryStore(options: { readonly storeId?: string } = {}): Promise<Store> {
  return await openStore(new MemoryKeyValue(), options.storeId ?? newStoreId());
}

async function openStore(entries: KeyValue, freshId: string): Promise<Store> {
  try {
    return await DocumentStore.open(await requireFormat(entries, freshId), entries);
  } catch (thrown) {
    await entries.close();
    throw thrown;
  }
}

/** The id of the store; writes the format record into an empty one. */
async function requireFormat(entries: KeyValue, freshId: string): Promise<string> {
  const record = await entries.get(FORMAT_KEY);
  if (record === undefined) return await createFormat(entries, freshId);
  const { version, storeId } = parseFormatRecord(entries.where, record);
  if (version > FORMAT_VERSION) {
    const what = `has format ${String(version)}, this version of Kedge reads up to `;
    throw storeError('newer', entries.where, what + String(FORMAT_VERSION));
  }
  if (storeId === undefined) {
    throw storeError('damaged', entries.where, 'is damaged: its format record has no id');
  }
  return storeId;
}

async function createFormat(entries: KeyValue, freshId: string): Promise<string> {
  const anything = { gte: '', lt: '\u{10ffff}', order: 'ascending', limit: 1 } as const;
  if ((await entries.range(anything)).length > 0) {
    throw storeError('foreign', entries.where, 'holds the database of another program');
  }
  await entries.write([{ key: FORMAT_KEY, value: encodeFormat(FORMAT_VERSION, freshId) }]);
  return freshId;
}

function parseFormatRecord(where: string, record: Uint8Array): ReturnType<typeof parseFormat> {
  try {
    return parseFormat(record);
  } catch (thrown) {
    throw storeError('damaged', where, 'is damaged: its format record is unreadable', thrown);
  }
}

function newStoreId(): string {
  return encodeHex(randomBytes(STORE_ID_BYTES));
}
