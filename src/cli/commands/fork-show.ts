/**
 * `kedge fork show`: the forked streams of a realm, with both statements of each.
 *
 * @module
 */
import { parseStatement } from '../../core/statements/statement.ts';
import { readForks, streamArgument } from '../fork/streams.ts';
import { formatFork, remedyOf, verifyFork } from '../fork/view.ts';
import { addExamples } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

/** The command. */
export const forkShow: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show the forked streams of a realm: the two valid statements of each, verified, and the ' +
          'signers who signed both. Their keys are not to be trusted any more.',
      )
      .argument('[stream]', 'stream, or bundle for its releases (default: all that are forked)');
    addRealmOptions(command);
    command.action((stream: string | undefined, options: RealmOptions) =>
      run(session, stream, options),
    );
    addExamples(command, [
      'kedge fork show',
      'kedge fork show payments.prod.example.org',
      'kedge fork show --output json | jq .[].signedBoth',
    ]);
  },
};

async function run(
  session: Session,
  stream: string | undefined,
  options: RealmOptions,
): Promise<void> {
  await using realm = await openRealm(session, options);
  const wanted = stream === undefined ? undefined : streamArgument(stream);
  const all = await readForks(realm);
  const forks = all
    .filter((evidence) => wanted === undefined || evidence.stream === wanted)
    .map((evidence) => ({ evidence, fork: verifyFork(realm.state, evidence) }));
  const { styles } = session.output;
  const texts = forks.flatMap(({ evidence, fork }) => [
    styles.bold(`${evidence.stream} is forked at sequence ${evidence.sequence}`),
    formatFork(fork, styles),
    `  What ends it: ${remedyOf(realm.state, evidence)}`,
    '',
  ]);
  session.output.result(
    forks.map(({ evidence, fork }) => ({
      stream: evidence.stream,
      sequence: evidence.sequence,
      statements: [evidence.first, evidence.second].map(({ payload }) => {
        const { digest, previous, bodyDigest, charterVersion } = parseStatement(payload);
        return { digest, previous, bodyDigest, charterVersion };
      }),
      signedBoth: fork.signedBoth,
      remedy: remedyOf(realm.state, evidence),
    })),
    forks.length === 0 ? 'No stream is forked.' : texts.slice(0, -1).join('\n'),
  );
}
