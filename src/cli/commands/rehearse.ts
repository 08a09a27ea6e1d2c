/**
 * `kedge rehearse`: runs a runbook of the handbook against a cluster that is thrown away.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { RunKedge } from '../../rehearsal/desk.ts';
import { type RehearsalReport, rehearse, type StepDone } from '../../rehearsal/rehearse.ts';
import { RUNBOOKS } from '../../rehearsal/runbooks/all.ts';
import { forgeDraft } from '../draft/forging.ts';
import { addExamples } from '../help.ts';
import type { Json } from '../output.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { formatFields, wrapText } from '../terminal/styles.ts';

const NAMES = RUNBOOKS.map(({ name }) => name);
const LIST = formatFields(RUNBOOKS.map(({ name, summary }) => [name, summary]));
const INDENT = ' '.repeat(13);

/** The command. */
export const rehearseCommand: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Run a runbook of the handbook against a realm of its own: three real nodes on loopback, ' +
          'in a temporary folder, with programs that shake hands all the time. Prints each step ' +
          'with its time and what was there at its end: who has what, which regions vouch, what ' +
          'was refused. Where the runbook is about thieves, their attacks are really made. Exit ' +
          'code 1: a step did not do its work, or a handshake failed; it says what was expected ' +
          'and what was there. Nothing is left behind, also after Ctrl-C, and no other realm is ' +
          'touched. Each takes less than half a minute.',
      )
      .argument('<runbook>', 'which one; see below')
      .action((name: string) => run(session, name));
    command.addHelpText('after', `\nRunbooks (docs/handbook.md):\n${LIST}`);
    addExamples(command, [
      'kedge rehearse planned-rotation',
      'kedge rehearse compromised-signer --output json | jq .verdict',
      'kedge rehearse emergency-distrust --output json | jq -r \'.steps[] | "\\(.ms) \\(.name)"\'',
    ]);
  },
};

async function run(session: Session, name: string): Promise<void> {
  const runbook = RUNBOOKS.find((known) => known.name === name);
  if (runbook === undefined) {
    throw new KedgeError('CONFIG', `there is no runbook ${JSON.stringify(name)}`, {
      detail: { hint: `there are: ${NAMES.join(', ')}` },
    });
  }
  const { output, context } = session;
  const [, main = ''] = process.argv;
  const stage = {
    kedge: kedgeOf(session),
    forge: forgeDraft,
    program: [process.execPath, main],
    signal: context.signal,
  };
  output.note(`Rehearsing ${name}: ${runbook.summary}.`);
  const report = await rehearse(runbook, stage, (step) => output.note(formatStep(step)));
  session.conclude(report.verdict === 'passed' ? 'good' : 'findings');
  output.result(reportJson(report), reportText(report));
}

/** Commands in this process, each with streams of its own and nobody to ask. */
function kedgeOf({ context, run: runCommand }: Session): RunKedge {
  return async (argv, { cwd, env }) => {
    const printed = { stdout: '', stderr: '' };
    const sink = (name: 'stdout' | 'stderr'): typeof context.stdout => ({
      write: (chunk) => {
        printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      },
    });
    const own = { stdout: sink('stdout'), stderr: sink('stderr'), prompter: undefined };
    const code = await runCommand(argv, { ...context, ...own, cwd, env });
    return { code, ...printed };
  };
}

/** What happened on one line, what was seen below it. */
function formatStep({ name, ms, evidence, unmet }: StepDone): string {
  const line = `  ${(ms / 1000).toFixed(2).padStart(7)} s  ${name}`;
  const texts = unmet
    ? [`FAILED. Expected: ${unmet.expected}`, `There was: ${unmet.found}`]
    : [evidence ?? ''];
  const lines = texts.flatMap((text) => text.split('\n'));
  const room = { columns: 100, first: INDENT, rest: INDENT };
  return [line, ...lines.flatMap((text) => wrapText(text, room))].join('\n');
}

function reportJson({ runbook, verdict, ms, steps, handshakes }: RehearsalReport): Json {
  const { made, failed, failures } = handshakes;
  return {
    runbook,
    verdict,
    ms,
    steps: steps.map(({ unmet, ...step }) => ({ ...step, ...unmet })),
    handshakes: { made, failed, failures },
  };
}

function reportText({ runbook, verdict, ms, steps, handshakes }: RehearsalReport): string {
  const { made, failed, failures } = handshakes;
  const where = steps.find(({ unmet }) => unmet !== undefined);
  return [
    `${runbook}: ${verdict}, ${(ms / 1000).toFixed(1)} s`,
    ...(where === undefined ? [] : [`  step that failed: ${where.name}`]),
    `  ${made} handshakes, ${failed === 0 ? 'none' : String(failed)} failed`,
    ...failures.map((why) => `    ${why}`),
  ].join('\n');
}
