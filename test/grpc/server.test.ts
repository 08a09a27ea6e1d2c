import { connect as connectHttp2 } from 'node:http2';
import { type Client, credentials, Metadata } from '@grpc/grpc-js';
import { type AnyDefinition, loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { service as healthService, protoPath } from 'grpc-health-check';
import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { GrpcServer } from '../../src/grpc/server.ts';
import { plaintextChannel, plaintextServer } from '../../src/grpc/tls/credentials.ts';
import { noLogger } from '../../src/ports/logger.ts';
import { noMetrics } from '../../src/ports/metrics.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { ADMIN_METHODS, TRUST_METHODS } from '../../src/wire/methods.ts';
import { decodeNodeStatus } from '../../src/wire/node-status.ts';
import {
  adminTls,
  callerCredentials,
  callUnary,
  clientTls,
  codeOf,
  connect,
  directory,
  IAD,
  listen,
  liveTls,
  materialOf,
  nextEvent,
  nodeTls,
  plainAdmin,
  ScriptedLinks,
  ScriptedWatch,
  status,
  until,
} from './support/listener.ts';

const STATUS = ADMIN_METHODS.getStatus;

async function health(client: Client, service: string): Promise<string> {
  const check = healthService['Check'];
  if (check === undefined) throw new Error(`no Check in ${protoPath}`);
  return await new Promise((resolve) => {
    client.makeUnaryRequest(
      check.path,
      (value: { service: string }) => check.requestSerialize(value),
      (bytes) => check.responseDeserialize(bytes),
      { service },
      (failure, answer: unknown) => {
        resolve(failure === null ? JSON.stringify(answer) : failure.details);
      },
    );
  });
}

describe('a listener with mTLS', () => {
  it('serves a caller with the right role', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const answer = await callUnary(connect(server, callerCredentials(adminTls)), STATUS);
    expect(codeOf(answer)).toBe('answered');
    if (Buffer.isBuffer(answer)) expect(decodeNodeStatus(answer)).toEqual(status);
  });

  it('refuses a certificate of another CA', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const stranger = materialOf('admin/alice', createTestPki());
    const client = connect(server, callerCredentials(stranger));
    expect(codeOf(await callUnary(client, STATUS))).toBe('UNAVAILABLE');
  });

  it('refuses a caller without a certificate', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const client = connect(server, callerCredentials(undefined));
    expect(codeOf(await callUnary(client, STATUS))).toBe('UNAVAILABLE');
  });

  it('refuses a caller without TLS', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const client = connect(server, credentials.createInsecure());
    expect(codeOf(await callUnary(client, STATUS))).toBe('UNAVAILABLE');
  });

  it('refuses an expired certificate', async () => {
    const past = Date.now() - 10 * 86_400_000;
    const old = createTestPki({ nowMs: past, validForMs: 86_400_000 });
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const client = connect(server, callerCredentials(materialOf('admin/alice', old)));
    expect(codeOf(await callUnary(client, STATUS))).toBe('UNAVAILABLE');
  });

  it('refuses a role that does not fit with ACCESS, and logs it', async () => {
    const { server, log } = await listen({ services: { admin: plainAdmin() } });
    const answer = await callUnary(connect(server, callerCredentials(clientTls)), STATUS);
    expect(codeOf(answer)).toBe('ACCESS');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ event: 'identity.refused', method: STATUS.path, code: 'ACCESS' }),
    );
  });

  it('refuses a valid certificate that nobody configured', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const unknown = callerCredentials(materialOf('visitor/bob'));
    const answer = await callUnary(connect(server, unknown), STATUS);
    expect(answer).toMatchObject({ code: 'ACCESS' });
  });

  it('serves only the services of its listener', async () => {
    const { server } = await listen({ services: { trust: new ScriptedWatch() } });
    const answer = await callUnary(connect(server, callerCredentials(adminTls)), STATUS);
    expect(codeOf(answer)).toBe('CONFIG');
  });
});

describe('a plaintext listener', () => {
  it('lets everybody in', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() }, tls: 'plaintext' });
    const client = connect(server, plaintextChannel(server.address));
    expect(codeOf(await callUnary(client, STATUS))).toBe('answered');
  });

  it.each([
    '0.0.0.0:0',
    '[::]:1',
    'node.example.org:7440',
    '127.0.0.1.example.org:1',
    '10.0.0.1:1',
  ])('is refused on %s', (address) => {
    expect(() => plaintextServer(address)).toThrow('not a loopback address');
    expect(() => plaintextChannel(address)).toThrow('not a loopback address');
  });
});

