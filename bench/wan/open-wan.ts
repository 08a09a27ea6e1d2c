/**
 * Makes the network that this machine allows: namespaces, else proxies.
 *
 * @module
 */
import type { DelayMatrix } from './matrix.ts';
import { openNamespaces } from './namespaces.ts';
import { openProxies } from './proxies.ts';
import type { Wan, WanHost } from './wan.ts';

/** What there is. */
export interface OpenedWan {
  readonly wan: Wan;
  /** Why it is not namespaces; empty when it is. */
  readonly notes: readonly string[];
}

/** Makes `hostsPerRegion` hosts in each region of the matrix. */
export async function openWan(matrix: DelayMatrix, hostsPerRegion: number): Promise<OpenedWan> {
  const hosts = matrix.regions.flatMap((region, regionIndex) =>
    Array.from({ length: hostsPerRegion }, (_, i): WanHost => {
      return { name: `${region}-${i + 1}`, region, regionIndex, number: i + 1 };
    }),
  );
  try {
    return { wan: await openNamespaces(matrix, hosts), notes: [] };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const notes = [`no network namespaces (${why}): delays by a proxy, TCP is not measured`];
    return { wan: openProxies(matrix, hosts), notes };
  }
}
