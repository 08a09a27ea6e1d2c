import { describe, expect, it } from 'vitest';
import type { DistrustPolicies } from '../../../src/client/live/distrust.ts';
import type { TlsIdentity } from '../../../src/client/live/identity.ts';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { FakeSource } from '../support/fake-source.ts';

const BUNDLE = 'payments.test.example.org';

describe('options about connections whose CA left', () => {
  it.each([
    'close',
    null,
    3,
    { policy: 'drop' },
    { policy: 'close', withinMs: 5 },
    { policy: 'close', removed: { policy: 'report' } },
    { revoke: { policy: 'close' } },
    { removed: 'close' },
    { removed: { policy: 'close', after: 5 } },
  ])('refuses what callers without types may give: %j', (given) => {
    const source = new FakeSource();
    const onDistrust = given as unknown as DistrustPolicies;
    expect(() => liveTlsClient(source, { bundle: BUNDLE, onDistrust })).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(/^onDistrust/) }),
    );
    expect(source.listenerCount).toBe(0);
  });

  it('refuses a misspelt option: a client would show no certificate and not say so', () => {
    const source = new FakeSource();
    const misspelt = { bundle: BUNDLE, indentity: { cert: '', key: '' } };
    expect(() => liveTlsClient(source, misspelt)).toThrow(
      expect.objectContaining({ code: 'CONFIG', detail: { option: 'indentity' } }),
    );
    expect(source.listenerCount).toBe(0);
  });

  it('refuses half an identity', () => {
    const identity = { cert: 'pem' } as unknown as TlsIdentity;
    expect(() => liveTlsClient(new FakeSource(), { bundle: BUNDLE, identity })).toThrow(
      expect.objectContaining({ message: 'identity: give it, with cert and key as PEM' }),
    );
  });

  it('refuses a listener that is no function', () => {
    const onDistrusted = 'log' as unknown as () => void;
    expect(() => liveTlsClient(new FakeSource(), { bundle: BUNDLE, onDistrusted })).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: 'onDistrusted must be a function' }),
    );
  });
});
