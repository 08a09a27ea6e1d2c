/**
 * Checks that names can be looked up: where others reach this node, and where it finds others.
 *
 * Whether somebody answers there is for the node to find out: the firewall between is not this
 * machine's, and others may not run yet.
 *
 * @module
 */
import type { NodeConfig } from '../config.ts';
import { lookupProblem } from '../name-lookup.ts';
import type { Finding } from './finding.ts';

/** Checks `node.address` and `peers.seeds`. */
export async function checkAddresses({ node, peers }: NodeConfig): Promise<readonly Finding[]> {
  const own = node.address === undefined ? [] : [checkOwn(node.address)];
  return await Promise.all([...own, ...peers.seeds.map(checkSeed)]);
}

async function checkOwn(address: string): Promise<Finding> {
  const check = 'address';
  const problem = await lookupProblem(address);
  if (problem === undefined) return { check, verdict: 'ok', what: `${address} can be looked up` };
  return {
    check,
    verdict: 'warn',
    what: `${address} cannot be looked up here (${problem}): if others cannot either, none gets in`,
    remedy: 'set node.address to a name or IP address that the other nodes know',
  };
}

async function checkSeed(seed: string): Promise<Finding> {
  const check = `seed ${seed}`;
  const problem = await lookupProblem(seed);
  if (problem === undefined) return { check, verdict: 'ok', what: 'can be looked up' };
  return {
    check,
    verdict: 'warn',
    what: `cannot be looked up (${problem}): this node finds nobody there`,
    remedy: 'set peers.seeds to a name or IP address that this machine knows',
  };
}
