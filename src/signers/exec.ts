/**
 * A signer that is a command: cloud key services, and whatever else has a command line.
 *
 * To sign, the command is run as it was given, with the message (the PAE of a statement) on
 * standard input; what it prints is the signature. What is signed is named in the environment, for
 * a script that has rules of its own. For the public key the command is run with one more argument,
 * `public-key`, unless the reference names a file. Passphrases and PINs of ours are taken out of
 * its environment.
 *
 * @module
 */
import type { PublicKey } from '../core/crypto.ts';
import type { SignedSubject, Signer } from '../ports/signer.ts';
import type { ExecReference } from './exec-reference.ts';
import type { SignerHost } from './host.ts';
import { parsePublicKey } from './public-key.ts';
import { runCommand } from './run-command.ts';
import { parseSignatureOutput } from './signature-form.ts';

const PUBLIC_KEY_ARGUMENT = 'public-key';
const PUBLIC_KEY_MAX_BYTES = 16 * 1024;
const SECRET_VARIABLES = /^KEDGE_(?:OLD_)?(?:PASSPHRASE|TOKEN_PIN)(?:_|$)/;

/** A command that signs. */
export class ExecSigner implements Signer {
  readonly publicKey: PublicKey;
  readonly #reference: ExecReference;
  readonly #host: SignerHost;

  private constructor(publicKey: PublicKey, reference: ExecReference, host: SignerHost) {
    this.publicKey = publicKey;
    this.#reference = reference;
    this.#host = host;
  }

  /**
   * Finds out the public key.
   *
   * Errors: `CONFIG`, `STORE`, `LIMIT` (the command or file), `PARSE`, `KEY` (what it gives),
   * `ACCESS`, `UNAVAILABLE` (the command refuses or fails).
   */
  static async open(reference: ExecReference, host: SignerHost): Promise<ExecSigner> {
    const { spkiFile } = reference;
    if (spkiFile !== undefined) {
      const options = { what: 'public key', maxBytes: PUBLIC_KEY_MAX_BYTES };
      const bytes = await host.read(host.path(spkiFile), options);
      return new ExecSigner(parsePublicKey(bytes, spkiFile), reference, host);
    }
    const asking = { ...reference, args: [...reference.args, PUBLIC_KEY_ARGUMENT] };
    const printed = await run(asking, host, { stdin: new Uint8Array(), env: {} });
    const what = `the output of ${reference.command} ${PUBLIC_KEY_ARGUMENT}`;
    return new ExecSigner(parsePublicKey(printed, what), reference, host);
  }

  async sign(message: Uint8Array, subject?: SignedSubject): Promise<Uint8Array> {
    const { alg, keyId } = this.publicKey;
    const env = {
      KEDGE_SIGN_ALG: alg,
      KEDGE_SIGN_KEY_ID: keyId,
      ...(subject === undefined
        ? {}
        : {
            KEDGE_SIGN_REALM: subject.realm,
            KEDGE_SIGN_STREAM: subject.stream,
            KEDGE_SIGN_SEQUENCE: String(subject.sequence),
            KEDGE_SIGN_DIGEST: subject.digest,
          }),
    };
    const printed = await run(this.#reference, this.#host, { stdin: message, env });
    return parseSignatureOutput(alg, printed);
  }
}

function run(
  { command, args, timeoutMs }: ExecReference,
  host: SignerHost,
  call: { readonly stdin: Uint8Array; readonly env: Readonly<Record<string, string>> },
): Promise<Uint8Array> {
  const kept = Object.entries(host.env).filter(([name]) => !SECRET_VARIABLES.test(name));
  return runCommand({
    // A name without a slash is looked for in PATH; a path is relative to where the person is.
    command: command.includes('/') ? host.path(command) : command,
    args,
    env: { ...Object.fromEntries(kept), ...call.env },
    stdin: call.stdin,
    timeoutMs,
    signal: host.signal,
    onLine: (line) => host.note(line),
  });
}
