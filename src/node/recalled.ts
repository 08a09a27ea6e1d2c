/**
 * What a store kept for its node beside statements, read when the node starts.
 *
 * @module
 */
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import { loadMarks, loadMembers } from '../service/replication/member-memory.ts';
import type { AssemblyOptions } from './assembly.ts';
import type { NodeConfig } from './config.ts';
import { loadNodeKey } from './node-key.ts';
import { loadRegionSigner } from './region-key.ts';

/** What is there before anything runs. */
type Recalled = Pick<AssemblyOptions, 'nodeKey' | 'region' | 'remembered' | 'marks' | 'proposals'>;

/** Reads it; the key of the region comes with its record. Errors: `CONFIG`, `STORE`. */
export async function recall(
  config: Pick<NodeConfig, 'region'>,
  store: Store,
  logger: Logger,
): Promise<Recalled> {
  return {
    nodeKey: await loadNodeKey(store),
    region: await loadRegionSigner(config, store, logger),
    remembered: await loadMembers(store, logger),
    marks: await loadMarks(store, logger),
    proposals: await store.proposals(),
  };
}
