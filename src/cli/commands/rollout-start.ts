/**
 * `kedge rollout start`: draft in which waves a release comes to the programs.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { parseBundleName } from '../../core/ids.ts';
import type { NamedRelease } from '../../core/rollouts/body.ts';
import { addExamples, parseArgument, sequenceArgument } from '../help.ts';
import { addRealmOptions, addShortcutOptions } from '../realm/options.ts';
import {
  finishRollout,
  openRollouts,
  type RolloutBasis,
  type RolloutOptions,
} from '../rollout/draft.ts';
import { addWaveOptions, identityLimit, type WaveOptions, wavesOf } from '../rollout/waves.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends RolloutOptions, WaveOptions {
  readonly to?: string;
}

/** The command. */
export const rolloutStart: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Draft in which waves a release comes to the programs of a bundle: the first wave at ' +
          'once, each next one when enough programs of those before use the release, few enough ' +
          'refused it, and that has been so for a while. Every node opens waves by itself from ' +
          'what all nodes tell; what is not known opens none. The release must have been drafted ' +
          'with --waves: any other one is with all programs already. --window and --not-before ' +
          'say when waves may open, --cadence how far apart: with --regions, a region a day.',
      )
      .argument('<bundle>', 'name of the bundle')
      .option('--to <sequence>', 'release to roll out (default: the newest)');
    addWaveOptions(command)
      .option('--draft <file>', 'where to put the draft (default: <bundle>.rollout.json)')
      .option('--note <text>', 'note for signers and operators')
      .option('--valid-for <duration>', 'for example 7d (default: as long as the charter allows)');
    addRealmOptions(command);
    addShortcutOptions(command);
    command.action((bundle: string, options: Options) => run(session, bundle, options));
    addExamples(command, [
      'kedge rollout start payments.prod.example.org',
      'kedge rollout start payments.prod.example.org --percent 1,10,50,100 --soak 1h',
      'kedge rollout start payments.prod.example.org --waves waves.yaml --note "new CA"',
      'kedge rollout start web --regions iad,fra --cadence 1d --window "mon-thu 09:00-16:00"',
      'kedge rollout start public-web --sign-with deploy.age --submit --yes',
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  const bundle = parseArgument('bundle', name, parseBundleName);
  const to =
    options.to === undefined ? 'newest' : parseArgument('--to', options.to, sequenceArgument);
  const waves = await wavesOf(session, options);
  const basis = await openRollouts(session, bundle, options, to);
  requireWaiting(basis);
  const { sequence, digest } = basis.release;
  const from = fromOf(basis);
  await finishRollout(session, options, basis, {
    bundle,
    note: options.note ?? '',
    state: 'running',
    ...(from && { from }),
    to: { sequence, digest },
    waves,
    ...identityLimit(options),
  });
}

function requireWaiting({ release, bundle, previous, status }: RolloutBasis): void {
  if (release.body.delivery === undefined) {
    throw new KedgeError(
      'CONFIG',
      `release ${String(release.sequence)} of ${bundle} waits for nothing: all programs get it`,
      { detail: { hint: 'draft the next one with --waves: kedge release draft --waves …' } },
    );
  }
  if (previous?.body.to.digest !== release.digest || status.force === 'over') return;
  if (previous.body.state === 'aborted') return;
  throw new KedgeError(
    'CONFLICT',
    `release ${String(release.sequence)} of ${bundle} is being rolled out already`,
    { detail: { hint: `see it: kedge rollout status ${bundle}; change it: kedge rollout resume` } },
  );
}

/** What programs have now, as the node says; a wrong word is refused by every node. */
function fromOf({ status, release, previous }: RolloutBasis): NamedRelease | undefined {
  const { everybody } = status;
  if (everybody !== undefined && everybody.sequence < release.sequence) return everybody;
  return previous?.body.from;
}
