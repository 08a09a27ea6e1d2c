/**
 * `kedge rotate status`: the rotations of a bundle that are under way, and what each waits for.
 *
 * @module
 */
import { type BundleName, parseBundleName } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { isNoteOf } from '../../core/rotation/note.ts';
import { runningRotations, type SuggestedPair } from '../../core/rotation/running.ts';
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
  const pair = likelyPair(head.body);
  if (pair === undefined) return text;
  return (
    `${text} that the states of its anchors show.\nOne that was begun elsewhere may be between ` +
    'activate and retire, when they do not. Then name its two anchors, as in:\n' +
    `  kedge rotate ${bundle} --from ${pair.from.slice(0, 16)} --to ${pair.to.slice(0, 16)}`
  );
}

/** Those that the newest release names; else the one that is active for longest, and the last. */
function likelyPair({ anchors, note }: ReleaseBody): SuggestedPair | undefined {
  const active = anchors
    .filter(({ state }) => state === 'active')
    .toSorted((a, b) => a.sinceMs - b.sinceMs);
  const pairs = active.flatMap((from) =>
    active.filter((to) => to !== from).map((to) => ({ from, to })),
  );
  const named = pairs.find(({ from, to }) => isNoteOf(note, { from: from.label, to: to.label }));
  const [from, to] = [named?.from ?? active.at(0), named?.to ?? active.at(-1)];
  return from === undefined || to === undefined || from === to
    ? undefined
    : { from: from.id, to: to.id };
}

function next(rotation: Rotation): string {
  const { bundle, from, to, path } = rotation;
  if (path.standing === 'waiting') return `waiting: ${waitText(rotation)}`;
  const ids = `--from ${from.id.slice(0, 16)} --to ${to.id.slice(0, 16)}`;
  return `next: kedge rotate ${bundle} ${ids}`;
}
