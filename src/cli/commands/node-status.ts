/**
 * `kedge node status`: what a node says about itself: streams, links, repair, adoption, forks.
 *
 * @module
 */
import type { CommandModule } from '../command-module.ts';
import { addExamples } from '../help.ts';
import { askNode, formatStatus, statusJson } from '../node-view.ts';
import { addRealmOptions, type RealmOptions } from '../realm-options.ts';
import { addRefreshOptions, type RefreshOptions, refresh } from '../refreshing.ts';
import type { Session } from '../session.ts';

type Options = RealmOptions & RefreshOptions;

/** The command. */
export const nodeStatus: CommandModule = {
  configure(command, session) {
    command.description(
      'Show how a node is: the newest release of each stream, the other nodes by region with the ' +
        'links to them and whether they hold the same, what it lacks, when it last compared and ' +
        'repaired, how far its clients are, and evidence of forks, verified.',
    );
    addRealmOptions(command);
    addRefreshOptions(command);
    command.action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge node status',
      'kedge node status --node fra-1.kedge.example.org:7442 --watch',
      'kedge node status --output json | jq \'.peers[] | select(.link == "down")\'',
      "kedge node status --watch --interval 10s --output json | jq -c '[.nodeId, .behind]'",
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  const { output, context } = session;
  await refresh(session, options, async () => {
    const { status, forks } = await askNode(session, options);
    const text = formatStatus(status, output.styles, context.nowMs());
    return { json: statusJson(status), text, warnings: forks };
  });
}
