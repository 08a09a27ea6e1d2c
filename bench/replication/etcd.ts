/**
 * etcd: five members, one in each region, and a watch at each.
 *
 * Three watchers in a region would be clients of the same member, so one stands for them.
 *
 * @module
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import type { Wan, WanHost } from '../wan/wan.ts';
import { Arrivals, eventually, Servers } from './servers.ts';
import type { RunningSystem, Setting, System } from './system.ts';

const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
const statusSchema = z.object({
  leader: z.string(),
  header: z.object({ member_id: z.string() }),
});
const eventsSchema = z.object({
  result: z.object({
    events: z.array(z.object({ kv: z.object({ value: z.string().optional() }) })).optional(),
  }),
});

/** Members in all regions, the leader at the origin. */
export const etcd: System = {
  name: 'etcd',
  summary:
    'put until a watch at each of 5 members, one a region, has it; synced to disk by a quorum; ' +
    'leader moved to the origin; no TLS',
  programs: ['etcd'],
  start: startEtcd,
};

async function startEtcd({ wan, origin, payloadBytes, folder }: Setting): Promise<RunningSystem> {
  const servers = new Servers(wan);
  const members = wan.hosts.filter(({ number }) => number === 1);
  for (const host of members) await servers.start(host, command(wan, host, members, folder));
  const agent = new Agent({ keepAlive: true });
  const call = async (host: WanHost, path: string, body: unknown): Promise<string> =>
    await read(await post(agent, wan.address(host), path, body));
  await eventually('an etcd cluster', async () => {
    await call(origin, '/v3/kv/put', { key: base64('ready'), value: base64('1') });
    return true;
  });
  await leadFrom(origin, members, call);
  const arrivals = new Arrivals(members.length);
  const watches: IncomingMessage[] = [];
  for (const [place, host] of members.entries()) {
    const create = { create_request: { key: base64('bench') } };
    const watch = await post(new Agent(), wan.address(host), '/v3/watch', create);
    watches.push(watch);
    forEachLine(watch, (line) => {
      const { events = [] } = eventsSchema.parse(JSON.parse(line)).result;
      for (const { kv } of events) {
        const value = Buffer.from(kv.value ?? '', 'base64').toString('latin1');
        arrivals.add(value.split(' ')[0] ?? '', place);
      }
    });
  }
  return {
    publish: async (round) => {
      const value = base64(`${round} `.padEnd(payloadBytes, 'x'));
      const startMs = performance.now();
      await call(origin, '/v3/kv/put', { key: base64('bench'), value });
      return (await arrivals.everywhere(String(round))) - startMs;
    },
    async [Symbol.asyncDispose]() {
      for (const watch of watches) watch.destroy();
      agent.destroy();
      await servers[Symbol.asyncDispose]();
    },
  };
}

function command(
  wan: Wan,
  host: WanHost,
  members: readonly WanHost[],
  folder: string,
): readonly string[] {
  const peerUrl = (member: WanHost): string => `http://${wan.address(member)}:${PEER_PORT}`;
  const clientUrl = `http://${wan.address(host)}:${CLIENT_PORT}`;
  const cluster = members.map((member) => `${member.name}=${peerUrl(member)}`).join(',');
  return [
    'etcd',
    ...['--name', host.name, '--data-dir', join(folder, host.name)],
    ...['--listen-peer-urls', peerUrl(host), '--initial-advertise-peer-urls', peerUrl(host)],
    ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
    ...['--initial-cluster', cluster, '--initial-cluster-state', 'new'],
    // As its manual asks for: about the longest round trip, and ten times that.
    ...['--heartbeat-interval', '250', '--election-timeout', '2500', '--log-level', 'error'],
  ];
}

async function leadFrom(
  origin: WanHost,
  members: readonly WanHost[],
  call: (host: WanHost, path: string, body: unknown) => Promise<string>,
): Promise<void> {
  const status = async (host: WanHost): Promise<z.infer<typeof statusSchema>> =>
    statusSchema.parse(JSON.parse(await call(host, '/v3/maintenance/status', {})));
  await eventually('an etcd leader at the origin', async () => {
    const { leader, header } = await status(origin);
    if (leader === header.member_id) return true;
    for (const member of members) {
      const { header: other } = await status(member);
      if (other.member_id !== leader) continue;
      const move = { targetID: header.member_id };
      await call(member, '/v3/maintenance/transfer-leadership', move);
    }
    return undefined;
  });
}

async function post(
  agent: Agent,
  host: string,
  path: string,
  body: unknown,
): Promise<IncomingMessage> {
  const sent = request({ host, port: CLIENT_PORT, path, method: 'POST', agent });
  sent.setNoDelay(true);
  sent.end(JSON.stringify(body));
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
  });
  if (answer.statusCode !== 200) throw new Error(`${path}: ${await read(answer)}`);
  return answer;
}

async function read(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  answer.on('data', (bytes: Buffer) => parts.push(bytes));
  await once(answer, 'end');
  return Buffer.concat(parts).toString();
}

function forEachLine(answer: IncomingMessage, handle: (line: string) => void): void {
  let text = '';
  answer.on('data', (bytes: Buffer) => {
    const lines = `${text}${bytes.toString()}`.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) handle(line);
  });
  answer.on('error', () => undefined);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
