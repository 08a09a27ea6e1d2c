import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseMatrix } from '../../../bench/wan/matrix.ts';
import { openProxies } from '../../../bench/wan/proxies.ts';
import type { Wan, WanHost } from '../../../bench/wan/wan.ts';
import { findFreePort } from '../../../src/testing/ports.ts';

/** Two hosts 5 ms apart; the second one answers whatever it hears. */
async function opened(): Promise<{ readonly wan: Wan; readonly near: Socket }> {
  const hosts: readonly [WanHost, WanHost] = [
    { name: 'a-1', region: 'a', regionIndex: 0, number: 1 },
    { name: 'b-1', region: 'b', regionIndex: 1, number: 1 },
  ];
  const port = await findFreePort();
  const wan = openProxies(parseMatrix('a b\n0 5\n5 0'), hosts, port);
  const echo = createServer((socket) => socket.pipe(socket));
  echo.listen(port, wan.address(hosts[1]));
  await once(echo, 'listening');
  const near = connect({ host: wan.dialAddress(...hosts), port });
  onTestFinished(async () => {
    near.destroy();
    echo.close();
    await wan[Symbol.asyncDispose]();
  });
  await once(near, 'connect');
  return { wan, near };
}

async function hears(socket: Socket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += String((await once(socket, 'data'))[0]);
  return text;
}

describe.runIf(process.platform === 'linux')('openProxies', () => {
  it('hands on all bytes in order', async () => {
    const { near } = await opened();
    const sent = Array.from({ length: 2000 }, (_, i) => `${i},`).join('');
    for (let at = 0; at < sent.length; at += 500) near.write(sent.slice(at, at + 500));
    expect(await hears(near, sent.length)).toBe(sent);
  });

  it('keeps bytes while a way is cut, and hands them on when it is healed', async () => {
    const { wan, near } = await opened();
    near.write('before');
    expect(await hears(near, 6)).toBe('before');
    await wan.cut(0, 1);
    near.write('during');
    let isHealed = false;
    near.once('data', () => expect(isHealed).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    isHealed = true;
    await wan.heal(0, 1);
    expect(await hears(near, 6)).toBe('during');
  });

  it('passes on the end of a connection', async () => {
    const { near } = await opened();
    near.end('bye');
    expect(await hears(near, 3)).toBe('bye');
    await once(near, 'end');
    expect(near.readableEnded).toBe(true);
  });
});
