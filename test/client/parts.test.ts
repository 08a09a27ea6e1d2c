import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeBundleSet } from '../../src/client/bundle-set.ts';
import { ChangeIterator } from '../../src/client/changes.ts';
import { Backoff } from '../../src/client/connection/backoff.ts';
import { Watchdog } from '../../src/client/connection/watchdog.ts';
import { type BundleSourceOptions, resolveOptions } from '../../src/client/options.ts';
import { Freshness } from '../../src/client/states/freshness.ts';
import { parseBundleName } from '../../src/core/ids.ts';
import { encodePem } from '../../src/core/pem.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Metrics } from '../../src/ports/metrics.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { fakeBundle } from './support/fake-source.ts';

const NAME = 'payments.test.example.org';
const pki = createTestPki();

describe('Backoff', () => {
  it('doubles up to its cap, between one half and the whole of each step', () => {
    for (const [random, expected] of [
      [0, [125, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
      [0.999999, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
    ] as const) {
      const backoff = new Backoff({ initialMs: 250, maxMs: 30_000, random: () => random });
      expect(expected.map(() => backoff.nextMs({ tookMs: 0 }))).toEqual(expected);
    }
  });

  it('waits as it is asked to, within its bounds, and starts over then', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 30_000, random: () => 0.5 });
    expect(backoff.nextMs({ tookMs: 0, askedMs: 4_000 })).toBe(4_500);
    expect(backoff.nextMs({ tookMs: 0, askedMs: 60_000 })).toBe(30_000);
    for (let i = 0; i < 9; i += 1) backoff.nextMs({ tookMs: 0 });
    expect(backoff.nextMs({ tookMs: 0, askedMs: 0 })).toBe(113);
    expect(backoff.nextMs({ tookMs: 0 })).toBe(75);
  });

  it('counts a step from the beginning of the attempt, and never comes back at once', () => {
    const backoff = new Backoff({ initialMs: 200, maxMs: 30_000, random: () => 0 });
    for (let i = 0; i < 5; i += 1) backoff.nextMs({ tookMs: 0 });
    expect(backoff.nextMs({ tookMs: 3_000 })).toBe(200);
    expect(backoff.nextMs({ tookMs: 7_000 })).toBe(100);
    expect(backoff.nextMs({ tookMs: 500_000 })).toBe(100);
  });

  it('starts over after a success and stays finite after thousands of failures', () => {
    const backoff = new Backoff({ initialMs: 250, maxMs: 30_000, random: () => 0 });
    for (let i = 0; i < 5000; i += 1) backoff.nextMs({ tookMs: 0 });
    expect(backoff.nextMs({ tookMs: 0 })).toBe(15_000);
    backoff.reset();
    expect(backoff.nextMs({ tookMs: 0 })).toBe(125);
  });
});

