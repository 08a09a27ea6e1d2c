/**
 * `kedge rehearse`: runs a runbook of the handbook against a cluster that is thrown away.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { RunKedge } from '../../rehearsal/cluster.ts';
import { type RehearsalReport, rehearse } from '../../rehearsal/rehearse.ts';
import { RUNBOOKS } from '../../rehearsal/runbooks.ts';
import { addExamples } from '../help.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

const NAMES = RUNBOOKS.map(({ name }) => name);

/** The command. */
export const rehearseCommand: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Run a runbook of the handbook against a realm of its own: three real nodes on loopback, ' +
          'in a temporary folder, with programs that shake hands all the time. Reports each step ' +
          'with its time, and whether a handshake failed (exit code 1). Nothing is left behind, ' +
          `and no other realm is touched. Runbooks: ${RUNBOOKS.map(
            ({ name, summary }) => `${name} (${summary})`,
          ).join('; ')}.`,
      )
      .argument('<runbook>', NAMES.join(', '))
      .action((name: string) => run(session, name));
    addExamples(command, [
      'kedge rehearse planned-rotation',
      'kedge rehearse emergency-distrust --output json | jq .handshakes',
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
    program: [process.execPath, main],
    signal: context.signal,
  };
  output.note(`Rehearsing ${name}: ${runbook.summary}.`);
  const report = await rehearse(runbook, stage, (step) => {
    output.note(`  ${(step.ms / 1000).toFixed(2).padStart(7)} s  ${step.name}`);
  });
  const { handshakes } = report;
  session.conclude(handshakes.failed === 0 && handshakes.made > 0 ? 'good' : 'findings');
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

function reportJson({ runbook, steps, handshakes }: RehearsalReport): {
  readonly [key: string]: string | Parameters<Session['output']['result']>[0];
} {
  const { made, failed, failures } = handshakes;
  return {
    runbook,
    steps: steps.map(({ name, ms }) => ({ name, ms })),
    handshakes: { made, failed, failures },
  };
}

function reportText({ runbook, handshakes }: RehearsalReport): string {
  const { made, failed, failures } = handshakes;
  if (failed === 0) return `${runbook}: ${made} handshakes, none failed`;
  return `${runbook}: ${made} handshakes, ${failed} failed:\n  ${failures.join('\n  ')}`;
}
