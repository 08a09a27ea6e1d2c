import { describe, expect, it } from 'vitest';
import type { Constraint } from '../../../src/core/anchors/anchor.ts';
import { breachOf, readLimits } from '../../../src/core/anchors/limits.ts';
import { readOutline } from '../../../src/core/anchors/outline.ts';
import { createTestPki } from '../../../src/testing/pki.ts';

const NOW_MS = Date.UTC(2026, 10, 26, 12, 0, 0);
const pki = createTestPki({ nowMs: NOW_MS });

function constraint(type: string, ...values: readonly string[]): Constraint {
  return { type, critical: true, values };
}

/** Whether the limits allow what the test PKI issues: localhost, loopback and `more`. */
function isAllowed(constraints: readonly Constraint[], more = {}): boolean {
  const reading = readLimits({ constraints });
  if (reading.kind === 'unknown' || reading.limits === undefined) throw new Error('no limits');
  return breachOf(reading.limits, readOutline(pki.issue('leaf', more).facts.der)) === undefined;
}

describe('the limits of an anchor', () => {
  it('are none for an anchor without constraints', () => {
    expect(readLimits({ constraints: [] })).toEqual({ kind: 'known' });
  });

  it('are when it is distrusted from, the first second of 1970 too', () => {
    const limits = { distrustAfterMs: 0 };
    expect(readLimits({ constraints: [], ...limits })).toEqual({ kind: 'known', limits });
    const odd = [constraint('country', 'se')];
    expect(readLimits({ constraints: odd, ...limits }).kind).toBe('unknown');
  });

  it('are unknown with a critical constraint of another type', () => {
    expect(readLimits({ constraints: [constraint('country', 'se')] })).toMatchObject({
      kind: 'unknown',
      message: expect.stringContaining('country') as string,
    });
    const harmless = { ...constraint('country', 'se'), critical: false };
    expect(readLimits({ constraints: [harmless] })).toEqual({ kind: 'known' });
  });

  it.each([
    constraint('permitted-dns', 'example.org', ''),
    constraint('permitted-uri', 'spiffe://example.org'),
    constraint('permitted-ip', '10.0.0.1/8'),
    constraint('max-validity-seconds', '1h'),
    constraint('max-validity-seconds', 'h1'),
    constraint('max-validity-seconds', '-1'),
    constraint('max-validity-seconds', '0'),
    constraint('max-validity-seconds', '1', '2'),
    constraint('max-validity-seconds'),
  ])('are unknown with values of $type that cannot be read, critical or not', (odd) => {
    expect(readLimits({ constraints: [odd] }).kind).toBe('unknown');
    expect(readLimits({ constraints: [{ ...odd, critical: false }] }).kind).toBe('unknown');
  });

  it('allow a leaf all of whose names they permit', () => {
    const dns = constraint('permitted-dns', 'example.org', 'localhost');
    expect(isAllowed([dns])).toBe(true);
    expect(isAllowed([dns], { dnsNames: ['a.example.org', '*.b.example.org'] })).toBe(true);
    expect(isAllowed([dns], { dnsNames: ['a.example.org', 'evil.com'] })).toBe(false);
    expect(isAllowed([dns], { uris: ['spiffe://evil.com/x'] })).toBe(true);
    const uri = constraint('permitted-uri', 'example.org');
    expect(isAllowed([uri], { uris: ['spiffe://example.org/x'] })).toBe(true);
    expect(isAllowed([dns, uri], { uris: ['spiffe://evil.com/x'] })).toBe(false);
  });

  it('permit no name of a type when they list none', () => {
    expect(isAllowed([constraint('permitted-dns')])).toBe(false);
    expect(isAllowed([constraint('permitted-uri')])).toBe(true);
  });

  it('are about addresses of both versions', () => {
    expect(isAllowed([constraint('permitted-ip', '127.0.0.0/8', '::1')])).toBe(true);
    expect(isAllowed([constraint('permitted-ip', '127.0.0.0/8')])).toBe(false);
  });

  it('cap how long a leaf is valid', () => {
    const seconds = (days: number): string => String(days * 86_400 + 300);
    const short = { validForMs: 86_400_000 };
    expect(isAllowed([constraint('max-validity-seconds', seconds(1))], short)).toBe(true);
    expect(isAllowed([constraint('max-validity-seconds', '86400')], short)).toBe(false);
  });

  it('take the common name for a host name where there is no other', () => {
    const reading = readLimits({ constraints: [constraint('permitted-dns', 'example.org')] });
    const limits = reading.kind === 'known' ? (reading.limits ?? {}) : {};
    const leaf = { ...readOutline(pki.issue('leaf').facts.der), dnsNames: [] };
    const named = (name: string): boolean =>
      breachOf(limits, { ...leaf, commonNames: [name] }) === undefined;
    expect(named('a.example.org')).toBe(true);
    expect(named('evil.com')).toBe(false);
    expect(named('*.evil.com')).toBe(false);
    expect(named('localhost')).toBe(false);
    expect(named('Jane Doe')).toBe(true);
  });
});

describe('distrustAfter', () => {
  const AFTER_MS = Date.UTC(2020, 0, 1);
  const BACKDATE_MS = 5 * 60_000;

  /** Whether a leaf that begins so long after the limit is allowed. */
  function isAllowedAt(offsetMs: number): boolean {
    const leaf = createTestPki({ nowMs: AFTER_MS - 86_400_000 }).issue('leaf', {
      nowMs: AFTER_MS + BACKDATE_MS + offsetMs,
    });
    return breachOf({ distrustAfterMs: AFTER_MS }, readOutline(leaf.facts.der)) === undefined;
  }

  it('is judged per leaf by its notBefore, however far in the past it is (I11)', () => {
    expect(isAllowedAt(-1000)).toBe(true);
    expect(isAllowedAt(0)).toBe(true);
    expect(isAllowedAt(1000)).toBe(false);
  });
});
