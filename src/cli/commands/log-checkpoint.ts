/**
 * `kedge log checkpoint`: the head of a stream with the cosignatures of regions, as a C2SP note.
 *
 * @module
 */
import { parseUtf8 } from '../../core/bytes.ts';
import { KedgeError } from '../../core/errors.ts';
import { openCheckpoint, regionPolicy, sealCheckpoint } from '../../core/log/regions.ts';
import { logOf } from '../../core/trusted/decisions.ts';
import { currentCharter } from '../../core/trusted/state.ts';
import { streamArgument } from '../fork/streams.ts';
import { addExamples, parseArgument } from '../help.ts';
import { requireStream } from '../realm/known-streams.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { parseRegionCount } from '../realm/region-demand.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends RealmOptions {
  readonly regions: string;
}

/** The command. */
export const logCheckpoint: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Print the head of the log of a stream with the cosignatures of regions, as a signed ' +
          'note that any C2SP tool verifies. It is verified first, with the keys of the charter.',
      )
      .argument('<stream>', 'stream, or bundle for its releases')
      .option('--regions <n>', 'how many regions must have cosigned it', '1');
    addRealmOptions(command);
    command.action((stream: string, options: Options) => run(session, stream, options));
    addExamples(command, [
      'kedge log checkpoint payments.prod.example.org > payments.checkpoint',
      'kedge log checkpoint charter --regions 3',
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  const stream = streamArgument(name);
  const threshold = parseArgument('--regions', options.regions, parseRegionCount);
  await using realm = await openRealm(session, options);
  const charter = currentCharter(realm.state)?.charter;
  if (realm.node === undefined || charter === undefined) {
    throw new KedgeError('CONFIG', 'a checkpoint comes from a node', {
      detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
    });
  }
  await requireStream(realm.node, stream);
  const policy = regionPolicy(charter, threshold);
  const { leaf } = await realm.node.checkpoint(stream);
  const note = sealCheckpoint(leaf.checkpoint, leaf.lines);
  const log = logOf(realm.state, stream);
  const { checkpoint, regions } = openCheckpoint(note, log, policy);
  const text = parseUtf8(note);
  session.output.result(
    { stream, size: checkpoint.size, root: checkpoint.root, regions: [...regions], note: text },
    text.trimEnd(),
  );
}
