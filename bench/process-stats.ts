/**
 * What a process and those that it started have used so far, as Linux counts it.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the kernel counts in; 100 a second everywhere but on a few odd builds. */
const TICK_MS = 1000 / Number(spawnSync('getconf', ['CLK_TCK']).stdout.toString());
const USER_TICKS_AT = 11;
const SYSTEM_TICKS_AT = 12;

/** Processor time of a process and its children, all threads, in milliseconds. */
export function processorMs(pid: number): number {
  return sum(family(pid).map(ownProcessorMs));
}

/** Memory of a process and its children in bytes: resident now, and the most that each ever was. */
export function residentBytes(pid: number): { readonly now: number; readonly peak: number } {
  const all = family(pid).map(ownResidentBytes);
  return { now: sum(all.map(({ now }) => now)), peak: sum(all.map(({ peak }) => peak)) };
}

function family(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ownProcessorMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before the fields may contain anything, also spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return TICK_MS * (Number(fields[USER_TICKS_AT]) + Number(fields[SYSTEM_TICKS_AT]));
}

function ownResidentBytes(pid: number): { readonly now: number; readonly peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 };
}
