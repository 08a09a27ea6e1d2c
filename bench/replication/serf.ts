/**
 * serf: user events over gossip in ticks, with its profiles for local and wide area networks.
 *
 * @module
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProcess } from '../../src/testing/processes.ts';
import { Arrivals, eventually, Servers } from './servers.ts';
import type { RunningSystem, Setting, System } from './system.ts';

/** What fits one datagram beside its head; larger events never leave by gossip. */
const EVENT_BYTES = 480;
const GOSSIP_PORT = 7946;
const RPC_PORT = 7373;
const run = promisify(execFile);

/** serf as it is configured for one data centre. */
export const serfLan: System = serf('serfLan', 'lan');

/** serf as it is configured for the distances that are measured here. */
export const serfWan: System = serf('serfWan', 'wan');

function serf(name: string, profile: string): System {
  return {
    name,
    summary:
      `user event until each of 15 agents has it, profile ${profile}; kept nowhere, not ` +
      `encrypted; payload ${EVENT_BYTES} B only, it sends no larger one; counted from when the ` +
      'agent at the origin has it',
    programs: ['serf'],
    start: async (setting) => startSerf(setting, profile),
  };
}

async function startSerf(
  { wan, origin, folder }: Setting,
  profile: string,
): Promise<RunningSystem> {
  const servers = new Servers(wan);
  const agents: TestProcess[] = [];
  const arrivals = new Arrivals(wan.hosts.length);
  const started = new Arrivals(1);
  const first = wan.address(origin);
  for (const [place, host] of wan.hosts.entries()) {
    const address = wan.address(host);
    const file = join(folder, `${host.name}.json`);
    const join_ = host === origin ? {} : { start_join: [`${first}:${GOSSIP_PORT}`] };
    const config = { user_event_size_limit: 4096, disable_coordinates: true, ...join_ };
    await writeFile(file, JSON.stringify(config));
    const agent = await servers.start(host, [
      ...['serf', 'agent', '-node', host.name, '-bind', `${address}:${GOSSIP_PORT}`],
      ...['-rpc-addr', `${address}:${RPC_PORT}`, '-profile', profile],
      ...['-config-file', file, '-log-level', 'debug'],
    ]);
    agents.push(agent);
    agent.onLine((line) => {
      const event = /Received event: user-event: (round-\d+)/.exec(line)?.[1];
      if (event === undefined) return;
      if (host === origin) started.add(event, 0);
      arrivals.add(event, place);
    });
  }
  const rpc = `-rpc-addr=${first}:${RPC_PORT}`;
  await eventually('15 serf members', async () => {
    const { stdout } = await run('serf', ['members', rpc]);
    const alive = stdout.match(/ alive/g) ?? [];
    return alive.length === wan.hosts.length ? true : undefined;
  });
  return {
    publish: async (round) => {
      const event = `round-${round}`;
      await run('serf', ['event', rpc, '-coalesce=false', event, 'x'.repeat(EVENT_BYTES)]);
      const startMs = await started.everywhere(event);
      return (await arrivals.everywhere(event)) - startMs;
    },
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}
