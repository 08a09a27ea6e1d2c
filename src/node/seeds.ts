/**
 * Looks seeds up: one name, for example of a headless service, may stand for many nodes.
 *
 * @module
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

const ADDRESSES_MAX = 1000;

/** All addresses that the seeds stand for now, each `host:port`. */
export async function resolveSeeds(seeds: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(seeds.map(resolveAddress));
  return [...new Set(found.flat())];
}

/** All addresses behind `host:port`; none when the name is not known now. */
async function resolveAddress(seed: string): Promise<readonly string[]> {
  const colon = seed.lastIndexOf(':');
  const host = seed.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = seed.slice(colon + 1);
  if (isIP(host) !== 0) return [seed];
  try {
    const found = await lookup(host, { all: true });
    return found
      .slice(0, ADDRESSES_MAX)
      .map(({ address, family }) => `${family === 6 ? `[${address}]` : address}:${port}`);
  } catch {
    // The name may come to exist later; it is looked up again and again.
    return [];
  }
}
