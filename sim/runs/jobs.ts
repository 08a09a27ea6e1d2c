/**
 * Shares the seeds of a run among processes: each takes every so manieth seed.
 *
 * Which seeds run, and what each does, is the same for any number of processes.
 *
 * @module
 */
import { fork } from 'node:child_process';
import type { SeedRange } from './options.ts';
import { byProfile, type Runs } from './report.ts';
import { sumOf } from './summary.ts';

/** Runs a range in so many processes. Errors: one of them ended without an answer. */
export async function runJobs(range: SeedRange, jobs: number): Promise<Runs> {
  const indices = Array.from({ length: jobs }, (_, index) => index + 1);
  const parts = await Promise.all(
    indices.map((index) => runPart({ ...range, part: { index, of: jobs } })),
  );
  return byProfile((profile) => sumOf(parts.map((runs) => runs[profile])));
}

/** Tells the process that started this one what came out; nothing without one. */
export function answerJob(runs: Runs): void {
  process.send?.(runs);
}

function runPart({ from, counts, part }: SeedRange): Promise<Runs> {
  const { dense, long, copied } = counts;
  const named = ['--seeds', dense, '--long', long, '--copied', copied, '--from', from];
  const args = named.map(String);
  const entry = new URL('../main.js', import.meta.url);
  const child = fork(entry, [...args, '--part', `${part.index}/${part.of}`], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('message', (runs: Runs) => {
      resolve(runs);
    });
    child.once('exit', (code) => {
      reject(
        new Error(`part ${part.index} of ${part.of} ended with ${String(code)} and no answer`),
      );
    });
  });
}
