/**
 * A program that comes back to its node resumes its TLS session, and only its own.
 */
import { describe, expect, it } from 'vitest';
import { dialWatch } from '../../../src/client/connection/grpc-watch.ts';
import type { GrpcServer } from '../../../src/grpc/server.ts';
import type { Metrics } from '../../../src/ports/metrics.ts';
import {
  adminTls,
  clientTls,
  listen,
  ScriptedWatch,
  type TlsPems,
  until,
} from '../../grpc/support/listener.ts';

/** Handshakes of a node, by kind. */
class Handshakes implements Metrics {
  readonly kinds: string[] = [];

  increment(name: string, labels: Readonly<Record<string, string>> = {}): void {
    if (name === 'kedge_handshakes_total') this.kinds.push(labels['kind'] ?? '');
  }

  set(): void {
    // Gauges are of no interest here.
  }
}

async function nodeWith(metrics: Metrics): Promise<{ server: GrpcServer; watch: ScriptedWatch }> {
  const watch = new ScriptedWatch();
  const { server } = await listen({ services: { trust: watch }, metrics });
  return { server, watch };
}

async function visit({ address: endpoint }: GrpcServer, tls: TlsPems): Promise<void> {
  const call = await dialWatch({
    endpoint,
    security: { kind: 'tls', tls: { ...tls, serverName: 'localhost' } },
    timeoutMs: 10_000,
    signal: new AbortController().signal,
  });
  await call.finish();
}

describe('a program that comes back', () => {
  it('resumes its session each time', async () => {
    const handshakes = new Handshakes();
    const { server } = await nodeWith(handshakes);
    for (let times = 0; times < 3; times += 1) await visit(server, clientTls);
    await until(() => handshakes.kinds.length === 3);
    expect(handshakes.kinds).toEqual(['full', 'resumed', 'resumed']);
  });

  it('never resumes a session of another identity or endpoint', async () => {
    const handshakes = new Handshakes();
    const first = await nodeWith(handshakes);
    const second = await nodeWith(handshakes);
    await visit(first.server, clientTls);
    await visit(first.server, adminTls).catch(() => undefined);
    await visit(second.server, clientTls);
    await until(() => handshakes.kinds.length === 3);
    expect(handshakes.kinds).toEqual(['full', 'full', 'full']);
  });
});
