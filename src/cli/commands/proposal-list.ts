/**
 * `kedge proposal list`: what gathers signatures, and what has ended lately.
 *
 * @module
 */
import type { ProposalStatus } from '../../core/admin/proposals.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { formatDistance } from '../durations.ts';
import { addExamples } from '../help.ts';
import { openNode } from '../node/admin.ts';
import { refusalText, shortDigest, statusJson, subjectOf } from '../proposal/proposals.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { formatTable } from '../terminal/styles.ts';

interface Options extends RealmOptions {
  readonly ended?: boolean;
}

/** The command. */
export const proposalList: CommandModule = {
  configure(command, session) {
    command.description(
      'List the proposals that a node has: for what, signed by whom, until when. This is the ' +
        'word of the node; kedge proposal show verifies.',
    );
    addRealmOptions(command).option('--ended', 'also those that have ended since the node started');
    command.action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge proposal list',
      'kedge proposal list --ended --output json --node fra-1.example.org:7442',
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  using node = await openNode(session, options);
  const all = await node.proposals();
  const listed = all.filter(({ standing }) => options.ended === true || standing === 'open');
  const nowMs = session.context.nowMs();
  session.output.result(
    listed.map(({ endsAtMs, withdrawnBy, ...status }) => ({
      ...statusJson(status),
      ...(endsAtMs !== undefined && { ends: formatTimestamp(endsAtMs) }),
      ...(withdrawnBy !== undefined && { withdrawnBy }),
    })),
    listed.length === 0
      ? 'Nothing is proposed. Propose a draft: kedge proposal create <draft> --key <keyfile>'
      : formatTable(
          ['proposal', 'for', 'sequence', 'signed by', ''],
          listed.map((status) => row(status, nowMs)),
        ),
  );
}

function row(status: ProposalStatus, nowMs: number): string[] {
  const { digest, stream, sequence, signers, endsAtMs } = status;
  const open = refusalText(status) ?? `ends ${formatDistance(endsAtMs ?? nowMs, nowMs)}`;
  const end = endsAtMs === undefined ? standingText(status) : open;
  return [shortDigest(digest), subjectOf(stream), String(sequence), signers.join(', '), end];
}

function standingText({ standing, withdrawnBy }: ProposalStatus): string {
  return withdrawnBy === undefined ? standing : `${standing} by ${withdrawnBy}`;
}
