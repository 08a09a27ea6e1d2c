/**
 * Looks seeds up: one name, for example of a headless service, may stand for many nodes.
 *
 * @module
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ResolvedSeeds } from '../service/replication/peer-transport.ts';

const ADDRESSES_MAX = 1000;

/** What the seeds stand for now. */
export async function resolveSeeds(seeds: readonly string[]): Promise<ResolvedSeeds> {
  const found = await Promise.all(seeds.map(resolveAddress));
  return {
    addresses: [...new Set(found.flatMap(({ addresses }) => addresses))],
    unresolved: found.flatMap(({ unresolved }) => unresolved),
  };
}

/** All addresses behind `host:port`; none when the name is not known now. */
async function resolveAddress(seed: string): Promise<ResolvedSeeds> {
  const colon = seed.lastIndexOf(':');
  const host = seed.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = seed.slice(colon + 1);
  if (isIP(host) !== 0) return { addresses: [seed], unresolved: [] };
  try {
    const found = await lookup(host, { all: true });
    const addresses = found
      .slice(0, ADDRESSES_MAX)
      .map(({ address, family }) => `${family === 6 ? `[${address}]` : address}:${port}`);
    return { addresses, unresolved: [] };
  } catch (thrown) {
    // The name may come to exist later; it is looked up again and again.
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { addresses: [], unresolved: [{ seed, reason }] };
  }
}
