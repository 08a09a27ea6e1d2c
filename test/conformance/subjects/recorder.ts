/**
 * A log and metrics that remember, to ask them whether a refusal left a trace.
 */
import type { ErrorCode } from '../../../src/core/errors.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import type { Metrics } from '../../../src/ports/metrics.ts';

/** Everything that was logged and counted. */
export class Recorder {
  readonly events: LogFields[] = [];
  readonly #counters: Map<string, number> = new Map();
  readonly logger: Logger;
  readonly metrics: Metrics;

  constructor() {
    const record = (fields: LogFields): void => {
      this.events.push(fields);
    };
    const logger: Logger = {
      debug: record,
      info: record,
      warn: record,
      error: record,
      child: () => logger,
    };
    this.logger = logger;
    this.metrics = {
      increment: (name, labels, by = 1) => {
        const key = `${name} ${labels?.['code'] ?? ''}`;
        this.#counters.set(key, (this.#counters.get(key) ?? 0) + by);
      },
      set: () => undefined,
    };
  }

  /** How often a refusal with this code was both logged and counted. */
  reported(code: ErrorCode): number {
    const logged = this.events.filter((event) => event['code'] === code).length;
    let counted = 0;
    for (const [key, count] of this.#counters) if (key.endsWith(` ${code}`)) counted += count;
    return Math.min(logged, counted);
  }

  /** How many fetches of the node are under way. */
  get fetches(): number {
    const count = (name: string): number =>
      this.events.filter(({ event }) => event === name).length;
    return count('fetch.started') - count('fetch.finished') - count('fetch.failed');
  }

  /** The first refusal since an index, of a statement or of a call. */
  refusalSince(index: number): LogFields | undefined {
    const refusals = new Set(['statement.refused', 'submit.refused', 'link.refused']);
    return this.events.slice(index).find(({ event }) => refusals.has(event));
  }
}

/** Waits until `look` finds something; fails loudly after `timeoutMs`. */
export async function eventually<Found>(
  what: string,
  look: () => Found | undefined,
  timeoutMs: number = 15_000,
): Promise<Found> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
