/**
 * What becomes of the connections of a listener when its authorities change.
 */
import { X509Certificate } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Client } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Authorities, type Authority } from '../../../src/grpc/tls/authorities.ts';
import { LiveTls, type TlsMaterial } from '../../../src/grpc/tls/live-tls.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { ADMIN_METHODS, TRUST_METHODS } from '../../../src/wire/methods.ts';
import {
  adminTls,
  callerCredentials,
  callUnary,
  clientTls,
  codeOf,
  connect,
  DOMAIN,
  listen,
  nextEvent,
  nodeTls,
  plainAdmin,
  ScriptedWatch,
  type TlsPems,
  tlsMaterial,
  until,
} from '../support/listener.ts';

const STATUS = ADMIN_METHODS.getStatus;
const SUBMISSION = Buffer.from('0a0b0a040a027b7d12037b7d20', 'hex');
const MOVES = { withinMs: 1_000, random: () => 0 };
/** With `random` at 0, callers are asked to come back after half of the time. */
const MOVED_MS = 500;
const otherPki = createTestPki({ commonName: 'Other CA' });

/** The node of the tests, trusting its own CA in some state, and perhaps another one. */
function trusting(changes: Partial<Authority>, ...others: readonly Authority[]): TlsMaterial {
  const certificate = new X509Certificate(nodeTls.ca);
  const callers = new Authorities([{ certificate, state: 'active', ...changes }, ...others]);
  return { ...tlsMaterial(nodeTls), callers };
}

const other: Authority = { certificate: new X509Certificate(otherPki.caPem), state: 'active' };

function strangerTls(): TlsPems {
  const { certificatePem, keyPem } = otherPki.issue('bob', { uris: [`${DOMAIN}/admin/bob`] });
  return { cert: Buffer.from(certificatePem), key: Buffer.from(keyPem), ca: nodeTls.ca };
}

/** Opens a stream that the node will end some day. */
function openWatch(client: Client): EventEmitter {
  const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  return stream.on('error', () => undefined).resume();
}

describe('a listener whose authorities change', () => {
  it('cuts off at once whoever is not vouched for any more, and nobody else', async () => {
    const tls = new LiveTls(trusting({}, other), MOVES);
    const watch = new ScriptedWatch();
    const submit = async (): Promise<never> => await new Promise(() => undefined);
    const services = { admin: plainAdmin({ submit }), trust: watch };
    const { server, log } = await listen({ services, tls, clock: new SimulatedClock() });
    const mallory = connect(server, callerCredentials(strangerTls()));
    const client = connect(server, callerCredentials(clientTls));
    openWatch(client);
    await until(() => watch.callers.length === 1);
    expect(codeOf(await callUnary(mallory, STATUS))).toBe('answered');
    const pending = callUnary(mallory, ADMIN_METHODS.submit, SUBMISSION);
    await callUnary(mallory, STATUS);

    tls.replace(trusting({}));
    expect(codeOf(await pending)).toBe('UNAVAILABLE');
    expect(codeOf(await callUnary(mallory, STATUS))).toBe('UNAVAILABLE');
    expect(log.lines.filter(({ event }) => event === 'connection.cut')).toHaveLength(1);
    expect(watch.closes).toBe(0);
  });

  it('asks the others to come back, and lets the calls under way end', async () => {
    const tls = new LiveTls(trusting({}), MOVES);
    const clock = new SimulatedClock();
    const watch = new ScriptedWatch();
    let answer: (() => void) | undefined;
    const { submit } = plainAdmin();
    const admin = plainAdmin({
      submit: async (document, blobs, by) => {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return await submit(document, blobs, by);
      },
    });
    const { server } = await listen({ services: { admin, trust: watch }, tls, clock });
    const alice = connect(server, callerCredentials(adminTls));
    const client = connect(server, callerCredentials(clientTls));
    const pending = callUnary(alice, ADMIN_METHODS.submit, SUBMISSION);
    const stream = openWatch(client);
    await until(() => answer !== undefined && watch.callers.length === 1);

    tls.replace(trusting({ state: 'retiring' }));
    clock.advance(MOVED_MS - 1);
    expect(watch.closes).toBe(0);
    const ended = nextEvent(stream, 'error');
    clock.advance(1);
    expect(await ended).toMatchObject({ code: 14, details: 'trust has changed: connect again' });
    answer?.();
    expect(codeOf(await pending)).toBe('answered');
    expect(codeOf(await callUnary(alice, STATUS))).toBe('answered');
  });

  it('cuts off at the end of the time what did not end by itself', async () => {
    const tls = new LiveTls(trusting({}), MOVES);
    const clock = new SimulatedClock();
    let submits = 0;
    const submit = async (): Promise<never> => {
      submits += 1;
      return await new Promise(() => undefined);
    };
    const { server } = await listen({ services: { admin: plainAdmin({ submit }) }, tls, clock });
    const alice = connect(server, callerCredentials(adminTls));
    const pending = callUnary(alice, ADMIN_METHODS.submit, SUBMISSION);
    await until(() => submits === 1);
    tls.replace(trusting({ state: 'retiring' }));
    clock.advance(MOVES.withinMs);
    expect(codeOf(await pending)).toBe('UNAVAILABLE');
  });

  it('leaves connections alone when only its own certificate is another one', async () => {
    const tls = new LiveTls(trusting({}), MOVES);
    const clock = new SimulatedClock();
    const watch = new ScriptedWatch();
    const { server } = await listen({ services: { trust: watch }, tls, clock });
    const client = connect(server, callerCredentials(clientTls));
    openWatch(client);
    await until(() => watch.callers.length === 1);
    const { pendingTimers } = clock;
    tls.replace(trusting({}));
    expect(clock.pendingTimers).toBe(pendingTimers);
  });

  it('refuses a leaf from after the time that its authority is distrusted', async () => {
    const tls = new LiveTls(trusting({ state: 'retiring', distrustAfterMs: 0 }), MOVES);
    const { server, log } = await listen({ services: { admin: plainAdmin() }, tls });
    const alice = connect(server, callerCredentials(adminTls));
    expect(codeOf(await callUnary(alice, STATUS))).toBe('UNAVAILABLE');
    expect(log.lines.some(({ event }) => event === 'connection.refused')).toBe(true);
  });
});
