/**
 * What a node noted of the heads that a key of its region cosigned.
 *
 * @module
 */
import type { KeyId } from '../core/ids.ts';
import type { KeyValue } from './key-value.ts';
import { cosignedNotes } from './keys.ts';

/** Reads the last record of each stream, also of those of which nothing else is left. */
export async function readCosigned(
  entries: KeyValue,
  keyId: KeyId,
): Promise<readonly Uint8Array[]> {
  const all = { order: 'ascending', limit: Number.MAX_SAFE_INTEGER } as const;
  const found = await entries.range({ ...cosignedNotes(keyId), ...all });
  return found.map(({ value }) => value);
}