describe('Bundle', () => {
  it('trusts active and retiring anchors for the purposes that they list', () => {
    const [a, b, c, d] = ['A', 'B', 'C', 'D'].map(
      (commonName) => createTestPki({ commonName }).caPem,
    );
    const bundle = fakeBundle(NAME, [
      { caPem: a ?? '', state: 'active' },
      { caPem: b ?? '', state: 'retiring', purposes: ['tls-client'] },
      { caPem: c ?? '', state: 'staged' },
      { caPem: d ?? '', state: 'active', purposes: ['spiffe'] },
    ]);
    expect(bundle.caPems('tls-server')).toEqual([a]);
    expect(bundle.caPems('tls-client')).toEqual([a, b]);
    expect(bundle.caPems('spiffe')).toEqual([d]);
    expect(bundle.caPems('unknown')).toEqual([]);
    expect(bundle.anchors.length).toBe(4);
  });

  it('withholds anchors that are not exactly one CA certificate', () => {
    const leaf = pki.issue('leaf').certificatePem;
    const bundle = fakeBundle(NAME, [
      { caPem: pki.caPem },
      { caPem: leaf },
      { caPem: encodePem('CERTIFICATE', Uint8Array.of(0x30, 1, 0)) },
      { caPem: encodePem('CERTIFICATE', Uint8Array.of(...pki.ca.der, 0)) },
    ]);
    expect(bundle.caPems('tls-server')).toEqual([pki.caPem]);
    expect(bundle.anchors.map(({ withheld }) => withheld?.reason)).toEqual([
      undefined,
      'not-a-ca',
      'not-a-certificate',
      'not-a-certificate',
    ]);
  });

  it('uses an anchor with an unknown constraint that is not critical', () => {
    const constraints = [{ type: 'country', critical: false, values: ['se'] }];
    const bundle = fakeBundle(NAME, [{ caPem: pki.caPem, constraints }]);
    expect(bundle.caPems('tls-server')).toEqual([pki.caPem]);
  });

  it('withholds an anchor with an unknown critical constraint, or one that cannot be read', () => {
    const bundle = fakeBundle(NAME, [
      { caPem: pki.caPem, constraints: [{ type: 'country', critical: true, values: ['se'] }] },
      {
        caPem: createTestPki().caPem,
        constraints: [{ type: 'permitted-ip', critical: false, values: ['10.0.0.1/8'] }],
      },
    ]);
    expect(bundle.trusted('tls-server')).toEqual([]);
    expect(bundle.anchors.map(({ withheld }) => withheld?.reason)).toEqual([
      'constraint',
      'constraint',
    ]);
  });

  it('leaves limited anchors out of plain lists, refuses, or includes them as told (I12)', () => {
    const constraints = [{ type: 'permitted-dns', critical: true, values: ['a.example.org'] }];
    const [dns, time] = [createTestPki().caPem, createTestPki().caPem];
    const bundle = fakeBundle(NAME, [
      { caPem: pki.caPem },
      { caPem: dns, constraints },
      { caPem: time, distrustAfterMs: 0, state: 'retiring' },
    ]);
    expect(bundle.trusted('tls-server').map(({ isLimited }) => isLimited)).toEqual([
      false,
      true,
      true,
    ]);
    expect(bundle.caPems('tls-server')).toEqual([pki.caPem]);
    expect(bundle.caPems('tls-server', { lossy: 'exclude' })).toEqual([pki.caPem]);
    expect(bundle.caPems('tls-server', { lossy: 'include' })).toEqual([pki.caPem, dns, time]);
    expect(() => bundle.caPems('tls-server', { lossy: 'refuse' })).toThrow(
      expect.objectContaining({ code: 'POLICY' }),
    );
    const plain = fakeBundle(NAME, [{ caPem: pki.caPem }]);
    expect(plain.caPems('tls-server', { lossy: 'refuse' })).toEqual([pki.caPem]);
  });

  it('gives nobody an anchor for a purpose that it does not list (I13)', () => {
    const bundle = fakeBundle(NAME, [{ caPem: pki.caPem, purposes: ['tls-server'] }]);
    expect(bundle.trusted('tls-client')).toEqual([]);
    expect(bundle.caPems('tls-client', { lossy: 'include' })).toEqual([]);
  });

  it('cannot be changed by who holds it', () => {
    const bundle = fakeBundle(NAME, [{ caPem: pki.caPem }]);
    const [anchor] = bundle.anchors;
    anchor?.der().fill(0);
    expect(anchor?.pem()).toBe(pki.caPem);
    expect(Object.isFrozen(bundle)).toBe(true);
    for (const list of [
      bundle.anchors,
      bundle.trusted('x'),
      bundle.caPems('x'),
      anchor?.purposes,
    ]) {
      expect(Object.isFrozen(list)).toBe(true);
    }
  });

  it('is found in a set by its name', () => {
    const set = makeBundleSet([fakeBundle('b', []), fakeBundle('a', [])]);
    expect([...set].map(({ name }) => name)).toEqual(['a', 'b']);
    expect([set.size, set.get('a')?.name, set.get('c')]).toEqual([2, 'a', undefined]);
  });
});

