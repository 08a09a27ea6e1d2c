/** Rehearsals in this process, whose stage a test may spoil. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { forgeDraft } from '../../src/cli/draft/forging.ts';
import type { Stage } from '../../src/rehearsal/desk.ts';
import { type RehearsalReport, rehearse } from '../../src/rehearsal/rehearse.ts';
import { RUNBOOKS } from '../../src/rehearsal/runbooks/all.ts';
import { kedge } from '../cli/support.ts';

/** The program of a build. */
export const MAIN: string = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** `npm test` builds first; without a build there is nothing to run. */
export const IS_BUILT: boolean = existsSync(MAIN);

/** Rehearses a runbook on a stage where something is not done. */
export async function rehearseSpoiled(
  name: string,
  spoil: Partial<Stage>,
): Promise<RehearsalReport> {
  const runbook = RUNBOOKS.find((known) => known.name === name);
  if (runbook === undefined) throw new Error(`no runbook ${name}`);
  const stage = {
    kedge: runHere,
    forge: forgeDraft,
    program: [process.execPath, MAIN],
    signal: new AbortController().signal,
    ...spoil,
  };
  return await rehearse(runbook, stage, () => undefined);
}

/** Runs a command as the rehearsal asks for it. */
const runHere: Stage['kedge'] = (argv, settings) => kedge(argv, { ...settings, nowMs: Date.now() });

/** Runs all commands but those that have these words; they end well and do nothing. */
export function withoutDoing(...words: readonly string[]): Stage['kedge'] {
  return async (argv, settings) =>
    words.every((word) => argv.includes(word))
      ? { code: 0, stdout: '', stderr: '' }
      : await runHere(argv, settings);
}
