/**
 * `kedge rollout pause`, `resume` and `abort`: draft what becomes of a rollout.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../../core/errors.ts';
import { parseBundleName } from '../../core/ids.ts';
import type { RolloutBody } from '../../core/rollouts/body.ts';
import { openCount } from '../../core/rollouts/status.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addRealmOptions, addShortcutOptions } from '../realm/options.ts';
import { finishRollout, openRollouts, type RolloutOptions } from '../rollout/draft.ts';
import { addTimeOptions, planTimes, type TimeOptions } from '../rollout/times.ts';
import { addGateOptions, type GateOptions, identityLimit, withGates } from '../rollout/waves.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

type Options = RolloutOptions & GateOptions & TimeOptions;

/** `kedge rollout pause`. */
export const rolloutPause: CommandModule = {
  configure(command, session) {
    command.description(
      'Draft that no further wave opens. Programs of open waves still get the release; see ' +
        '`kedge rollout abort`.',
    );
    configureChange(command, session, 'paused');
    addExamples(command, [
      'kedge rollout pause payments.prod.example.org --sign-with deploy.age --submit --yes',
    ]);
  },
};

/** `kedge rollout resume`. */
export const rolloutResume: CommandModule = {
  configure(command, session) {
    command.description(
      'Draft that waves open again, with other gates where you give some. What was open stays ' +
        'open. A rollout that stopped by itself goes on if its gates allow it now: raise ' +
        '--max-failures, or wait until the programs that refused the release have taken it. ' +
        '--window, --not-before and --cadence plan anew when the closed waves may open.',
    );
    addTimeOptions(addGateOptions(command));
    configureChange(command, session, 'running');
    addExamples(command, [
      'kedge rollout resume payments.prod.example.org --sign-with deploy.age --submit --yes',
      'kedge rollout resume payments.prod.example.org --max-failures 3 --soak 1h',
      'kedge rollout resume payments.prod.example.org --not-before 0 --window always',
    ]);
  },
};

/** `kedge rollout abort`. */
export const rolloutAbort: CommandModule = {
  configure(command, session) {
    command.description(
      'Draft that nobody else gets the release. Programs that have it keep it, since no program ' +
        'goes back: give them a better one, or the earlier content, with the next release ' +
        '(`kedge release rollback`).',
    );
    configureChange(command, session, 'aborted');
    addExamples(command, [
      'kedge rollout abort payments.prod.example.org --note "breaks old clients"',
      'kedge rollout abort payments.prod.example.org --sign-with deploy.age --submit --yes',
    ]);
  },
};

function configureChange(command: Command, session: Session, state: RolloutBody['state']): void {
  command
    .argument('<bundle>', 'name of the bundle')
    .option('--draft <file>', 'where to put the draft (default: <bundle>.rollout.json)')
    .option('--note <text>', 'note for signers and operators')
    .option('--valid-for <duration>', 'for example 7d (default: as long as the charter allows)');
  addRealmOptions(command);
  addShortcutOptions(command);
  command.action((bundle: string, options: Options) => run(session, bundle, options, state));
}

async function run(
  session: Session,
  name: string,
  options: Options,
  state: RolloutBody['state'],
): Promise<void> {
  const bundle = parseArgument('bundle', name, parseBundleName);
  const basis = await openRollouts(session, bundle, options, 'rolled-out');
  const { previous, status } = basis;
  if (previous === undefined) throw new KedgeError('PROOF', 'the node sent another rollout');
  if (status.force === 'over') {
    throw new KedgeError(
      'CONFIG',
      `the rollout of release ${String(previous.body.to.sequence)} of ${bundle} is over`,
      { detail: { hint: `a newer release is with all programs: kedge adoption ${bundle}` } },
    );
  }
  if (previous.body.state === 'aborted' && state !== 'aborted') {
    throw new KedgeError(
      'CONFIG',
      `the rollout of release ${String(previous.body.to.sequence)} of ${bundle} was aborted, so ` +
        'that nobody resumes it by mistake',
      {
        detail: { hint: `publish the next release, or begin anew: kedge rollout start ${bundle}` },
      },
    );
  }
  if (state === 'running' && status.stop !== undefined && options.maxFailures === undefined) {
    session.output.warn(
      `it stopped by itself: ${String(status.stop.refused)} refused it, ` +
        `${String(status.stop.maxFailures)} may. While that is so it stops again; --max-failures`,
    );
  }
  const { body } = previous;
  const waves = body.waves.map((wave) => ({ ...wave, gates: withGates(wave.gates, options) }));
  const plan = { options, nowMs: session.context.nowMs(), open: openCount(status) };
  const { maxPerIdentity: _, ...rest } = body;
  await finishRollout(session, options, basis, {
    ...rest,
    ...identityLimit(options, body),
    note: options.note ?? '',
    state,
    waves: planTimes(waves, { ...plan, own: 'replaced' }),
  });
}
