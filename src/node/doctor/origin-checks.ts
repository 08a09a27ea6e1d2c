/**
 * Checks whether a store is the one of the last run, and whether the key of the region is its own.
 *
 * @module
 */
import { hasShownNoMore } from '../../core/gossip/restored/serving.ts';
import type { Store } from '../../ports/store.ts';
import type { NodeConfig } from '../config.ts';
import { storeOfKey } from '../region-key.ts';
import { peekOrigin } from '../store-origin.ts';
import type { Finding } from './finding.ts';

const RUNBOOK = 'see "Restore from backup" in docs/handbook.md';

/** What the next start will find. Errors: `STORE`, `CONFIG`. */
export async function checkOrigin(store: Store, config: NodeConfig): Promise<readonly Finding[]> {
  return [await originOf(store, config), ...(await regionOf(store, config))];
}

async function originOf(store: Store, config: NodeConfig): Promise<Finding> {
  const check = 'store-origin';
  if (hasShownNoMore(await peekOrigin(store, config.store))) {
    const what = 'the store is the one of the last run, as far as this host knows';
    return { check, verdict: 'ok', what };
  }
  const what =
    'the store was lost, put back or found to be an old copy: the node serves nobody before it ' +
    'was compared with other nodes';
  return {
    check,
    verdict: 'warn',
    what,
    remedy: `start it, and wait for node.serving; ${RUNBOOK}`,
  };
}

async function regionOf(store: Store, { node, region }: NodeConfig): Promise<readonly Finding[]> {
  if (region === undefined) return [];
  const bound = await storeOfKey(region.keyFile);
  if (bound === undefined || bound === store.storeId) return [];
  const what = `${region.keyFile} signed for another store than this one: the node attests nothing`;
  const remedy = `kedge region key ${node.region} --out <new file>; ${RUNBOOK}`;
  return [{ check: 'region-key', verdict: 'warn', what, remedy }];
}
