/**
 * `kedge node config`: checks a configuration and prints it with every default filled in.
 *
 * @module
 */

import { addExamples, hinted } from '../help.ts';
import { asJson } from '../output.ts';
import type { CommandModule } from '../table/module.ts';

/** The command. */
export const nodeConfig: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Check a configuration file and print the effective configuration: every key, defaults ' +
          'filled in, paths made absolute. Exit code 2 names each wrong key with its line.',
      )
      .option('--config <file>', 'configuration of the node', 'node.yaml')
      .action(async (options: { readonly config: string }) => {
        const { effectiveConfig, loadNodeConfig } = await import('../../node/config-file.ts');
        const config = await hinted(
          { CONFIG: 'every key is explained in docs/node-config.md' },
          async () => loadNodeConfig(session.path(options.config)),
        );
        session.output.result(asJson(config), effectiveConfig(config).trimEnd());
      });
    addExamples(command, [
      'kedge node config --config node.yaml',
      'kedge node config --config /etc/kedge/node.yaml --output json | jq .limits',
    ]);
  },
};
