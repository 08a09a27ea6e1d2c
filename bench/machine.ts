/**
 * What a benchmark must know of the machine: how busy it is, and what is installed.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg, setPriority } from 'node:os';

/** How nice benchmarks and what they measure are. */
export const PRIORITY: number = -10;
const PRESSURE = '/proc/pressure/cpu';
/** Where Linux gives each session a share of its own, priorities count within it alone. */
const SESSION = '/proc/self/autogroup';

/**
 * What to put in front of a command that gets a session of its own, after {@link beFirst}: puts it
 * before other work too, where that is allowed.
 */
export const SESSION_FIRST: readonly string[] = [
  'sh',
  '-c',
  `[ ! -w ${SESSION} ] || echo ${PRIORITY} 2>&- >${SESSION}; exec "$@"`,
  'sh',
];

/**
 * Puts this process, and those that it starts from now on in its session, before other work of the
 * machine, which is not what is measured; without the right to do so nothing changes.
 */
export function beFirst(): void {
  try {
    setPriority(PRIORITY);
    if (existsSync(SESSION)) writeFileSync(SESSION, String(PRIORITY));
  } catch {
    // The report says how busy the machine was.
  }
}

/**
 * Puts this process on one processor with all that it starts from now on, and before them: who is
 * told something goes on before who told it. Says whether that was possible.
 */
export function preemptChildren(): boolean {
  const self = String(process.pid);
  const commands = [
    ['taskset', '--cpu-list', '--pid', '0', self],
    ['chrt', '--rr', '--reset-on-fork', '--pid', '1', self],
  ];
  return commands.every(([program = '', ...args]) => spawnSync(program, args).status === 0);
}

/** Processes that wanted a processor in the last minute: other work makes everything slower. */
export function load(): number {
  return loadavg()[0] ?? Number.NaN;
}

/** For how long somebody has waited for a processor since the machine started, milliseconds. */
export function processorWaitMs(): number {
  if (!existsSync(PRESSURE)) return Number.NaN;
  const text = readFileSync(PRESSURE, 'utf8');
  return Number(/some .*total=(\d+)/.exec(text)?.[1] ?? Number.NaN) / 1000;
}

/** Whether a program is on the path. */
export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0;
}

/** `KEDGE_BENCH_QUICK=1` asks for a shorter run. */
export function isQuick(): boolean {
  return process.env['KEDGE_BENCH_QUICK'] === '1';
}

/** `KEDGE_BENCH_CLIENTS` sets how many clients there are; bars are meant for the default. */
export function clientsAsked(): number | undefined {
  const given = Number(process.env['KEDGE_BENCH_CLIENTS']);
  return Number.isInteger(given) && given > 0 ? given : undefined;
}

/** Share of the time since `start` in which somebody waited for a processor, percent. */
export function processorWaitPercent(start: {
  readonly waitMs: number;
  readonly atMs: number;
}): number {
  return (100 * (processorWaitMs() - start.waitMs)) / (performance.now() - start.atMs);
}
