/**
 * `kedge signer show`: says which key a reference leads to, and hands out the public key.
 *
 * @module
 */
import { encodePem } from '../../core/pem.ts';
import { openSigner } from '../../signers/open.ts';
import { createFile, requireAbsent } from '../files.ts';
import { addExamples } from '../help.ts';
import type { Session } from '../session.ts';
import { signerHost } from '../signer/host.ts';
import type { CommandModule } from '../table/module.ts';

interface Options {
  readonly out?: string;
  readonly passphraseFile?: string;
}

/** The command. */
export const signerShow: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show the algorithm, the key id and the public key of a key file, a key in a token ' +
          '(pkcs11:) or a command that signs (exec:), as --key takes it. Nothing is signed. The ' +
          'public key goes to whoever drafts the next charter (kedge charter rotate).',
      )
      .argument('<key>', 'key file, pkcs11: URI or exec: command')
      .option('--out <file>', 'write the public key to this file too; never overwritten')
      .option('--passphrase-file <file>', 'file with the passphrase of the key file, one line')
      .action((reference: string, options: Options) => run(session, reference, options));
    addExamples(command, [
      'kedge signer show signers/ana.age',
      "kedge signer show 'pkcs11:token=kedge;object=ana' --out ana.pub",
      "kedge signer show 'exec:./sign-with-kms.sh alias/ana' --out ana.pub",
    ]);
  },
};

async function run(session: Session, reference: string, options: Options): Promise<void> {
  const path = options.out === undefined ? undefined : session.path(options.out);
  if (path !== undefined) await requireAbsent(path);
  await using opened = await openSigner(reference, signerHost(session, options));
  const { alg, keyId, spki } = opened.signer.publicKey;
  const pem = encodePem('PUBLIC KEY', spki);
  if (path !== undefined) await createFile(path, pem, 'public');
  session.output.result(
    { alg, keyId, publicKey: pem, ...(path === undefined ? {} : { file: path }) },
    [
      `${alg} ${keyId}`,
      pem.trimEnd(),
      ...(path === undefined
        ? []
        : ['', `Written to ${session.shown(path)}: for kedge charter rotate --add-signer`]),
    ].join('\n'),
  );
}
