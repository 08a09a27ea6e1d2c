/**
 * `kedge signer import`: turns a PKCS#8 key that another tool made into a key file.
 *
 * @module
 */
import type { SigningKey } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseSignerId } from '../../core/ids.ts';
import { isEncryptedKey, parseEncryptedKey, parsePlainKey } from '../../signers/plain-key.ts';
import { readInput } from '../files.ts';
import { addExamples, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';
import { type SignerKeyOptions, writeSignerKey } from '../signer/key.ts';
import { passphraseSource } from '../signer/passphrases.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends SignerKeyOptions {
  readonly oldPassphraseFile?: string;
}

const KEY_MAX_BYTES = 16 * 1024;

/** The command. */
export const signerImport: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Make an encrypted key file (age) from a PKCS#8 private key, PEM or DER, plain or ' +
          'encrypted, and the public key beside it. The old file stays as it is: destroy it when ' +
          'the new one works. A key that was ever in clear on a disk is better made anew.',
      )
      .argument('<signer>', 'name of the signer in the charter, for example dora')
      .argument('<pkcs8>', 'file with the private key')
      .option('--out <file>', 'key file; never overwritten (default: <signer>.age)')
      .option('--old-passphrase-file <file>', 'file with the passphrase of the PKCS#8 key')
      .option('--passphrase-file <file>', 'file with the passphrase of the new file, one line')
      .option('--scrypt-work-factor <n>', 'log2 of the cost of guessing, 10 to 20 (default: 18)')
      .action((signer: string, file: string, options: Options) =>
        run(session, { signer, file }, options),
      );
    addExamples(command, [
      'kedge signer import dora dora-key.pem',
      'kedge signer import dora dora.p8 --out /media/stick/dora.age',
    ]);
  },
};

async function run(
  session: Session,
  given: { readonly signer: string; readonly file: string },
  options: Options,
): Promise<void> {
  const signer = parseArgument('signer', given.signer, parseSignerId);
  await writeSignerKey(session, signer, options, {
    makeKey: async () => readKey(session, given.file, options),
    after: (keyFile) => `Check it with kedge signer show ${keyFile}, then destroy ${given.file}.`,
  });
}

async function readKey(session: Session, file: string, options: Options): Promise<SigningKey> {
  const what = { what: 'private key', maxBytes: KEY_MAX_BYTES };
  const bytes = await readInput(session.path(file), what);
  try {
    if (!isEncryptedKey(bytes)) return parsePlainKey(bytes);
    return parseEncryptedKey(bytes, await oldPassphrase(session, file, options));
  } finally {
    bytes.fill(0);
  }
}

/** `--old-passphrase-file`, `KEDGE_OLD_PASSPHRASE`, else the terminal. */
async function oldPassphrase(
  session: Session,
  file: string,
  { oldPassphraseFile }: Options,
): Promise<string> {
  const env = { KEDGE_PASSPHRASE: session.context.env['KEDGE_OLD_PASSPHRASE'] };
  const from = oldPassphraseFile === undefined ? undefined : session.path(oldPassphraseFile);
  const source = passphraseSource({ ...session.context, env }, from);
  try {
    return await source(file, 'open');
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    throw new KedgeError(code, message, {
      cause: thrown,
      detail: { hint: 'run in a terminal, set KEDGE_OLD_PASSPHRASE or --old-passphrase-file' },
    });
  }
}
