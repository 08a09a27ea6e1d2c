/**
 * `kedge region key`: makes the key with which one node attests for its region.
 *
 * The node signs by itself, day and night, so the key is not encrypted; its owner alone may read
 * it. Each node has its own, since a key has to know all that it signed (spec section 8, CO-16).
 *
 * @module
 */
import { exportSigningKey, generateSigningKey } from '../../core/crypto.ts';
import { parseRegionName } from '../../core/ids.ts';
import { encodePem } from '../../core/pem.ts';
import { createFile, requireAbsent } from '../files.ts';
import { addExamples, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options {
  readonly out?: string;
}

/** The command. */
export const regionKey: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Make the Ed25519 key with which one node attests for its region, and the public key ' +
          'beside it. Run it on the host of the node: the key file stays there (region.keyFile), ' +
          'the public key goes to whoever drafts the next charter (kedge charter rotate ' +
          '--add-region). Each node has a key of its own.',
      )
      .argument('<region>', 'name of the region, for example iad')
      .option('--out <file>', 'key file; never overwritten (default: region-<region>.key)')
      .action((region: string, options: Options) => run(session, region, options));
    addExamples(command, [
      'kedge region key iad',
      'kedge region key iad --out /var/lib/kedge/region.key',
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  const region = parseArgument('region', name, parseRegionName);
  const path = session.path(options.out ?? `region-${region}.key`);
  const publicPath = `${path}.pub`;
  await requireAbsent(path);
  await requireAbsent(publicPath);
  const key = generateSigningKey('ed25519');
  await createFile(path, encodePem('PRIVATE KEY', exportSigningKey(key)), 'private');
  const { alg, keyId, spki } = key.publicKey;
  await createFile(publicPath, encodePem('PUBLIC KEY', spki), 'public');
  session.output.result(
    { region, keyFile: path, publicKey: publicPath, alg, keyId },
    `Key of one node of region ${region}: ${alg} ${keyId}\n` +
      `  ${session.shown(path)}      the key: region.keyFile of the node, never of another one\n` +
      `  ${session.shown(publicPath)}  the public key: for kedge charter rotate --add-region ` +
      `${region}=<file>, or --replace-region for a new key of ${region}`,
  );
}
