/**
 * Reads what a node needs in memory to go on where it stopped.
 *
 * @module
 */
import { CHARTER_STREAM, parseSequence, type Sequence, type StreamName } from '../core/ids.ts';
import type { StoredDocument, StoredState } from '../ports/store.ts';
import type { Heads } from './heads.ts';
import { ascending } from './read-bounds.ts';

/** Charters read at once: each with its body, up to a megabyte. */
const LOAD_CHUNK = 16;

/** Reads all charters and the head of each other stream. Errors: `STORE` (damaged). */
export async function loadState(
  heads: Heads,
  read: (stream: StreamName, sequence: Sequence) => Promise<StoredDocument>,
): Promise<StoredState> {
  const charters: StoredDocument[] = [];
  const charterHead = heads.sequence(CHARTER_STREAM);
  for (let from = 1; from <= charterHead; from += LOAD_CHUNK) {
    const sequences = ascending(from, Math.min(charterHead, from + LOAD_CHUNK - 1));
    charters.push(...(await Promise.all(sequences.map((at) => read(CHARTER_STREAM, at)))));
  }
  const newest: StoredDocument[] = [];
  for (const { stream, sequence } of heads.list()) {
    if (stream === CHARTER_STREAM || sequence === 0) continue;
    newest.push(await read(stream, parseSequence(sequence)));
  }
  return { charters, heads: newest, evidence: heads.evidence() };
}
