/**
 * `kedge fork show`: the forked streams of a realm, with both statements of each.
 *
 * @module
 */
import { addContentOption, type ContentOptions, findContents } from '../fork/contents.ts';
import { sideJson } from '../fork/sides.ts';
import { readForks, streamArgument } from '../fork/streams.ts';
import { formatFork, formatSides, remedyOf, verifyFork } from '../fork/view.ts';
import { addExamples } from '../help.ts';
import { requireStream } from '../realm/known-streams.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

type Options = RealmOptions & ContentOptions;

/** The command. */
export const forkShow: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show the forked streams of a realm: the two valid statements of each, verified, the ' +
          'signers who signed both, whose keys are not to be trusted any more, and what each ' +
          'side changes, as far as a node has it: the one that is asked, or those that `nodes:` ' +
          'in the profile names.',
      )
      .argument('[stream]', 'stream, or bundle for its releases (default: all that are forked)');
    addContentOption(addRealmOptions(command));
    command.action((stream: string | undefined, options: Options) => run(session, stream, options));
    addExamples(command, [
      'kedge fork show',
      'kedge fork show payments.prod.example.org',
      'kedge fork show payments.prod.example.org --content payments.prod.example.org.draft.json',
      'kedge fork show --output json | jq .[].signedBoth',
    ]);
  },
};

async function run(session: Session, stream: string | undefined, options: Options): Promise<void> {
  await using realm = await openRealm(session, options);
  const wanted = stream === undefined ? undefined : streamArgument(stream);
  const all = await readForks(realm);
  if (wanted !== undefined && realm.node !== undefined) await requireStream(realm.node, wanted);
  const forks = all
    .filter((evidence) => wanted === undefined || evidence.stream === wanted)
    .map((evidence) => ({ evidence, fork: verifyFork(realm.state, evidence) }));
  const proven = forks.map(({ evidence }) => evidence);
  const contents = await findContents(session, realm, proven, options);
  const { styles } = session.output;
  const look = { contents, styles, nowMs: session.context.nowMs() };
  const texts = forks.flatMap(({ evidence, fork }) => [
    styles.bold(`${evidence.stream} is forked at sequence ${evidence.sequence}`),
    formatFork(fork, styles),
    formatSides(realm.state, fork, look),
    `  What ends it: ${remedyOf(realm.state, evidence)}`,
    '',
  ]);
  session.output.result(
    forks.map(({ evidence, fork }) => ({
      stream: evidence.stream,
      sequence: evidence.sequence,
      statements: fork.sides.map(({ statement }) => {
        const { digest, previous, bodyDigest, charterVersion } = statement;
        const said = sideJson(realm.state, statement, contents);
        return { digest, previous, bodyDigest, charterVersion, ...said };
      }),
      signedBoth: fork.signedBoth,
      remedy: remedyOf(realm.state, evidence),
    })),
    forks.length === 0
      ? `${wanted ?? 'No stream'} is ${wanted === undefined ? '' : 'not '}forked.`
      : texts.slice(0, -1).join('\n'),
  );
}
