/**
 * What is written on a line whose TLS socket is in this process, and when.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LineListener } from '../../../src/grpc/tls/caller-line.ts';
import { Outbox } from '../../../src/grpc/tls/outbox.ts';
import { TlsLine } from '../../../src/grpc/tls/tls-line.ts';
import { clientTls, nodeTls } from '../support/listener.ts';

interface Pair {
  readonly line: TlsLine;
  /** The node's end. */
  readonly socket: TLSSocket;
  readonly caller: TLSSocket;
}

/** A line and its caller, over loopback. */
async function pair(): Promise<Pair> {
  const server = createServer({ ...nodeTls, requestCert: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const caller = connect({ ...clientTls, port, checkServerIdentity: () => undefined });
  caller.on('error', () => undefined);
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
  socket.on('error', () => undefined);
  onTestFinished(() => {
    caller.destroy();
    socket.destroy();
    server.close();
  });
  return { line: new TlsLine(socket, undefined, new Outbox()), socket, caller };
}

/** What a caller reads until its line ends. */
async function readAll(caller: TLSSocket): Promise<string> {
  let text = '';
  for await (const bytes of caller) text += String(bytes);
  return text;
}

const nobody: LineListener = {
  data: () => undefined,
  drained: () => undefined,
  gone: () => undefined,
};

describe('TlsLine', () => {
  it('writes at the end of a step, and counts it before', async () => {
    const { line, socket } = await pair();
    expect(line.write(Buffer.from('abc'))).toBe(true);
    expect([socket.writableLength, line.writableLength]).toEqual([0, 3]);
    await new Promise((resolve) => {
      process.nextTick(resolve);
    });
    expect([socket.writableLength, line.writableLength]).toEqual([3, 3]);
  });

  it('keeps the order when something is held back, and when it ends', async () => {
    const { line, caller } = await pair();
    line.write(Buffer.from('a'));
    line.cork();
    line.write(Buffer.from('b'));
    line.uncork();
    line.write(Buffer.from('c'));
    line.end();
    expect(await readAll(caller)).toBe('abc');
  });

  it('hands on what waits before the stream that takes its place', async () => {
    const { line, caller } = await pair();
    line.listen(nobody);
    line.write(Buffer.from('a'));
    line.detach(Buffer.alloc(0)).end('b');
    expect(await readAll(caller)).toBe('ab');
  });

  it('takes no more when its socket is full, and says when it does again', async () => {
    const { line, caller } = await pair();
    const drained = new Promise<void>((resolve) => {
      line.listen({ ...nobody, drained: resolve });
    });
    const piece = Buffer.alloc(64 * 1024);
    expect([line.write(piece), line.write(piece)]).toEqual([false, false]);
    caller.resume();
    await drained;
    expect(line.write(Buffer.from('abc'))).toBe(true);
  });

  it('writes nothing once it is destroyed', async () => {
    const { line, socket } = await pair();
    const errors: unknown[] = [];
    socket.on('error', (error) => errors.push(error));
    line.write(Buffer.from('a'));
    line.destroy();
    await once(socket, 'close');
    expect([socket.bytesWritten, errors]).toEqual([0, []]);
  });
});
