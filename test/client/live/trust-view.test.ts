import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { liveChannelCredentials } from '../../../src/client/live/grpc-channel.ts';
import { liveServerCredentials } from '../../../src/client/live/grpc-server.ts';
import { liveHttpsAgent } from '../../../src/client/live/https-agent.ts';
import type { TlsIdentity } from '../../../src/client/live/identity.ts';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { type TrustSource, TrustView } from '../../../src/client/live/trust-view.ts';
import { liveUndiciConnector } from '../../../src/client/live/undici.ts';
import { testRealm } from '../../../src/testing/index.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { tlsIdentity } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const pki = createTestPki({ commonName: 'CA' });
const identity = tlsIdentity(pki.issue('server'));

/** Every live function, on a bundle. */
const LIVE: Readonly<Record<string, (source: TrustSource, bundle: string) => unknown>> = {
  liveTlsServer: (source, bundle) => {
    const server = createServer({ requestCert: true, ...identity });
    return liveTlsServer(source, { bundle, server, secureContext: identity });
  },
  liveTlsClient: (source, bundle) => liveTlsClient(source, { bundle }),
  liveHttpsAgent: (source, bundle) => liveHttpsAgent(source, { bundle }),
  liveUndiciConnector: (source, bundle) => liveUndiciConnector(source, { bundle }),
  liveServerCredentials: (source, bundle) => liveServerCredentials(source, { bundle, identity }),
  liveChannelCredentials: (source, bundle) => liveChannelCredentials(source, { bundle }),
};

describe.each(Object.entries(LIVE))('%s', (_, make) => {
  it('refuses a bundle that the source does not watch, and names what it watches', async () => {
    const source = Object.assign(new FakeSource(), { bundleNames: [BUNDLE] });
    const attempt = async (): Promise<unknown> => await make(source, 'payment.test.example.org');
    await expect(attempt()).rejects.toMatchObject({
      code: 'CONFIG',
      message: `the source does not watch "payment.test.example.org"; it watches ${BUNDLE}`,
    });
    expect(source.listenerCount).toBe(0);
  });

  it('refuses to go without a bundle', async () => {
    const attempt = async (): Promise<unknown> =>
      await make(new FakeSource(), undefined as unknown as string);
    await expect(attempt()).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/^bundle: give/),
    });
  });
});

describe('a live server', () => {
  const server = createServer({ requestCert: true, ...identity });
  const full = { bundle: BUNDLE, server, secureContext: identity };

  it.each(['server', 'secureContext'] as const)('refuses to go without %s', (option) => {
    const make = (): unknown =>
      liveTlsServer(new FakeSource(), { ...full, [option]: undefined as never });
    expect(make).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        message: expect.stringMatching(new RegExp(`^${option}: give`)) as unknown,
      }),
    );
  });

  it.each([undefined, null, 'PEM', { cert: 'PEM' }])(
    'refuses the gRPC identity %j',
    async (one) => {
      const options = { bundle: BUNDLE, identity: one as unknown as TlsIdentity };
      await expect(liveServerCredentials(new FakeSource(), options)).rejects.toMatchObject({
        code: 'CONFIG',
        message: 'identity: give it, with cert and key as PEM',
      });
    },
  );
});

describe('a trust view', () => {
  it('knows what a source watches before any release is there', async () => {
    await using realm = testRealm({ bundles: [BUNDLE] });
    await using source = await realm.source();
    expect(source.bundleNames).toEqual([BUNDLE]);
    expect(() => liveTlsClient(source, { bundle: 'payment' })).toThrow(/it watches payments/);
    liveTlsClient(source, { bundle: BUNDLE })[Symbol.dispose]();
  });

  it('warns of a purpose that no anchor of the bundle has, until one has it', () => {
    const source = new FakeSource();
    using _ = new TrustView(
      source,
      { bundle: BUNDLE, purpose: 'tls-clients' },
      { onChange: () => undefined },
    );
    const warnings = (): number =>
      source.logger.events.filter(({ event }) => event === 'trust.purpose-unknown').length;
    expect(warnings()).toBe(0);
    source.set(BUNDLE, { caPem: pki.caPem, purposes: ['tls-client'] });
    expect(warnings()).toBe(1);
    source.set(BUNDLE, { caPem: pki.caPem, purposes: ['tls-clients'] });
    source.set(BUNDLE, { caPem: pki.caPem, purposes: ['tls-client'] });
    expect(warnings()).toBe(1);
  });
});
