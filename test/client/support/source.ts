/**
 * Sources for tests, closed when the test is over.
 */
import { onTestFinished } from 'vitest';
import type { BundleSourceOptions } from '../../../src/client/options.ts';
import { type BundleSource, openBundleSource } from '../../../src/client/source.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import type { Metrics } from '../../../src/ports/metrics.ts';
import type { TestRealm } from '../../../src/testing/realm.ts';

export const BUNDLE = 'payments.test.example.org';

/** Opens a source of a test realm over plaintext, with short waits. */
export async function openSource(
  realm: TestRealm,
  endpoints: readonly string[],
  options: Partial<BundleSourceOptions> = {},
): Promise<BundleSource> {
  const source = await openBundleSource({
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    endpoints,
    insecure: true,
    bundles: [BUNDLE],
    backoff: { initialMs: 10, maxMs: 50 },
    ...options,
  });
  onTestFinished(() => source.close());
  return source;
}

export async function until(isMet: () => boolean, what = 'the condition'): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!isMet()) {
    if (performance.now() > endMs) throw new Error(`${what} was not met in time`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** A logger that remembers events and their codes. */
export function recordingLogger(): Logger & { readonly events: LogFields[] } {
  const events: LogFields[] = [];
  const record = (fields: LogFields): void => void events.push(fields);
  const logger = {
    events,
    debug: record,
    info: record,
    warn: record,
    error: record,
    child: () => logger,
  };
  return logger;
}

/** Metrics that remember the last value of each series. */
export function recordingMetrics(): Metrics & { readonly values: Map<string, number> } {
  const values = new Map<string, number>();
  const key = (name: string, labels: Readonly<Record<string, string>> = {}): string =>
    [name, ...Object.values(labels)].join(' ');
  return {
    values,
    increment: (name, labels, by = 1) => {
      values.set(key(name, labels), (values.get(key(name, labels)) ?? 0) + by);
    },
    set: (name, value, labels) => void values.set(key(name, labels), value),
  };
}