describe('GrpcServer.start', () => {
  it('says that the port is in use', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const again = GrpcServer.start({
      address: server.address,
      tls: liveTls(nodeTls),
      callers: { directory, transport: 'mtls' },
      services: {},
      maxStreamsPerConnection: 1,
      clock: systemClock,
      logger: noLogger,
      metrics: noMetrics,
    });
    await expect(again).rejects.toThrow('is in use: stop the program');
  });
});

describe('limits of a call', () => {
  it('refuses a request above the size limit', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const client = connect(server, callerCredentials(adminTls));
    const huge = Buffer.alloc(4 * 1024 * 1024 + 1);
    expect(codeOf(await callUnary(client, ADMIN_METHODS.submit, huge))).toBe('LIMIT');
  });

  it('refuses a large request to a listener for clients alone', async () => {
    const { server } = await listen({ services: { trust: new ScriptedWatch() } });
    const client = connect(server, callerCredentials(clientTls));
    const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.resume();
    call.write(Buffer.alloc(128 * 1024 + 1));
    const failure = await nextEvent(call, 'error');
    expect(failure).toMatchObject({ code: 8 });
  });

  it('gives the code of a request that does not decode', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const client = connect(server, callerCredentials(adminTls));
    const junk = Buffer.of(0xff, 0xff);
    expect(await callUnary(client, ADMIN_METHODS.submit, junk)).toMatchObject({ code: 'PARSE' });
  });

  it('gives the code and detail of a refusal of the services', async () => {
    const submit = async (): Promise<never> => {
      throw new KedgeError('ROLLBACK', 'older than 7', { detail: { sequence: 7 } });
    };
    const { server } = await listen({ services: { admin: plainAdmin({ submit }) } });
    const client = connect(server, callerCredentials(adminTls));
    const document = Buffer.from('0a0b0a040a027b7d12037b7d20', 'hex');
    expect(await callUnary(client, ADMIN_METHODS.submit, document)).toMatchObject({
      code: 'ROLLBACK',
      message: 'older than 7',
      detail: { sequence: 7 },
    });
  });

  it('ends a call that its service does not answer', async () => {
    const clock = new SimulatedClock();
    let isAsked = false;
    const submit = async (): Promise<never> => {
      isAsked = true;
      return await new Promise(() => undefined);
    };
    const { server } = await listen({ services: { admin: plainAdmin({ submit }) }, clock });
    const client = connect(server, callerCredentials(adminTls));
    const document = Buffer.from('0a0b0a040a027b7d12037b7d20', 'hex');
    const answer = callUnary(client, ADMIN_METHODS.submit, document);
    await until(() => isAsked);
    clock.advance(30_000);
    expect(await answer).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('ends a call whose request does not arrive (H02)', async () => {
    const clock = new SimulatedClock();
    const { server } = await listen({ services: { admin: plainAdmin() }, tls: 'plaintext', clock });
    const session = connectHttp2(`http://${server.address}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': STATUS.path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.write(Buffer.of(0, 0, 0));
    await until(() => clock.pendingTimers > 0);
    clock.advance(15_000);
    const headers = await nextEvent(stream, 'response');
    expect(headers).toMatchObject({ 'grpc-status': '4' });
    session.destroy();
  });

  it('takes no more calls at once than one connection may have', async () => {
    const watch = new ScriptedWatch();
    const { server } = await listen({ services: { trust: watch }, maxStreamsPerConnection: 2 });
    const client = connect(server, callerCredentials(clientTls));
    const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
    const calls = [1, 2, 3].map(() => {
      const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      call.on('error', () => undefined);
      return call;
    });
    await until(() => watch.callers.length === 2);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(watch.callers).toHaveLength(2);
    for (const call of calls) call.cancel();
  });
});

describe('health', () => {
  it('follows what the node says, for the whole and for each service', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const client = connect(server, callerCredentials(adminTls));
    expect(await health(client, '')).toContain('NOT_SERVING');
    server.setHealth('SERVING');
    expect(await health(client, '')).toContain('"SERVING"');
    expect(await health(client, 'kedge.v1.AdminService')).toContain('"SERVING"');
    expect(await health(client, 'kedge.v1.TrustService')).toContain('unknown');
  });
});

describe('reflection', () => {
  it('lists the services of the listener with their types', async () => {
    const { server } = await listen({
      services: { admin: plainAdmin(), trust: new ScriptedWatch() },
    });
    const client = connect(server, callerCredentials(adminTls));
    const types = loadSync('reflection/v1/reflection.proto', {
      includeDirs: ['node_modules/@grpc/reflection/build/proto/grpc'],
    });
    const request = types['grpc.reflection.v1.ServerReflectionRequest'];
    const response = types['grpc.reflection.v1.ServerReflectionResponse'];
    const ask = async (question: object): Promise<string> => {
      if (!isMessage(request) || !isMessage(response)) throw new Error('no reflection types');
      const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
      const call = client.makeBidiStreamRequest(path, request.serialize, response.deserialize);
      call.on('error', () => undefined);
      call.write(question);
      const answer = await nextEvent(call, 'data');
      call.end();
      return JSON.stringify(answer);
    };
    const list = await ask({ listServices: '' });
    expect(list).toContain('kedge.v1.AdminService');
    expect(list).toContain('kedge.v1.TrustService');
    expect(list).not.toContain('kedge.v1.GossipService');
    expect(await ask({ fileContainingSymbol: 'kedge.v1.AdminService' })).toContain(
      'fileDescriptorProto',
    );
  });
});

describe('GrpcServer.drain', () => {
  it('ends streams with UNAVAILABLE, finishes answers, and refuses new calls', async () => {
    let answer: (() => void) | undefined;
    const submit = plainAdmin().submit;
    const slow = plainAdmin({
      submit: async (document, blobs, by) => {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return await submit(document, blobs, by);
      },
    });
    const watch = new ScriptedWatch();
    const links = new ScriptedLinks();
    const services = {
      admin: slow,
      trust: watch,
      gossip: { self: IAD, links, fetchItems: () => nothing() },
    };
    const { server } = await listen({ services });
    const admin = connect(server, callerCredentials(adminTls));
    const client = connect(server, callerCredentials(clientTls));
    const document = Buffer.from('0a0b0a040a027b7d12037b7d20', 'hex');
    const pending = callUnary(admin, ADMIN_METHODS.submit, document);
    const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    stream.resume();
    await until(() => answer !== undefined && watch.callers.length === 1);

    const ended = nextEvent(stream, 'error');
    const drained = server.drain(5_000);
    const failure = await ended;
    expect(failure).toMatchObject({ code: 14, details: 'this node is shutting down' });
    answer?.();
    expect(codeOf(await pending)).toBe('answered');
    await drained;
    const late = connect(server, callerCredentials(adminTls));
    expect(codeOf(await callUnary(late, STATUS))).toBe('UNAVAILABLE');
  });

  it('cuts off what does not end in time', async () => {
    const submit = async (): Promise<never> => await new Promise(() => undefined);
    const { server } = await listen({ services: { admin: plainAdmin({ submit }) } });
    const client = connect(server, callerCredentials(adminTls));
    const document = Buffer.from('0a0b0a040a027b7d12037b7d20', 'hex');
    const pending = callUnary(client, ADMIN_METHODS.submit, document);
    await callUnary(client, STATUS);
    const startMs = performance.now();
    await server.drain(100);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(codeOf(await pending)).toBe('UNAVAILABLE');
  });

  it('does not wait for health watchers', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const client = connect(server, callerCredentials(adminTls));
    const watch = healthService['Watch'];
    if (watch === undefined) throw new Error('no Watch');
    const call = client.makeServerStreamRequest(
      watch.path,
      (value: { service: string }) => watch.requestSerialize(value),
      (bytes) => watch.responseDeserialize(bytes),
      { service: '' },
      new Metadata(),
    );
    call.on('error', () => undefined);
    await nextEvent(call, 'data');
    const startMs = performance.now();
    await server.drain(60_000);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

type MessageType = MessageTypeDefinition<object, object>;

function isMessage(definition: AnyDefinition | undefined): definition is MessageType {
  return definition !== undefined && 'serialize' in definition;
}

async function* nothing(): AsyncGenerator<never> {
  // No items.
}
