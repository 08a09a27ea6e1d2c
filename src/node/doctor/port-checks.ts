/**
 * Checks that a node can listen where it is told to, by listening there for a moment.
 *
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { NodeConfig } from '../config.ts';
import { parseAddress } from '../config-values.ts';
import type { Finding } from './finding.ts';
import { findPortHolder } from './port-holder.ts';

/** What a running node has in its command line. */
const KEDGE_NODE = /\bnode run\b/;

/** Checks each address of `listen` once, and that of `http`. */
export async function checkPorts(config: NodeConfig, root: string): Promise<readonly Finding[]> {
  const { listen, http } = config;
  const all = [...Object.values(listen), http?.listen];
  const addresses = all.filter((text) => text !== undefined);
  const findings: Finding[] = [];
  for (const address of new Set<string>(addresses)) findings.push(await checkPort(address, root));
  return findings;
}

async function checkPort(address: string, root: string): Promise<Finding> {
  const check = `port ${address}`;
  const { host, port } = parseAddress(address);
  const failure = await tryToListen(host, port);
  switch (failure) {
    case undefined:
      return { check, verdict: 'ok', what: 'is free' };
    case 'EADDRINUSE':
      return await inUse(check, port, root);
    case 'EACCES':
      return {
        check,
        verdict: 'fail',
        what: 'this user may not listen there',
        remedy: 'use a port of 1024 or above, or AmbientCapabilities=CAP_NET_BIND_SERVICE',
      };
    default: {
      const what = `cannot be listened on (${failure}): is ${host} an address of this machine?`;
      return { check, verdict: 'fail', what, remedy: 'ip -brief address' };
    }
  }
}

async function inUse(check: string, port: number, root: string): Promise<Finding> {
  const holder = await findPortHolder(root, port);
  const remedy = `ss -ltnp 'sport = :${String(port)}'`;
  if (holder === undefined) {
    const what = 'is taken by a process that this user may not see; well if it is the node itself';
    return { check, verdict: 'warn', what, remedy: `sudo ${remedy}` };
  }
  if (KEDGE_NODE.test(holder.command)) {
    return { check, verdict: 'ok', what: `is held by a running node (pid ${holder.pid})` };
  }
  const what = `is taken by pid ${holder.pid}: ${holder.command.slice(0, 120)}`;
  return { check, verdict: 'fail', what, remedy: `${remedy}, then stop it or change listen` };
}

/** Resolves with why it does not go, by its system code. */
async function tryToListen(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
  } finally {
    server.close();
  }
}
