/**
 * `kedge signer create`: makes one key on the machine of its owner, for a later charter.
 *
 * @module
 */
import { ALGORITHMS, generateSigningKey } from '../../core/crypto.ts';
import { parseSignerId } from '../../core/ids.ts';
import { encodePem } from '../../core/pem.ts';
import { createKeyFile } from '../../signers/key-file.ts';
import type { CommandModule } from '../command-module.ts';
import { createFile, requireAbsent } from '../files.ts';
import { addExamples, parseArgument } from '../help.ts';
import { algorithmArgument, parseWorkFactor } from '../new-keys.ts';
import { passphraseSource } from '../passphrases.ts';
import type { Session } from '../session.ts';

interface Options {
  readonly out?: string;
  readonly algorithm: string;
  readonly passphraseFile?: string;
  readonly scryptWorkFactor?: string;
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
  const path = session.path(options.out ?? `${signer}.age`);
  const publicPath = `${path}.pub`;
  await requireAbsent(path);
  await requireAbsent(publicPath);
  const passphrase = await passphraseSource(session.context, options.passphraseFile)(
    signer,
    'create',
  );
  const key = generateSigningKey(algorithm);
  const factor = options.scryptWorkFactor;
  await createKeyFile({
    path,
    signer,
    passphrase,
    key,
    ...(factor === undefined ? {} : { scryptWorkFactor: parseWorkFactor(factor) }),
  });
  const { alg, keyId, spki } = key.publicKey;
  await createFile(publicPath, encodePem('PUBLIC KEY', spki), 'public');
  session.output.result(
    { signer, keyFile: path, publicKey: publicPath, alg, keyId },
    `Key of ${signer}: ${alg} ${keyId}\n` +
      `  ${path}      the encrypted key: keep it, and a copy in a safe place\n` +
      `  ${publicPath}  the public key: for kedge charter rotate --add-signer ${signer}=<file>`,
  );
}
