/**
 * `kedge rotate status`: the rotations of a bundle that are under way, and what each waits for.
 *
 * @module
 */
import { QUIET_DEFAULT_MS } from '../../core/adoption/removal.ts';
import { type BundleName, parseBundleName } from '../../core/ids.ts';
import { runningRotations } from '../../core/rotation/running.ts';
import type { CommandModule } from '../command-module.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm-options.ts';
import { type Intent, intentName, loadIntent } from '../rotation/intent.ts';
import { type Known, lookAt, type Rotation, withKnown } from '../rotation/look.ts';
import { withPassed } from '../rotation/passed.ts';
import { formatRotation, rotationJson, waitText } from '../rotation/view.ts';
import type { Session } from '../session.ts';

/** The command. */
export const rotateStatus: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show the rotations of a bundle that are under way, where each is and what it waits for. ' +
          'They are read off the states of the anchors (one that is staged or retiring), and off ' +
          'the file that kedge rotate left in this directory. Nothing is changed.',
      )
      .argument('<bundle>', 'name of the bundle');
    addRealmOptions(command).action((bundle: string, options: RealmOptions) =>
      run(session, parseArgument('bundle', bundle, parseBundleName), options),
    );
    addExamples(command, [
      'kedge rotate status payments.prod.example.org',
      'kedge rotate status public-web --output json | jq ".rotations[].next"',
    ]);
  },
};

async function run(session: Session, bundle: BundleName, options: RealmOptions): Promise<void> {
  const begun = await loadIntent(session.path(intentName(bundle)), bundle);
  await withKnown(session, bundle, options, async (known) => {
    const terms = { quietMs: QUIET_DEFAULT_MS, overrides: new Set<never>() };
    const running = pairsOf(known, begun)
      .map((pair) => lookAt(session, known, pair, terms))
      .filter(({ path }) => path.standing !== 'done');
    const rotations: Rotation[] = [];
    for (const rotation of running) rotations.push(await withPassed(known, rotation));
    const { output, context } = session;
    output.result(
      { bundle, sequence: known.head.sequence, rotations: rotations.map(rotationJson) },
      rotations.length === 0
        ? `${bundle}: no rotation is under way`
        : rotations
            .map((one) => `${formatRotation(one, output.styles, context.nowMs())}\n\n${next(one)}`)
            .join('\n\n'),
    );
  });
}

/** What was begun here counts before what the states suggest of the same anchors. */
function pairsOf({ head }: Known, begun: Intent | undefined): readonly Intent[] {
  const suggested = runningRotations(head.body)
    .filter(({ from, to }) => begun === undefined || (begun.from !== from && begun.to !== to))
    .map((pair) => ({ ...pair, certificate: undefined }));
  return begun === undefined ? suggested : [begun, ...suggested];
}

function next(rotation: Rotation): string {
  const { bundle, from, to, path } = rotation;
  if (path.standing === 'waiting') return `waiting: ${waitText(rotation)}`;
  const ids = `--from ${from.id.slice(0, 16)} --to ${to.id.slice(0, 16)}`;
  return `next: kedge rotate ${bundle} ${ids}`;
}
