import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpListener, type Readiness } from '../../src/http/listener.ts';
import { MetricRegistry } from '../../src/http/registry.ts';

let listener: HttpListener;
let registry: MetricRegistry;
let readiness: Readiness = { kind: 'serving' };

beforeEach(async () => {
  registry = new MetricRegistry();
  const address = '127.0.0.1:0';
  listener = await HttpListener.open({ address, registry, readiness: () => readiness });
});
afterEach(async () => {
  await listener[Symbol.asyncDispose]();
});

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(`http://${listener.address}${path}`, init);
}

describe('HttpListener', () => {
  it('answers /metrics in the text format of Prometheus', async () => {
    registry.increment('kedge_forks_total');
    const answer = await ask('/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('\nkedge_forks_total 1\n');
  });

  it('says whether it lives, and whether clients are served and why not', async () => {
    expect(await (await ask('/healthz')).text()).toBe('alive\n');
    readiness = { kind: 'not-serving', reason: 'starting' };
    expect((await ask('/healthz')).status).toBe(200);
    const answer = await ask('/readyz?verbose');
    expect([answer.status, await answer.text()]).toEqual([503, 'not serving: starting\n']);
    readiness = { kind: 'serving' };
    expect((await ask('/readyz')).status).toBe(200);
  });

  it('only reads: other methods and paths are refused, HEAD has no body', async () => {
    const post = await ask('/metrics', { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await ask('/')).status).toBe(404);
    const head = await ask('/healthz', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      '6',
      '',
    ]);
  });

  it('answers 500 and goes on when something cannot be read', async () => {
    registry.collect(() => {
      throw new Error('broken');
    });
    expect((await ask('/metrics')).status).toBe(500);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('ends open connections when it closes', async () => {
    const [host = '', port = ''] = listener.address.split(':');
    const socket = connect(Number(port), host);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.on('connect', resolve));
    await listener[Symbol.asyncDispose]();
    await closed;
  });

  it('names an address that it cannot have', async () => {
    const second = HttpListener.open({
      address: listener.address,
      registry,
      readiness: () => readiness,
    });
    await expect(second).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(second).rejects.toThrow('is in use');
  });
});
