import { createServer, type Server, type Socket } from 'node:net';
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminClient } from '../../../src/client/admin-client.ts';
import { connectionHint } from '../../../src/client/connection/connection-hints.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { callError } from '../../../src/wire/status.ts';

const TRIED = { wanted: 'admins', security: 'plaintext' } as const;
const AFTER = 'Deadline exceeded after 30.002s,LB pick: 0.001s';

function lateError(details: string): KedgeError {
  return callError(
    Object.assign(new Error(details), { code: 4, details, metadata: new Metadata() }),
  );
}

describe('connectionHint', () => {
  it.each([
    ['self-signed certificate in certificate chain', 'that file has to hold both'],
    ['Name resolution failed for target dns:nowhere.example:7440', 'the name is not known here'],
    ['spiffe://a.example/node/iad-1 does not have the role client', 'under `identities`'],
  ])('says what to look at: %s', (message, advice) => {
    expect(connectionHint(message, TRIED)).toContain(advice);
  });
});

describe('a node that does not answer', () => {
  let silent: Server;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    silent = createServer((socket) => {
      socket.on('error', () => undefined);
      sockets.push(socket);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it.each([
    [`${AFTER},remote_addr=127.0.0.1:7442`, 'no answer within 30 s', 'does not answer: it hangs'],
    ['Deadline exceeded after 0.300s,Waiting for LB pick', 'no connection within 0 s', 'firewalls'],
  ])('has words and advice of its own: %s', (details, message, advice) => {
    const { code, message: said } = lateError(details);
    expect([code, said]).toEqual(['UNAVAILABLE', message]);
    expect(connectionHint(said, TRIED)).toContain(advice);
  });

  it('is told so when it takes the connection and says nothing', async () => {
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const endpoint = `127.0.0.1:${port}`;
    using admin = await AdminClient.open({ endpoint, insecure: true, timeoutMs: 1000 });
    const error = await admin.status().then(
      () => undefined,
      (thrown: unknown) => KedgeError.from(thrown),
    );
    expect(error?.code).toBe('UNAVAILABLE');
    expect(error?.message).toMatch(/^no (?:answer|connection) within 1 s$/);
    expect(connectionHint(error?.message ?? '', TRIED)).toContain('start it again');
  });
});
