/**
 * Reads the heads and forks that a store holds.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { Evidence } from '../core/trusted/state.ts';
import { storeError } from './failures.ts';
import { Heads } from './heads.ts';
import type { KeyValue } from './key-value.ts';
import { FORKS, HEADS, parseStreamKey, WRITES_KEY } from './keys.ts';
import { parseFork, parseHead, parseWrites } from './records.ts';

/** Reads where every stream stands. Errors: `STORE` (damaged). */
export async function loadHeads(entries: KeyValue): Promise<Heads> {
  const all = { order: 'ascending', limit: Number.MAX_SAFE_INTEGER } as const;
  const heads = (await entries.range({ ...HEADS, ...all })).map(({ key, value }) =>
    parseStored(entries.where, key, () => [parseStreamKey(key), parseHead(value)] as const),
  );
  const evidence = (await entries.range({ ...FORKS, ...all })).map(
    ({ key, value }): Evidence =>
      parseStored(entries.where, key, () => parseFork(parseStreamKey(key), value)),
  );
  const count = await entries.get(WRITES_KEY);
  const writes =
    count === undefined ? 0 : parseStored(entries.where, WRITES_KEY, () => parseWrites(count));
  const forks = new Map(evidence.map((fork) => [fork.stream, fork]));
  return new Heads(new Map(heads), forks, writes);
}

/** A record that does not parse was changed on the disk: nobody else writes them. */
export function parseStored<T>(where: string, key: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const why = KedgeError.from(cause).message;
    throw storeError('damaged', where, `is damaged: ${key} is ${why}`, cause);
  }
}
