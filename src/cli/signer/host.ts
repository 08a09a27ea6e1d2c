/**
 * What a signer gets from the command line: files, secrets, a place for its ledger.
 *
 * @module
 */
import { join } from 'node:path';
import { KedgeError } from '../../core/errors.ts';
import { makeFolder } from '../../files/folders.ts';
import type { SignerHost } from '../../signers/host.ts';
import { ledgerPath } from '../../signers/ledger.ts';
import type { OpenSigner } from '../../signers/open.ts';
import { fileError, readInput } from '../files.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal/styles.ts';
import { passphraseSource, tokenPin } from './passphrases.ts';

/** Options that say where secrets and the ledger are. */
export interface SignerOptions {
  readonly passphraseFile?: string;
  readonly ledger?: string;
}

const KEY_ID_SHOWN_CHARS = 32;

/** The surroundings of a signer in this run. */
export function signerHost(session: Session, options: SignerOptions): SignerHost {
  const { context, output } = session;
  const passphrase = passphraseSource(context, options.passphraseFile);
  return {
    env: context.env,
    signal: context.signal,
    path: (file) => session.path(file),
    read: readInput,
    secret: ({ kind, of }) =>
      kind === 'pin' ? tokenPin(context, printable(of)) : passphrase(of, 'open'),
    note: (text) => output.note(printable(text)),
    warn: (text) => output.warn(printable(text)),
  };
}

/**
 * The ledger of a signer: as the options or the profile say, else beside its key file. A key that
 * is in no file has it in the state folder of the person, by the id of the key, so that a key has
 * one ledger by whatever reference it is opened. Errors: `CONFIG`, `STORE`.
 */
export async function ledgerFileOf(
  session: Session,
  { signer, file }: OpenSigner,
  options: SignerOptions,
): Promise<string> {
  const fallback = (await session.profile()).ledger;
  const given = options.ledger === undefined ? fallback : session.path(options.ledger);
  if (given !== undefined) return given;
  if (file !== undefined) return ledgerPath(file);
  const folder = join(stateFolder(session), 'kedge', 'ledgers');
  try {
    await makeFolder(folder, { access: 'private' });
  } catch (cause) {
    throw fileError(cause, `cannot make the folder ${folder}`);
  }
  return join(folder, `${signer.publicKey.keyId.slice(0, KEY_ID_SHOWN_CHARS)}.ledger`);
}

/** XDG base directories: what a person keeps that is neither settings nor cache. */
function stateFolder({ context }: Session): string {
  const { XDG_STATE_HOME: state = '', HOME: home = '' } = context.env;
  if (state.startsWith('/')) return state;
  if (home.startsWith('/')) return join(home, '.local', 'state');
  throw new KedgeError('CONFIG', 'there is no place for the ledger of this key', {
    detail: { hint: 'give --ledger <file>, and the same one whenever you sign with this key' },
  });
}
