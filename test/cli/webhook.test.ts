import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseWebhook, Webhook } from '../../src/cli/webhook.ts';

/** A server that answers with these statuses, then with 200, and what it was sent. */
async function listener(...statuses: readonly number[]): Promise<{
  readonly url: URL;
  readonly seen: unknown[];
}> {
  const left = [...statuses];
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const status = left.shift() ?? 200;
      if (status === 200) seen.push(JSON.parse(text));
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), seen };
}

async function post(url: URL, count: number): Promise<readonly string[]> {
  const lost: string[] = [];
  const { signal } = new AbortController();
  const onLost = (why: string): void => void lost.push(why);
  const webhook = new Webhook({ url, signal, onLost, pauseScale: 0.001 });
  for (let n = 1; n <= count; n += 1) webhook.send({ n });
  await webhook[Symbol.asyncDispose]();
  return lost;
}

describe('Webhook', () => {
  it('posts events in order, again after a failure', async () => {
    const { url, seen } = await listener(500, 503);
    expect(await post(url, 3)).toEqual([]);
    expect(seen).toEqual([1, 2, 3].map((n) => ({ lost: 0, event: { n } })));
  });

  it('gives an event up in the end, follows nothing, and says how many were lost', async () => {
    const { url, seen } = await listener(...Array.from({ length: 6 }, () => 302));
    const lost = await post(url, 2);
    expect(lost).toEqual([`the webhook at ${url.host} lost an event: it could not be reached`]);
    expect(seen).toEqual([{ lost: 1, event: { n: 2 } }]);
  });

  it('holds a bounded number and drops the oldest', async () => {
    const { url, seen } = await listener();
    const lost = await post(url, 300);
    expect(lost).toHaveLength(44);
    expect(seen).toHaveLength(256);
    expect(seen[0]).toEqual({ lost: 44, event: { n: 45 } });
  });
});

describe('parseWebhook', () => {
  it('takes https, and http to this machine only', () => {
    expect(parseWebhook('https://hooks.example.org/x').host).toBe('hooks.example.org');
    expect(parseWebhook('http://127.0.0.1:8080/').port).toBe('8080');
    for (const bad of ['http://hooks.example.org', 'file:///etc/passwd', 'nonsense', '']) {
      expect(() => parseWebhook(bad)).toThrow('not the URL of a webhook');
    }
  });
});
