import { describe, expect, it } from 'vitest';
import { CallerQuota } from '../../../src/service/clients/caller-quota.ts';

describe('CallerQuota', () => {
  it('refuses one too many of one caller, and of no other', () => {
    const quota = new CallerQuota({ max: 2, what: 'streams', setBy: 'limits.x' });
    quota.enter('spiffe://a');
    quota.enter('spiffe://a');
    expect(() => quota.enter('spiffe://a')).toThrow(
      'spiffe://a has its maximum of 2 streams open at this node (limits.x)',
    );
    expect(() => quota.enter('spiffe://b')).not.toThrow();
  });

  it('takes each back once', () => {
    const quota = new CallerQuota({ max: 1, what: 'calls' });
    const leave = quota.enter('a');
    leave();
    const again = quota.enter('a');
    leave();
    expect(() => quota.enter('a')).toThrow('maximum of 1 calls');
    again();
    expect(() => quota.enter('a')).not.toThrow();
  });
});
