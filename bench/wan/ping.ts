/**
 * A program that measures the way between hosts: answers what is sent to it, and says how long the
 * answers of others take.
 *
 * Arguments: the address to listen on, then the addresses to measure. It prints `listening`, waits
 * for a line on standard input, and prints one JSON object of address to median one-way
 * milliseconds, less the time that two such programs and the kernel take without any way between
 * them: that is measured against itself. Over TCP, because that is what both kinds of network
 * carry.
 *
 * @module
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../claim.ts';
import { PEER_PORT } from './proxies.ts';

const COUNT = 21;
const ANSWER_WITHIN_MS = 2000;
/** As long as a far answer takes: a processor that slept wakes up as it does there. */
const PAUSE_MS = 200;

const [own = '', ...others] = process.argv.slice(2);
const echo = createServer({ noDelay: true }, (socket) => socket.pipe(socket));
echo.listen(PEER_PORT, own);
await once(echo, 'listening');
process.stdout.write('listening\n');
await once(process.stdin, 'data');
const oneWayMs: Record<string, number> = {};
const withoutWayMs = await measure(own, PAUSE_MS);
for (const other of others) oneWayMs[other] = (await measure(other, 0)) - withoutWayMs;
process.stdout.write(`${JSON.stringify(oneWayMs)}\n`);

async function measure(host: string, pauseMs: number): Promise<number> {
  const times: number[] = [];
  const socket = connect({ host, port: PEER_PORT, noDelay: true });
  await once(socket, 'connect');
  for (let i = 0; i < COUNT; i += 1) {
    await sleep(pauseMs);
    const startMs = performance.now();
    socket.write('!');
    await once(socket, 'data', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    times.push((performance.now() - startMs) / 2);
  }
  socket.destroy();
  return median(times);
}