describe('ChangeIterator', () => {
  it('gives waiting readers each change and late ones the newest', async () => {
    const changes = new ChangeIterator(() => undefined);
    const waiting = [changes.next(), changes.next()];
    const bundles = [1, 2, 3, 4].map(() => fakeBundle(NAME, []));
    for (const bundle of bundles) changes.push(bundle);
    const got = await Promise.all([...waiting, changes.next()]);
    const sequences = got.map(({ value }) => [value?.previous?.sequence, value?.bundle.sequence]);
    const [one, two, , four] = bundles.map(({ sequence }) => sequence);
    expect(sequences).toEqual([
      [undefined, one],
      [one, two],
      [two, four],
    ]);
  });

  it('ends for all readers, after what waits was read', async () => {
    const changes = new ChangeIterator(() => undefined);
    changes.push(fakeBundle(NAME, []));
    changes.end();
    changes.push(fakeBundle(NAME, []));
    expect((await changes.next()).done).toBe(false);
    expect((await changes.next()).done).toBe(true);
  });

  it('is forgotten by its source when the loop is left', async () => {
    const left: unknown[] = [];
    const changes = new ChangeIterator((iterator) => left.push(iterator));
    changes.push(fakeBundle(NAME, []));
    // What `for await` does when its loop is left.
    await changes.return();
    expect(left).toEqual([changes]);
    expect((await changes.next()).done).toBe(true);
  });
});

