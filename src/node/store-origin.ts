/**
 * Finds out at each start whether the store is the one of the last run.
 *
 * A random value of each start stands in the store and in a file beside it, the boot file. A store
 * that was put back from a backup has an older value than the file. One that was put back with the
 * file looks like itself: that peers find out (`core/gossip/restored/marks.ts`). The file first
 * gets the new value beside the old one, then the store, then the old one leaves: whenever the
 * process dies, the next start finds the value of the store in the file.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeHex, encodeUtf8, parseUtf8 } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import type { StoreStart } from '../core/gossip/options.ts';
import type { StoreOrigin } from '../core/gossip/restored/serving.ts';
import { NO_BOOT } from '../core/gossip/restored/store-mark.ts';
import { makeFolder } from '../files/folders.ts';
import type { Store } from '../ports/store.ts';
import type { NodeConfig } from './config.ts';

const VALUE_BYTES = 16;
const FILE_TEXT = /^kedge-boot ([0-9a-f]{32})(?: ([0-9a-f]{32}))?\n$/;
const NOTE_TEXT = /^([0-9a-f]{32}) (new|lost|restored|settled)$/;

/** By the word that stands in the store. */
const ORIGINS: ReadonlyMap<string, StoreOrigin> = new Map([
  ['new', 'new'],
  ['lost', 'lost'],
  ['restored', 'restored'],
  ['settled', 'intact'],
]);

/** What a start found, and how to say that it may be served from now on. */
export interface FoundOrigin {
  readonly origin: StoreOrigin;
  /** Names this process: the value of its start. */
  readonly bootId: string;
  readonly started: StoreStart;
  /** Notes that the store may be served, also after the next start. Errors: `STORE`. */
  settle(): Promise<void>;
  /**
   * Notes that the store is an old copy, which nothing here shows: it gets another id and has to be
   * compared, also after the next start. Returns the id, and the count with that. Errors: `STORE`.
   */
  renew(): Promise<{ readonly storeId: string; readonly count: number }>;
}

/**
 * Judges the store and marks it for the next start; gives a restored one a new id, and one that no
 * process began, which may be a copy of what a node started from once. To be called
 * before anything is put into a new store. Errors: `STORE`.
 */
export async function findOrigin(store: Store, config: NodeConfig['store']): Promise<FoundOrigin> {
  const path = bootFileOf(config);
  const { note, origin, id } = await lookAt(store, path);
  if (id === 'to-renew') await store.renew(freshValue());
  const value = freshValue();
  const write = async (text: string): Promise<void> => {
    await store.setNote('boot', encodeUtf8(`${value} ${text}`));
  };
  const before = note?.value ?? (origin === 'new' ? FIRST_START : undefined);
  await writeBootFile(path, before === undefined ? [value] : [before, value]);
  await write(origin === 'intact' ? 'settled' : origin);
  await writeBootFile(path, [value]);
  return {
    origin,
    bootId: value,
    started: { after: note?.value ?? NO_BOOT, count: await store.advance() },
    settle: async () => write('settled'),
    renew: async () => {
      await write('restored');
      const storeId = freshValue();
      await store.renew(storeId);
      return { storeId, count: await store.advance() };
    },
  };
}

/** What the next start will find; changes nothing. Errors: `STORE`. */
export async function peekOrigin(store: Store, config: NodeConfig['store']): Promise<StoreOrigin> {
  return (await lookAt(store, bootFileOf(config))).origin;
}

interface Look {
  readonly note: BootNote | undefined;
  readonly origin: StoreOrigin;
  readonly id: 'to-keep' | 'to-renew';
}

async function lookAt(store: Store, path: string): Promise<Look> {
  const note = parseNote(await store.note('boot'));
  const known = await readBootFile(path);
  const isLast = note !== undefined && known?.includes(note.value) === true;
  if (isLast) return { note, origin: note.origin, id: 'to-keep' };
  const isNew = note === undefined && (await store.streams()).length === 0;
  if (!isNew) return { note, origin: 'restored', id: 'to-renew' };
  // A first start that was cut short before its note leaves a file that says so.
  const isFirst = known === undefined || known.includes(FIRST_START);
  // A copy of a store that no process began must not share its id with the one that went on.
  return { note, origin: isFirst ? 'new' : 'lost', id: 'to-renew' };
}

/** Stands in the boot file until the first start of a node has noted itself in its store. */
const FIRST_START = '0'.repeat(32);

interface BootNote {
  readonly value: string;
  readonly origin: StoreOrigin;
}

function bootFileOf({ path, bootFile }: NodeConfig['store']): string {
  return bootFile ?? `${path}.boot`;
}

function parseNote(bytes: Uint8Array | undefined): BootNote | undefined {
  const [, value = '', word = ''] = (bytes && NOTE_TEXT.exec(parseUtf8(bytes))) ?? [];
  const origin = ORIGINS.get(word);
  return origin === undefined ? undefined : { value, origin };
}

/** The values in the file; none when it is missing or says something else. */
async function readBootFile(path: string): Promise<readonly string[] | undefined> {
  try {
    const match = FILE_TEXT.exec(await readFile(path, 'utf8'));
    return match?.slice(1);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw fileError(path, thrown);
  }
}

/** Replaces the file, durably. */
async function writeBootFile(path: string, values: readonly string[]): Promise<void> {
  const aside = `${path}.new`;
  try {
    await makeFolder(dirname(path), { access: 'private' });
    const file = await open(aside, 'w', 0o600);
    try {
      await file.writeFile(`kedge-boot ${values.join(' ')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
    const folder = await open(dirname(path));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (thrown) {
    throw fileError(path, thrown);
  }
}

function fileError(path: string, cause: unknown): KedgeError {
  const why = KedgeError.from(cause).message;
  return new KedgeError(
    'STORE',
    `the boot file ${path} cannot be used (${why}): give the node's user access to its folder, ` +
      'or set store.bootFile to a place that outlives the process',
    { cause, detail: { reason: 'denied', path } },
  );
}

function freshValue(): string {
  return encodeHex(randomBytes(VALUE_BYTES));
}
