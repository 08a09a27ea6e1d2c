/**
 * What a process has used so far, as Linux counts it.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the kernel counts in; 100 a second everywhere but on a few odd builds. */
const TICK_MS = 1000 / Number(spawnSync('getconf', ['CLK_TCK']).stdout.toString());
const USER_TICKS_AT = 11;
const SYSTEM_TICKS_AT = 12;

/** Processor time of a process, all its threads, in milliseconds. */
export function processorMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before the fields may contain anything, also spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return TICK_MS * (Number(fields[USER_TICKS_AT]) + Number(fields[SYSTEM_TICKS_AT]));
}

/** Memory of a process in bytes: resident now, and the most that it ever was. */
export function residentBytes(pid: number): { readonly now: number; readonly peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 };
}
