/**
 * Whether the host of an address can be looked up on this machine, for those who check one.
 *
 * @module
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAddress } from './config-values.ts';

/** A name server that says nothing must not hold a command up. */
const WITHIN_MS = 3_000;

/** Why the host of `host:port` cannot be looked up here; absent when it can. Errors: `CONFIG`. */
export async function lookupProblem(address: string): Promise<string | undefined> {
  const { host } = parseAddress(address);
  if (isIP(host) !== 0) return undefined;
  const over = new AbortController();
  const looking = lookup(host).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
  const waiting = sleep(WITHIN_MS, `no answer in ${String(WITHIN_MS / 1000)} s`, {
    signal: over.signal,
  }).catch(() => undefined);
  try {
    return await Promise.race([looking, waiting]);
  } finally {
    over.abort();
  }
}
