/**
 * How the process itself is: CPU time, memory, open files, how late its timers run.
 *
 * @module
 */
import { readdir, readFile } from 'node:fs/promises';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { ShownSample } from './registry.ts';

/** How often a timer is to fire that tells how late timers are, milliseconds. */
const LAG_RESOLUTION_MS = 50;
const NS_PER_S = 1e9;
const US_PER_S = 1e6;

/** Measures this process; lag from when it was made, then between two readings. */
export class ProcessGauges implements Disposable {
  readonly #lag: IntervalHistogram = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });

  constructor() {
    this.#lag.enable();
  }

  /** Reads all; what the system does not tell is left out. */
  async read(): Promise<readonly ShownSample[]> {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const samples: ShownSample[] = [
      { name: 'process_cpu_seconds_total', value: (user + system) / US_PER_S },
      { name: 'process_resident_memory_bytes', value: rss },
      { name: 'process_start_time_seconds', value: Date.now() / 1000 - process.uptime() },
      { name: 'nodejs_heap_size_used_bytes', value: heapUsed },
      { name: 'nodejs_heap_size_total_bytes', value: heapTotal },
      { name: 'nodejs_external_memory_bytes', value: external },
      { name: 'nodejs_eventloop_lag_p99_seconds', value: lateBy(this.#lag.percentile(99)) },
      { name: 'nodejs_eventloop_lag_max_seconds', value: lateBy(this.#lag.max) },
    ];
    this.#lag.reset();
    const [open, max] = [await openFiles(), await openFilesMax()];
    if (open !== undefined) samples.push({ name: 'process_open_fds', value: open });
    if (max !== undefined) samples.push({ name: 'process_max_fds', value: max });
    return samples;
  }

  [Symbol.dispose](): void {
    this.#lag.disable();
  }
}

/** The histogram has the time from one firing to the next; nothing measured gives 0. */
function lateBy(intervalNs: number): number {
  const isMeasured = Number.isFinite(intervalNs) && intervalNs < Number.MAX_SAFE_INTEGER;
  return isMeasured ? Math.max(0, intervalNs / NS_PER_S - LAG_RESOLUTION_MS / 1000) : 0;
}

async function openFiles(): Promise<number | undefined> {
  // One of them is the folder that is being read.
  return await readdir('/proc/self/fd').then(
    (names) => names.length - 1,
    () => undefined,
  );
}

async function openFilesMax(): Promise<number | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
