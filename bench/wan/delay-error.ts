/**
 * Whether the network is as far as it should be: measures the way between the first hosts of all
 * regions and compares it with the matrix.
 *
 * @module
 */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startProcess, type TestProcess } from '../../src/testing/processes.ts';
import type { Wan, WanHost } from './wan.ts';

const PROGRAM = fileURLToPath(new URL('./ping.js', import.meta.url));
/** A program measures four ways, of up to a quarter of a second there and back. */
const LINE = { timeoutMs: 60_000 };
const timesSchema = z.record(z.string(), z.number());

/** The largest error of a median one-way delay between two regions, in percent. */
export async function measureDelayError(wan: Wan): Promise<number> {
  const hosts = wan.hosts.filter(({ number }) => number === 1);
  const programs: { readonly from: WanHost; readonly running: TestProcess }[] = [];
  try {
    for (const from of hosts) {
      const others = hosts.filter((to) => to !== from).map((to) => wan.dialAddress(from, to));
      const [program, ...argv] = [...wan.prefix(from), process.execPath, PROGRAM];
      const all = { program, argv: [...argv, wan.address(from), ...others], name: 'ping' };
      programs.push({ from, running: await startProcess(all) });
    }
    for (const { running } of programs) await running.waitForLine('listening');
    let errorPercent = 0;
    // One after the other: they would make each other late.
    for (const { from, running } of programs) {
      running.writeLine('go');
      const times = timesSchema.parse(JSON.parse(await running.waitForLine('{', LINE)));
      for (const to of hosts) {
        const oneWayMs = times[wan.dialAddress(from, to)];
        const wantedMs = wan.matrix.oneWayMs[from.regionIndex]?.[to.regionIndex];
        if (oneWayMs === undefined || wantedMs === undefined) continue;
        errorPercent = Math.max(errorPercent, (Math.abs(oneWayMs - wantedMs) / wantedMs) * 100);
      }
    }
    return errorPercent;
  } finally {
    await Promise.all(programs.map(async ({ running }) => running.kill()));
  }
}
