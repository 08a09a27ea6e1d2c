/**
 * Writing the key of one signer, for `kedge signer create` and `kedge signer import`.
 *
 * @module
 */
import type { SigningKey } from '../../core/crypto.ts';
import type { SignerId } from '../../core/ids.ts';
import { encodePem } from '../../core/pem.ts';
import { createKeyFile } from '../../signers/key-file.ts';
import { parseWorkFactor } from '../charter/new-keys.ts';
import { createFile, requireAbsent } from '../files.ts';
import type { Session } from '../session.ts';
import { passphraseSource } from './passphrases.ts';

/** Where a key goes, and under which passphrase. */
export interface SignerKeyOptions {
  readonly out?: string;
  readonly passphraseFile?: string;
  readonly scryptWorkFactor?: string;
}

/**
 * Writes an encrypted key file and the public key beside it, and prints both; `after` is said last.
 * `makeKey` is called once it is sure that no file is in the way. Errors: `STORE`, `CONFIG`.
 */
export async function writeSignerKey(
  session: Session,
  signer: SignerId,
  options: SignerKeyOptions,
  steps: {
    readonly makeKey: () => SigningKey | Promise<SigningKey>;
    readonly after?: (keyFile: string) => string;
  },
): Promise<void> {
  const path = session.path(options.out ?? `${signer}.age`);
  const publicPath = `${path}.pub`;
  await requireAbsent(path);
  await requireAbsent(publicPath);
  const key = await steps.makeKey();
  const askPassphrase = passphraseSource(session.context, options.passphraseFile);
  const passphrase = await askPassphrase(signer, 'create');
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
  const after = steps.after === undefined ? '' : `\n${steps.after(session.shown(path))}`;
  session.output.result(
    { signer, keyFile: path, publicKey: publicPath, alg, keyId },
    `Key of ${signer}: ${alg} ${keyId}\n` +
      `  ${session.shown(path)}      the encrypted key: keep it, and a copy in a safe place\n` +
      `  ${session.shown(publicPath)}  the public key: for kedge charter rotate --add-signer ` +
      `${signer}=<file>, or --replace-key for a new key of ${signer}${after}`,
  );
}
