/**
 * The attestor of a node that has a key of its region, from configuration and store.
 *
 * @module
 */
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import { Attestor } from '../service/attestor.ts';
import type { Replicator } from '../service/replicator.ts';
import type { NodeConfig } from './config.ts';
import { loadRegionKey } from './region-key.ts';

/** What an attestor is made with. */
export interface RegionAttestorOptions {
  readonly config: NodeConfig;
  readonly store: Store;
  readonly replicator: Replicator;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Makes the attestor, not started; absent when this node attests nothing, by configuration or
 * because its key belongs to another store. Errors: `CONFIG`.
 */
export async function openAttestor(options: RegionAttestorOptions): Promise<Attestor | undefined> {
  const { config, store, replicator, clock, logger } = options;
  const { node, realm, region } = config;
  if (region === undefined) return undefined;
  const key = await loadRegionKey(region.keyFile, store.storeId, logger);
  if (key === undefined) return undefined;
  return new Attestor({
    realm,
    region: node.region,
    key,
    state: replicator.durable,
    store,
    clock,
    logger,
    attest: (said) => {
      replicator.attest(said);
    },
  });
}
