/**
 * Proposals in the store: small records beside the streams, of which no rule of these depends.
 *
 * @module
 */
import type { ProposalChange } from '../core/gossip/events.ts';
import { PROPOSALS_MAX } from '../core/limits.ts';
import type { KeptProposal } from '../core/proposals/model.ts';
import type { KeyValue, Put } from './key-value.ts';
import { PROPOSALS, proposalKey } from './keys.ts';
import { parseStored } from './load-heads.ts';
import { encodeProposal, parseProposal } from './records.ts';

/** Reads all of them, by digest. Errors: `STORE` (damaged). */
export async function readProposals(entries: KeyValue): Promise<readonly KeptProposal[]> {
  // What was dropped while the disk refused may lie beside what is kept.
  const query = { ...PROPOSALS, order: 'ascending', limit: 2 * PROPOSALS_MAX } as const;
  const found = await entries.range(query);
  return found.map(({ key, value }) => parseStored(entries.where, key, () => parseProposal(value)));
}

/** What a change writes, and the keys that it removes. */
export function proposalWrites({
  keep,
  drop,
}: ProposalChange): readonly [puts: readonly Put[], removedKeys: readonly string[]] {
  const puts = keep.map(({ digest, kept }) => ({
    key: proposalKey(digest),
    value: encodeProposal(kept),
  }));
  return [puts, drop.map(proposalKey)];
}
