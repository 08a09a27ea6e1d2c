/**
 * The one way from what stands after `--key` to a signer: a key file, a token, or a command.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { Signer } from '../ports/signer.ts';
import { ExecSigner } from './exec.ts';
import { parseExecReference } from './exec-reference.ts';
import type { SignerHost } from './host.ts';
import { openKeyFile } from './key-file.ts';
import { LocalSigner } from './local-signer.ts';
import { parsePkcs11Uri } from './pkcs11-uri.ts';
import { isEncryptedKey, parseEncryptedKey, parsePlainKey } from './plain-key.ts';

/** A signer that is ready; whoever opened it closes it. */
export interface OpenSigner extends AsyncDisposable {
  readonly signer: Signer;
  /** The key file, absolute; absent when the key is somewhere else. Its ledger lies beside it. */
  readonly file?: string;
}

const KEY_FILE_MAX_BYTES = 64 * 1024;
const AGE_HEADER = '-----BEGIN AGE ENCRYPTED FILE-----';

/**
 * Opens a signer: `pkcs11:…` (RFC 7512), `exec:…`, or else the path of a key file, encrypted (age)
 * or PKCS#8. May ask for a passphrase or PIN.
 *
 * Errors: those of the kinds; `CONFIG` when the reference is wrong, `ACCESS` for a wrong secret.
 */
export async function openSigner(reference: string, host: SignerHost): Promise<OpenSigner> {
  if (reference.startsWith('pkcs11:')) {
    const uri = parsePkcs11Uri(reference);
    const { TokenSigner } = await import('./pkcs11.ts');
    const signer = await TokenSigner.open(uri, host);
    return { signer, [Symbol.asyncDispose]: () => signer[Symbol.asyncDispose]() };
  }
  if (reference.startsWith('exec:')) {
    return nothingToClose({ signer: await ExecSigner.open(parseExecReference(reference), host) });
  }
  const file = host.path(reference);
  return nothingToClose({ signer: await openFile(file, host), file });
}

async function openFile(file: string, host: SignerHost): Promise<Signer> {
  const bytes = await host.read(file, { what: 'key file', maxBytes: KEY_FILE_MAX_BYTES });
  const isAge = Buffer.from(bytes).toString('latin1').trimStart().startsWith(AGE_HEADER);
  if (!isAge && !isEncryptedKey(bytes)) {
    const key = withHint('PARSE', NO_KEY, () => parsePlainKey(bytes));
    host.warn(`${file} is not encrypted; whoever reads it can sign`);
    return new LocalSigner(key);
  }
  const passphrase = await host.secret({ kind: 'passphrase', of: signerNameOf(file) });
  try {
    if (!isAge) return new LocalSigner(parseEncryptedKey(bytes, passphrase));
    host.note('Opening the key file; this takes a moment on purpose.');
    return (await openKeyFile({ path: file, passphrase })).key;
  } catch (thrown) {
    return withHint('ACCESS', LOST, () => {
      throw thrown;
    });
  }
}

const NO_KEY = 'give the encrypted key file of a signer, for example signers/ana.age';
const LOST = 'try again; nothing was signed. A passphrase that is lost cannot be recovered';

/** `signers/ana.age` is the file of `ana`; only the name of the passphrase variable rests on it. */
function signerNameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.age$/, '');
}

function withHint<Value>(code: 'PARSE' | 'ACCESS', hint: string, action: () => Value): Value {
  try {
    return action();
  } catch (thrown) {
    const error = KedgeError.from(thrown);
    if (error.code !== code) throw thrown;
    throw new KedgeError(code, error.message, { detail: { ...error.detail, hint }, cause: thrown });
  }
}

function nothingToClose(opened: Omit<OpenSigner, keyof AsyncDisposable>): OpenSigner {
  return { ...opened, [Symbol.asyncDispose]: async () => undefined };
}
