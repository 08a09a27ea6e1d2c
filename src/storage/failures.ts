/**
 * What goes wrong with a store, as `STORE` errors that say what to do.
 *
 * LevelDB reports system errors as text only (`IO error: <file>: No space left on device`), so the
 * text of `strerror` is what there is to tell them apart by.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { StoreFailure } from '../ports/store.ts';

const ADVICE = {
  damaged:
    'Stop the node and remove the folder: an empty store fills itself from the peers. Where ' +
    'there are no peers, restore the folder from a backup.',
  newer: 'Run that version or a later one, or start with an empty folder.',
  locked: 'Stop the other process, or give each node a store path of its own.',
  full: 'Make room on the disk; the node goes on by itself then.',
  denied: 'Give the user that runs the node read and write access to the folder.',
  foreign: 'Set the store path to an empty or new folder.',
  closed: 'This is a call after shutdown.',
  io: 'Look at the disk and at the system log, then restart the node.',
} satisfies Record<StoreFailure, string>;

/** The reasons by error code of LevelDB's binding and of Node. */
const BY_CODE: ReadonlyMap<string, StoreFailure> = new Map([
  ['LEVEL_CORRUPTION', 'damaged'],
  ['LEVEL_LOCKED', 'locked'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EFBIG', 'full'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'denied'],
  ['ENOTDIR', 'foreign'],
]);

/** The reasons by the text of the system error. */
const BY_TEXT: readonly (readonly [RegExp, StoreFailure])[] = [
  [/no space left|quota exceeded|file too large/i, 'full'],
  [/permission denied|read-only file system|operation not permitted/i, 'denied'],
  [/no such file/i, 'damaged'],
  // What reading beyond the end of a shortened table gives.
  [/invalid argument/i, 'damaged'],
  [/corruption/i, 'damaged'],
];

/** Makes a `STORE` error: `what` happened to the store at `where`, and the advice for it. */
export function storeError(
  reason: StoreFailure,
  where: string,
  what: string,
  cause?: unknown,
): KedgeError {
  return new KedgeError('STORE', `the store at ${where} ${what}. ${ADVICE[reason]}`, {
    detail: { reason, path: where },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Turns whatever a database or file call threw into a `STORE` error. */
export function asStoreError(thrown: unknown, where: string, doing: string): KedgeError {
  if (thrown instanceof KedgeError) return thrown;
  const chain = causes(thrown);
  const reason = reasonOf(chain);
  const text = chain.at(-1)?.message ?? String(thrown);
  return storeError(reason, where, `${SAYS[reason]} (while ${doing}: ${text})`, thrown);
}

/** Says why a store cannot be used; undefined for errors that are not `STORE`. */
export function storeFailure(error: unknown): string | undefined {
  if (!(error instanceof KedgeError) || error.code !== 'STORE') return undefined;
  const reason = error.detail['reason'];
  return typeof reason === 'string' ? reason : undefined;
}

const SAYS = {
  damaged: 'is damaged',
  newer: 'was written by a newer version',
  locked: 'is in use by another process',
  full: 'cannot grow: the disk is full or a size limit is reached',
  denied: 'may not be read or written',
  foreign: 'is not a folder',
  closed: 'is closed',
  io: 'failed',
} satisfies Record<StoreFailure, string>;

function reasonOf(chain: readonly Error[]): StoreFailure {
  for (const error of chain) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const known = BY_CODE.get(code);
    if (known !== undefined) return known;
  }
  for (const error of chain) {
    const found = BY_TEXT.find(([pattern]) => pattern.test(error.message));
    if (found !== undefined) return found[1];
  }
  return 'io';
}

/** The error and its causes, outermost first; bounded, as a chain can be a circle. */
function causes(thrown: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let next = thrown; next instanceof Error && chain.length < 8; next = next.cause) {
    chain.push(next);
  }
  return chain;
}
