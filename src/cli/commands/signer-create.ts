/**
 * `kedge signer create`: makes one key on the machine of its owner, for a later charter.
 *
 * @module
 */
import { ALGORITHMS, generateSigningKey } from '../../core/crypto.ts';
import { parseSignerId } from '../../core/ids.ts';
import { algorithmArgument } from '../charter/new-keys.ts';
import { addExamples, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';
import { type SignerKeyOptions, writeSignerKey } from '../signer/key.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends SignerKeyOptions {
  readonly algorithm: string;
}

/** The command. */
export const signerCreate: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Make an encrypted key file (age) and the public key beside it. The public key goes to ' +
          'whoever drafts the next charter (kedge charter rotate); the key file stays with its ' +
          'owner.',
      )
      .argument('<signer>', 'name of the signer in the charter, for example dora')
      .option('--out <file>', 'key file; never overwritten (default: <signer>.age)')
      .option('--algorithm <name>', `one of ${ALGORITHMS.join(', ')}`, 'ed25519')
      .option('--passphrase-file <file>', 'file with the passphrase, one line')
      .option('--scrypt-work-factor <n>', 'log2 of the cost of guessing, 10 to 20 (default: 18)')
      .action((signer: string, options: Options) => run(session, signer, options));
    addExamples(command, [
      'kedge signer create dora',
      'kedge signer create dora --out /media/stick/dora.age --algorithm ecdsa-p384-sha384',
      'kedge signer create dora --out dora-pq.age --algorithm ml-dsa-44',
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  const signer = parseArgument('signer', name, parseSignerId);
  const algorithm = algorithmArgument(options.algorithm);
  await writeSignerKey(session, signer, options, {
    makeKey: () => generateSigningKey(algorithm),
  });
}
