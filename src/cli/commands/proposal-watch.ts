/**
 * `kedge proposal watch`: prints what becomes of proposals, as the node hears of it.
 *
 * @module
 */
import type { ProposalStatus } from '../../core/admin/proposals.ts';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { parseDurationSeconds } from '../durations.ts';
import { addExamples, parseArgument } from '../help.ts';
import { type NodeAdmin, openNode } from '../node/admin.ts';
import {
  findProposal,
  overError,
  shortDigest,
  statusJson,
  subjectOf,
} from '../proposal/proposals.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { pause } from '../terminal/refreshing.ts';

const INTERVAL_MAX_S = 3600;

interface Options extends RealmOptions {
  readonly interval: string;
}

/** The command. */
export const proposalWatch: CommandModule = {
  configure(command, session) {
    command.description(
      'Print one line for each change of a proposal: proposed, signed, published, or why it ' +
        'ended. With a proposal it ends when that one does, and fails unless it was published. ' +
        'This is the word of the node; kedge proposal show verifies.',
    );
    command.argument('[which]', 'bundle, charter, or the first digits of the digest');
    addRealmOptions(command).option('--interval <duration>', 'how often to ask', '1s');
    command.action((which: string | undefined, options: Options) => run(session, which, options));
    addExamples(command, [
      'kedge proposal watch',
      'kedge proposal watch payments.prod.example.org && kedge adoption payments.prod.example.org',
      'kedge proposal watch --output json --interval 10s',
    ]);
  },
};

async function run(session: Session, which: string | undefined, options: Options): Promise<void> {
  const seconds = parseArgument('--interval', options.interval, parseDurationSeconds);
  if (seconds < 1 || seconds > INTERVAL_MAX_S) {
    throw new KedgeError('CONFIG', `--interval must be from 1s to ${String(INTERVAL_MAX_S)}s`);
  }
  using node = await openNode(session, options);
  const only = which === undefined ? undefined : (await findProposal(node, which)).digest;
  const known = new Map<string, string>();
  const { signal } = session.context;
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    for (const status of await look(session, node)) {
      if (only !== undefined && status.digest !== only) continue;
      const { digest, standing } = status;
      const version = `${standing} ${status.signers.join()}`;
      const before = known.get(digest);
      known.set(digest, version);
      // What had ended before is history, unless it is what is waited for.
      const isHistory = isFirst && standing !== 'open' && only === undefined;
      if (before === version || isHistory) continue;
      print(session, status, before);
      if (digest !== only || standing === 'open') continue;
      if (standing !== 'published') throw overError(status);
      return;
    }
    await pause(seconds * 1000, signal);
  }
}

/** A node that does not answer for a while does not end it. */
async function look(session: Session, node: NodeAdmin): Promise<readonly ProposalStatus[]> {
  try {
    return await node.proposals();
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    if (code !== 'UNAVAILABLE') throw thrown;
    session.output.warn(message);
    return [];
  }
}

function print(session: Session, status: ProposalStatus, before: string | undefined): void {
  const { digest, stream, sequence, standing, signers, withdrawnBy } = status;
  const time = formatTimestamp(session.context.nowMs());
  const signed = `signed by ${signers.join(', ')}`;
  const by = withdrawnBy === undefined ? '' : ` by ${withdrawnBy}`;
  const what =
    standing === 'open' ? `${before === undefined ? 'proposed, ' : ''}${signed}` : standing + by;
  session.output.event(
    { time, ...statusJson(status), ...(withdrawnBy !== undefined && { withdrawnBy }) },
    `${time} ${shortDigest(digest)} sequence ${sequence} of ${subjectOf(stream)}: ${what}`,
  );
}
