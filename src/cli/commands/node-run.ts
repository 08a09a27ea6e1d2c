/**
 * `kedge node run`: runs a node in the foreground until it is told to stop.
 *
 * @module
 */

import { addExamples, hinted } from '../help.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options {
  readonly config: string;
  readonly serveAnyway?: boolean;
  readonly record?: string;
}

const CONFIG_HINT = { CONFIG: 'every key is explained in docs/node-config.md' };

/** The command. */
export const nodeRun: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Run a node in the foreground, logging to standard output. SIGTERM and SIGINT drain it: ' +
          'open calls may end, then it stops; a second signal ends it at once. Nothing that it ' +
          'acknowledged is lost either way.',
      )
      .option('--config <file>', 'configuration of the node', 'node.yaml')
      .option(
        '--serve-anyway',
        'emergency: serve clients at once although the store may be behind what they have',
      )
      .option(
        '--record <file>',
        'add what the node is told and does to a file, up to 1 GiB, to run it again elsewhere',
      )
      .action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge node run --config node.yaml',
      'kedge node run --config /etc/kedge/node.yaml | jq -c \'select(.level != "debug")\'',
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  const { signal } = session.context;
  const { loadNodeConfig } = await import('../../node/config-file.ts');
  const loaded = await hinted(CONFIG_HINT, async () =>
    loadNodeConfig(session.path(options.config)),
  );
  const store = { ...loaded.store, serveAnyway: true };
  const config = options.serveAnyway === true ? { ...loaded, store } : loaded;
  const { openLog } = await import('../node/log.ts');
  const { nurseryCollector, YoungGarbage } = await import('../../node/young-garbage.ts');
  const { systemClock } = await import('../../ports/system-clock.ts');
  const { runNode } = await import('../../node/daemon.ts');
  const { Recorder } = await import('../../node/recorder.ts');
  const log = openLog(config);
  try {
    const { logger } = log;
    const path = options.record === undefined ? undefined : session.path(options.record);
    await using recorder = path === undefined ? undefined : await Recorder.open({ path, logger });
    using garbage = new YoungGarbage(systemClock, nurseryCollector());
    const onServed = (): void => garbage.served();
    await using node = await hinted(CONFIG_HINT, async () =>
      runNode(config, { signal, logger, onServed, ...(recorder && { record: recorder.write }) }),
    );
    await node.closed;
  } finally {
    log.flush();
  }
}
