/**
 * `kedge rotate status`: the rotations of a bundle that are under way, and what each waits for.
 *
 * @module
 */
import type { Anchor } from '../../core/anchors/anchor.ts';
import { type BundleName, parseBundleName } from '../../core/ids.ts';
import { isNoteOf } from '../../core/rotation/note.ts';
import { runningRotations } from '../../core/rotation/running.ts';
import { parseQuietMs, QUIET_TEXT } from '../adoption/quiet.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { type Intent, intentName, loadIntent } from '../rotation/intent.ts';
import { type Known, lookAt, type Rotation, withKnown } from '../rotation/look.ts';
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
        'Show the rotations of a bundle that are under way, where each is and what it waits for. ' +
          'They are read off the states of the anchors (one that is staged or retiring), and off ' +
          'the file that kedge rotate left in this directory. Nothing is changed.',
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
  const quietMs = parseQuietMs(options.quiet);
  const begun = await loadIntent(session.path(intentName(bundle)), bundle);
  await withKnown(session, bundle, options, async (known) => {
    const terms = { quietMs, overrides: new Set<never>() };
    const running = pairsOf(known, begun)
      .map((pair) => lookAt(session, known, pair, terms))
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

/** What was begun here counts before what the states suggest of the same anchors. */
function pairsOf({ head }: Known, begun: Intent | undefined): readonly Intent[] {
  const suggested = runningRotations(head.body)
    .filter(({ from, to }) => begun === undefined || (begun.from !== from && begun.to !== to))
    .map((pair) => ({ ...pair, certificate: undefined }));
  return begun === undefined ? suggested : [begun, ...suggested];
}

/** Two that are active may be such a pair: no state shows who is to give way to whom. */
function nothingText({ bundle, head }: Known): string {
  const text = `${bundle}: no rotation is under way`;
  const active = head.body.anchors.filter(({ state }) => state === 'active');
  if (active.length < 2) return text;
  const pair = namedPair(active, head.body.note);
  const [from, to] = pair?.map(({ id }) => id.slice(0, 16)) ?? ['<old>', '<new>'];
  return (
    `${text} that the states of its anchors show.\nOne that was begun elsewhere may be between ` +
    'activate and retire, when they do not. Then name its two anchors, as in:\n' +
    `  kedge rotate ${bundle} --from ${from ?? ''} --to ${to ?? ''}`
  );
}

/** Those that the newest release names; any others would be a guess about what is in use. */
function namedPair(active: readonly Anchor[], note: string): readonly [Anchor, Anchor] | undefined {
  for (const from of active) {
    const to = active.find((one) => isNoteOf(note, { from: from.label, to: one.label }));
    if (to !== undefined && to !== from) return [from, to];
  }
  return undefined;
}

function next(rotation: Rotation): string {
  const { bundle, from, to, path } = rotation;
  if (path.standing === 'waiting') return `waiting: ${waitText(rotation)}`;
  const ids = `--from ${from.id.slice(0, 16)} --to ${to.id.slice(0, 16)}`;
  return `next: kedge rotate ${bundle} ${ids}`;
}
