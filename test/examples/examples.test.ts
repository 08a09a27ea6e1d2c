/**
 * Every example of `examples/`, as the process that a reader would start, against a realm of the
 * test kit: it works, follows a change of trust while it runs, and ends when it is told to.
 */
import { once } from 'node:events';
import { createServer as createHttpsServer, get, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createSecureContext } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TestAuthority, TestCertificate } from '../../src/testing/index.ts';
import type { TestProcess } from '../../src/testing/processes.ts';
import { until } from '../client/support/source.ts';
import { postgresServer } from './support/postgres.ts';
import { portOf, Stage } from './support/stage.ts';

/** Several processes start, maybe on a loaded machine. */
const SLOW = { timeout: 60_000 };

describe('examples: servers', SLOW, () => {
  it.each(['https-server', 'fastify-server'])('%s admits whom the bundle trusts', async (name) => {
    const stage = await Stage.open();
    const child = await stage.start(name, stage.old);
    const port = await portOf(child);
    const call = async (as: TestAuthority): Promise<string> =>
      await callOnce(port, as.issue('caller'), stage.old.caPem);
    expect(await call(stage.old)).toMatch(/hello|caller/);
    expect(await call(stage.next)).toMatch(/^failed/);
    await stage.revokeOld();
    expect(await call(stage.next)).toMatch(/hello|caller/);
    expect(await call(stage.old)).toMatch(/^failed/);
    await endsWell(child);
  });
});

describe('an example that lacks a variable', SLOW, () => {
  it('names it in one line', async () => {
    const stage = await Stage.open();
    const child = await stage.start('watch', stage.old, [], { KEDGE_PIN: '' });
    expect((await child.exited).code).toBe(2);
    expect(child.stderr).toEqual([expect.stringMatching(/^KEDGE_PIN is not set; /)]);
  });
});

describe('examples: clients of an HTTPS server', SLOW, () => {
  it('https-client calls a server that the bundle trusts, and ends by itself', async () => {
    const stage = await Stage.open();
    const server = await httpsServer(stage.old.issue('server'));
    const url = `https://localhost:${server.port}/`;
    const good = await stage.start('https-client', stage.old, [url]);
    await good.waitForLine('hello');
    expect(await good.exited).toMatchObject({ code: 0 });
    server.replace(stage.next.issue('server'));
    const bad = await stage.start('https-client', stage.old, [url]);
    expect((await bad.exited).code).not.toBe(0);
  });

  it.each(['undici-client', 'worker-thread'])(
    '%s follows the bundle while it runs',
    async (name) => {
      const stage = await Stage.open();
      const server = await httpsServer(stage.old.issue('server'));
      const child = await stage.start(name, stage.old, [`https://localhost:${server.port}/`]);
      await child.waitForLine('hello');
      await stage.revokeOld();
      await child.waitForLine('failed', { fromIndex: child.stdout.length });
      server.replace(stage.next.issue('server'));
      await child.waitForLine('hello', { fromIndex: child.stdout.length });
      await endsWell(child);
    },
  );

  it('watch prints what is trusted, now and after every change', async () => {
    const stage = await Stage.open();
    const child = await stage.start('watch', stage.old);
    await child.waitForLine('1 (first): Old CA');
    await stage.revokeOld();
    await child.waitForLine('3 (after 2): Next CA');
    await stage.realm.goOffline();
    await child.waitForLine(/^source: offline \(.+\)$/);
    expect(await child.kill('SIGINT')).toMatchObject({ code: 0 });
  });
});

describe('examples: gRPC', SLOW, () => {
  it('server and client trust each other by the bundle, until it says otherwise', async () => {
    const stage = await Stage.open();
    const server = await stage.start('grpc-server', stage.old);
    const address = `localhost:${await portOf(server)}`;
    const client = await stage.start('grpc-client', stage.old, [address]);
    await client.waitForLine('SERVING');
    await stage.revokeOld();
    await client.waitForLine('failed', { fromIndex: client.stdout.length });
    await endsWell(client);
    await endsWell(server);
  });
});

describe('examples: a database pool', SLOW, () => {
  it('database-pool follows the bundle, also with a query that is under way', async () => {
    const stage = await Stage.open();
    let own = stage.old.issue('database');
    let answer: string | undefined = 'one';
    let waiting = 0;
    const server = postgresServer(
      () => createSecureContext(own),
      () => {
        if (answer === undefined) waiting += 1;
        return answer;
      },
    );
    const PGPORT = String(await listen(server));
    const child = await stage.start('database-pool', stage.old, [], { PGPORT });
    await child.waitForLine('answer one');
    answer = undefined;
    await until(() => waiting > 0, 'a query that waits');
    await stage.revokeOld();
    await child.waitForLine('failed', { fromIndex: child.stdout.length });
    answer = 'one';
    own = stage.next.issue('database');
    await child.waitForLine('answer one', { fromIndex: child.stdout.length });
    await endsWell(child);
  });
});

async function endsWell(child: TestProcess): Promise<void> {
  expect(await child.kill('SIGTERM')).toMatchObject({ code: 0 });
}

interface ReplaceableServer {
  readonly port: number;
  replace(own: TestCertificate): void;
}

/** Says hello; connections from before are cut when its certificate is replaced. */
async function httpsServer(own: TestCertificate): Promise<ReplaceableServer> {
  const server: HttpsServer = createHttpsServer(own, (_, answer) => answer.end('hello\n'));
  return {
    port: await listen(server),
    replace: (next) => {
      server.setSecureContext(next);
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function callOnce(port: number, own: TestCertificate, ca: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', servername: 'localhost', port, ca, agent: false, ...own };
    get(options, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      answer.on('end', () => resolve(body));
    }).on('error', (error: Error) => resolve(`failed: ${error.message}`));
  });
}
