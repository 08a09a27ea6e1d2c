/**
 * `kedge node status`: what a node says about itself: streams, links, repair, adoption, forks.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { addExamples } from '../help.ts';
import { type AskedNode, askNode, formatStatus, statusJson } from '../node/view.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { addRefreshOptions, type RefreshOptions, refresh } from '../terminal/refreshing.ts';
import { addWaitOptions, Patience, readTimeoutMs, type WaitOptions } from '../waiting.ts';

type Options = RealmOptions & RefreshOptions & WaitOptions;

const WAIT_EVERY_MS = 250;

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
    addWaitOptions(command, 'wait for a node that does not answer yet').action((options: Options) =>
      run(session, options),
    );
    addExamples(command, [
      'kedge node status',
      'kedge node run & kedge node status --wait',
      'kedge node status --node fra-1.kedge.example.org:7442 --watch',
      'kedge node status --output json | jq \'.peers[] | select(.link == "down")\'',
      "kedge node status --watch --interval 10s --output json | jq -c '[.nodeId, .behind]'",
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  const { output, context } = session;
  readTimeoutMs(options);
  await refresh(session, options, async () => {
    const { status, forks, reminders } =
      options.wait === true
        ? await askPatiently(session, options)
        : await askNode(session, options);
    const text = formatStatus(status, output.styles, context.nowMs());
    return { json: statusJson(status), text, warnings: [...forks, ...reminders] };
  });
}

/** Asks again while nobody answers. Errors: the last one when the time is over. */
async function askPatiently(session: Session, options: Options): Promise<AskedNode> {
  const patience = new Patience(session, options, WAIT_EVERY_MS);
  while (true) {
    try {
      return await askNode(session, options);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.code !== 'UNAVAILABLE' || patience.isOver) throw thrown;
      await patience.waitFor(error);
    }
  }
}
