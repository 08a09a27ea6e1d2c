/**
 * `kedge rotate status`: the rotations of a bundle that are under way, and what each waits for.
 *
 * @module
 */
import { type BundleName, parseBundleName } from '../../core/ids.ts';
import { runningRotations } from '../../core/rotation/running.ts';
import { parseQuietMs, QUIET_TEXT } from '../adoption/quiet.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { type Intent, intentName, loadIntent, quietMsOf } from '../rotation/intent.ts';
import { type Known, lookAt, type Rotation, withKnown } from '../rotation/look.ts';
import { notedRotations } from '../rotation/noted.ts';
import { withPassed } from '../rotation/passed.ts';
import { formatRotation, rotationJson, waitText } from '../rotation/view.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends RealmOptions {
  readonly quiet?: string;
}

/** The command. */
export const rotateStatus: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show the rotations of a bundle that are under way, where each is and what it awaits. ' +
          'They are read off the file that kedge rotate left in this directory, the notes of the ' +
          'releases that it made, and the states of anchors (one that is staged or retiring). ' +
          'Nothing is changed.',
      )
      .argument('<bundle>', 'name of the bundle')
      .option('--quiet <duration>', QUIET_TEXT);
    addRealmOptions(command).action((bundle: string, options: Options) =>
      run(session, parseArgument('bundle', bundle, parseBundleName), options),
    );
    addExamples(command, [
      'kedge rotate status payments.prod.example.org',
      'kedge rotate status payments.prod.example.org --quiet 15m',
      'kedge rotate status public-web --output json | jq ".rotations[].next"',
    ]);
  },
};

async function run(session: Session, bundle: BundleName, options: Options): Promise<void> {
  parseQuietMs(options.quiet);
  const begun = await loadIntent(session.path(intentName(bundle)), bundle);
  await withKnown(session, bundle, options, async (known) => {
    const running = (await pairsOf(known, begun))
      .map((pair) => {
        const quietMs = quietMsOf(pair, options.quiet);
        return lookAt(session, known, pair, { quietMs, overrides: new Set<never>() });
      })
      .filter(({ path }) => path.standing !== 'done');
    const rotations: Rotation[] = [];
    for (const rotation of running) rotations.push(await withPassed(known, rotation));
    const { output, context } = session;
    output.result(
      { bundle, sequence: known.head.sequence, rotations: rotations.map(rotationJson) },
      rotations.length === 0
        ? nothingText(known)
        : rotations
            .map((one) => `${formatRotation(one, output.styles, context.nowMs())}\n\n${next(one)}`)
            .join('\n\n'),
    );
  });
}

/** What was begun here counts before what releases name, and that before what states suggest. */
async function pairsOf(known: Known, begun: Intent | undefined): Promise<readonly Intent[]> {
  const pairs: Intent[] = begun === undefined ? [] : [begun];
  const noted = await notedRotations(known);
  for (const { from, to } of [...noted, ...runningRotations(known.head.body)]) {
    if (pairs.some((one) => one.from === from || one.to === to)) continue;
    pairs.push({ from, to, certificate: undefined });
  }
  return pairs;
}

/** Two that are active may be such a pair: where no release names it, nothing shows. */
function nothingText({ bundle, head }: Known): string {
  const text = `${bundle}: no rotation is under way`;
  const active = head.body.anchors.filter(({ state }) => state === 'active');
  if (active.length < 2) return text;
  return (
    `${text} that its releases or the states of its anchors show.\nOne that was made by hand ` +
    'may be between activate and retire. Then name its two anchors, as in:\n' +
    `  kedge rotate ${bundle} --from <old> --to <new>`
  );
}

function next(rotation: Rotation): string {
  const { bundle, from, to, path } = rotation;
  if (path.standing === 'waiting') return `waiting: ${waitText(rotation)}`;
  const ids = `--from ${from.id.slice(0, 16)} --to ${to.id.slice(0, 16)}`;
  return `next: kedge rotate ${bundle} ${ids}`;
}
