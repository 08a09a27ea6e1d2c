import { describe, expect, it } from 'vitest';
import type { DistrustPolicies } from '../../../src/client/live/distrust.ts';
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

  it('refuses a listener that is no function', () => {
    const onDistrusted = 'log' as unknown as () => void;
    expect(() => liveTlsClient(new FakeSource(), { bundle: BUNDLE, onDistrusted })).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: 'onDistrusted must be a function' }),
    );
  });
});
