import { connect as connectSocket } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  ADDRESSES_MAX,
  AWAY_MIN_MS,
  FAILURES_MAX,
  HandshakeLimit,
} from '../../../src/grpc/tls/handshake-limit.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { ADMIN_METHODS } from '../../../src/wire/methods.ts';
import {
  adminTls,
  callerCredentials,
  callUnary,
  codeOf,
  connect,
  listen,
  plainAdmin,
} from '../support/listener.ts';

const STATUS = ADMIN_METHODS.getStatus;

function failing(limit: HandshakeLimit, address: string, times: number): number | undefined {
  let forMs: number | undefined;
  for (let i = 0; i < times; i += 1) forMs = limit.failed(address);
  return forMs;
}

describe('HandshakeLimit', () => {
  it('bears many failures, and turns an address away for one more', () => {
    const limit = new HandshakeLimit(new SimulatedClock());
    expect(failing(limit, '192.0.2.1', FAILURES_MAX)).toBeUndefined();
    expect(limit.admits('192.0.2.1')).toBe(true);
    expect(limit.failed('192.0.2.1')).toBe(AWAY_MIN_MS);
    expect(limit.admits('192.0.2.1')).toBe(false);
    expect(limit.admits('192.0.2.2')).toBe(true);
  });

  it('bears a steady rate of them for ever', () => {
    const clock = new SimulatedClock();
    const limit = new HandshakeLimit(clock);
    for (let i = 0; i < 4 * FAILURES_MAX; i += 1) {
      expect(limit.failed('192.0.2.1')).toBeUndefined();
      clock.advance(100);
    }
  });

  it('bears as many failures as there are callers that get in', () => {
    const limit = new HandshakeLimit(new SimulatedClock());
    for (let i = 0; i < 4 * FAILURES_MAX; i += 1) {
      expect(limit.failed('192.0.2.1')).toBeUndefined();
      limit.succeeded('192.0.2.1');
    }
  });

  it('turns an address away for longer each time, up to a minute', () => {
    const clock = new SimulatedClock();
    const limit = new HandshakeLimit(clock);
    const times: (number | undefined)[] = [];
    for (let round = 0; round < 8; round += 1) {
      let forMs: number | undefined;
      while (forMs === undefined) forMs = limit.failed('192.0.2.1');
      times.push(forMs);
      clock.advance(forMs);
      expect(limit.admits('192.0.2.1')).toBe(true);
    }
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('begins anew once somebody from there got in, or after a while', () => {
    const clock = new SimulatedClock();
    const limit = new HandshakeLimit(clock);
    failing(limit, '192.0.2.1', FAILURES_MAX + 1);
    clock.advance(AWAY_MIN_MS);
    limit.succeeded('192.0.2.1');
    expect(failing(limit, '192.0.2.1', FAILURES_MAX + 1)).toBeUndefined();
    expect(limit.admits('192.0.2.1')).toBe(false);
    clock.advance(AWAY_MIN_MS);
    expect(limit.admits('192.0.2.1')).toBe(true);
    clock.advance(600_000);
    expect(failing(limit, '192.0.2.1', FAILURES_MAX + 1)).toBe(AWAY_MIN_MS);
  });

  it.each([
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', 'one'],
    ['2001:db8::1', '2001:db8:0:0:1::', 'one'],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', 'two'],
    ['::ffff:192.0.2.1', '192.0.2.1', 'one'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', 'two'],
    ['fe80::1%eth0', 'fe80::2%eth1', 'one'],
  ])('takes %s and %s for %s', (first, second, count) => {
    const limit = new HandshakeLimit(new SimulatedClock());
    limit.failed(first);
    limit.failed(second);
    expect(limit.size).toBe(count === 'one' ? 1 : 2);
  });

  it('remembers so many addresses, and forgets the one that failed longest ago', () => {
    const limit = new HandshakeLimit(new SimulatedClock());
    failing(limit, '192.0.2.1', FAILURES_MAX + 1);
    for (let i = 0; i < ADDRESSES_MAX - 1; i += 1) {
      limit.failed(`10.0.${String(i >> 8)}.${String(i & 255)}`);
    }
    expect(limit.admits('192.0.2.1')).toBe(false);
    limit.failed('192.0.2.2');
    expect(limit.size).toBe(ADDRESSES_MAX);
    expect(limit.admits('192.0.2.1')).toBe(true);
  });
});

describe('a listener', () => {
  it('turns an address away from which many handshakes fail, and lets it in later', async () => {
    const clock = new SimulatedClock();
    const { server, log } = await listen({ services: { admin: plainAdmin() }, clock });
    const before = connect(server, callerCredentials(adminTls));
    expect(codeOf(await callUnary(before, STATUS))).toBe('answered');
    for (let i = 0; i < FAILURES_MAX + 1; i += 1) await speakNoTls(server.address);

    await expect
      .poll(() => log.lines.filter(({ event }) => event === 'address.refused'))
      .toHaveLength(1);
    const during = connect(server, callerCredentials(adminTls));
    expect(codeOf(await callUnary(during, STATUS))).toBe('UNAVAILABLE');
    expect(codeOf(await callUnary(before, STATUS))).toBe('answered');
    clock.advance(AWAY_MIN_MS);
    const after = connect(server, callerCredentials(adminTls));
    expect(codeOf(await callUnary(after, STATUS))).toBe('answered');
  });
});

/** A connection that is closed for what it says. */
async function speakNoTls(address: string): Promise<void> {
  const { hostname: host, port } = new URL(`tcp://${address}`);
  await new Promise<void>((resolve) => {
    const socket = connectSocket({ host, port: Number(port) }, () => socket.write('hello\r\n\r\n'));
    socket.on('error', () => undefined);
    socket.resume().once('close', () => resolve());
  });
}