describe('Freshness', () => {
  const name = parseBundleName(NAME);

  function watch(windowMs: number): {
    clock: SimulatedClock;
    freshness: Freshness;
    told: string[];
  } {
    const clock = new SimulatedClock();
    const told: string[] = [];
    const onChange = (_: unknown, state: string): void => void told.push(state);
    return { clock, told, freshness: new Freshness({ clock, windowMs: () => windowMs, onChange }) };
  }

  it('tells once per transition', () => {
    const { clock, freshness, told } = watch(600_000);
    freshness.confirm(name);
    clock.advance(599_000);
    freshness.confirm(name);
    clock.advance(599_999);
    expect(told).toEqual([]);
    clock.advance(1);
    clock.advance(6_000_000);
    expect(told).toEqual(['stale']);
    freshness.confirm(name);
    freshness.confirm(name);
    expect(told).toEqual(['stale', 'fresh']);
    clock.advance(600_000);
    expect(told).toEqual(['stale', 'fresh', 'stale']);
  });

  it('does not care about the wall clock', () => {
    const { clock, freshness, told } = watch(600_000);
    freshness.begin(name);
    clock.setWallTime(clock.nowMs() + 365 * 86_400_000);
    clock.advance(599_000);
    expect(told).toEqual([]);
    expect(freshness.confirmedAtMs(name)).toBeUndefined();
    clock.setWallTime(0);
    clock.advance(1000);
    expect([told, freshness.isStale(name)]).toEqual([['stale'], true]);
  });

  it('leaves no timer behind', () => {
    const { clock, freshness } = watch(1000);
    freshness.begin(name);
    freshness[Symbol.dispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('Watchdog', () => {
  it('barks when it is not fed in time, and not after it was put down', async () => {
    const clock = new SimulatedClock();
    const dog = new Watchdog(clock, 100, 'nothing came');
    dog.start();
    clock.advance(99);
    dog.start();
    clock.advance(99);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);
    await expect(dog.bark).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'nothing came within 100 ms',
    });
    dog.start();
    dog[Symbol.dispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('resolveOptions', () => {
  const base: BundleSourceOptions = {
    realm: 'test.example.org',
    firstCharterDigest: 'a'.repeat(64),
    endpoints: ['node-1.example.org:7443', '[::1]:7443'],
    bundles: [NAME, NAME],
  };
  const good = { ...base, tls: { certFile: 'c', keyFile: 'k' } };

  it('fills in the defaults', () => {
    expect(resolveOptions(good)).toMatchObject({
      bundles: [NAME],
      connectTimeoutMs: 10_000,
      answerTimeoutMs: 10_000,
      silenceTimeoutMs: 60_000,
      backoffInitialMs: 250,
      backoffMaxMs: 30_000,
      staleAfterMs: undefined,
      cacheDir: undefined,
    });
  });

  it('has the options and the defaults that docs/sdk.md says', () => {
    const text = readFileSync(new URL('../../docs/sdk.md', import.meta.url), 'utf8');
    const table = text.split('## Options of `openBundleSource`')[1]?.split('\n## ')[0] ?? '';
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    const defaults = new Map(
      rows.flatMap((row) => {
        const [names = '', , value = ''] = row
          .split('|')
          .slice(1)
          .map((cell) => cell.trim());
        return [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => [name, value] as const);
      }),
    );
    const given = Object.fromEntries([...defaults.keys()].map((name) => [name, undefined]));
    expect(() => resolveOptions({ ...given, ...good })).not.toThrow();
    const { onExpired, ...resolved } = resolveOptions(good);
    const spaced = (ms: number): string => ms.toLocaleString('en').replaceAll(',', ' ');
    expect(Object.fromEntries(defaults)).toMatchObject({
      onExpired: `\`'${onExpired}'\``,
      connectTimeoutMs: spaced(resolved.connectTimeoutMs),
      answerTimeoutMs: spaced(resolved.answerTimeoutMs),
      silenceTimeoutMs: spaced(resolved.silenceTimeoutMs),
      backoff: `${resolved.backoffInitialMs}, ${spaced(resolved.backoffMaxMs)} ms`,
      requireRegions: 'none',
      cacheDir: 'none',
      insecure: '`false`',
    });
  });

  it('takes plaintext on loopback only', () => {
    const plain = { ...base, insecure: true };
    for (const endpoint of ['127.0.0.1:1', 'localhost:1', '[::1]:1']) {
      expect(resolveOptions({ ...plain, endpoints: [endpoint] }).security.kind).toBe('plaintext');
    }
    for (const endpoint of ['10.0.0.1:1', 'localhost.example.org:1', '127.0.0.1.example.org:1']) {
      expect(() => resolveOptions({ ...plain, endpoints: [endpoint] })).toThrow(/loopback/);
    }
  });

  it.each<readonly [string, Partial<BundleSourceOptions>]>([
    ['realm', { realm: '../etc' }],
    ['firstCharterDigest', { firstCharterDigest: 'A'.repeat(64) }],
    ['endpoints', { endpoints: [] }],
    ['endpoints', { endpoints: ['node-1'] }],
    ['endpoints', { endpoints: ['node-1:0'] }],
    ['endpoints', { endpoints: ['node-1:70000'] }],
    ['endpoints', { endpoints: ['dns:///node-1:1'] }],
    ['endpoints', { endpoints: Array.from({ length: 65 }, () => 'node-1:1') }],
    ['tls', { tls: { certFile: 'c' } }],
    ['insecure', { insecure: true }],
    ['bundles', { bundles: [] }],
    ['bundles', { bundles: ['constructor'] }],
    ['bundles', { bundles: Array.from({ length: 257 }, (_, i) => `bundle-${i}`) }],
    ['minSequence', { minSequence: { other: 1 } }],
    ['minSequence', { minSequence: { [NAME]: 1.5 } }],
    ['labels', { labels: { a: 'x'.repeat(129) } }],
    ['labels', { labels: { '': 'x' } }],
    ['labels', { labels: { a: 3 } as unknown as Record<string, string> }],
    ['labels', { labels: 'a' as unknown as Record<string, string> }],
    ['cacheDir', { cacheDir: 3 as unknown as string }],
    ['cacheDir', { cacheDir: '' }],
    ['onExpired', { onExpired: 'drop' as 'keep' }],
    ['staleAfterMs', { staleAfterMs: 0 }],
    ['connectTimeoutMs', { connectTimeoutMs: Number.NaN }],
    ['backoff.maxMs', { backoff: { maxMs: 2 ** 31 } }],
    ['logger', { logger: {} as unknown as Logger }],
    ['logger', { logger: 'console' as unknown as Logger }],
    ['metrics', { metrics: { increment: () => undefined } as unknown as Metrics }],
  ])('refuses a wrong %s', (option, wrong) => {
    expect(() => resolveOptions({ ...good, ...wrong })).toThrow(
      expect.objectContaining({ code: 'CONFIG', detail: { option } }),
    );
  });

  it.each(['realm', 'firstCharterDigest', 'endpoints', 'bundles'])(
    'names %s when a caller without types leaves it away',
    (option) => {
      expect(() => resolveOptions({ ...good, [option]: undefined })).toThrow(
        expect.objectContaining({ code: 'CONFIG', detail: { option } }),
      );
    },
  );

  it('refuses an option that it does not know', () => {
    const misspelt = { ...good, endpoint: 'node-1:7443' };
    expect(() => resolveOptions(misspelt)).toThrow(/option endpoint: there is no such option/);
  });

  it('asks for tls when nothing is said', () => {
    expect(() => resolveOptions(base)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });
});
