/**
 * Where passphrases come from: a file, the environment, or a prompt without echo. Never the command
 * line, which other users of the machine can read.
 *
 * @module
 */
import { parseUtf8 } from '../../core/bytes.ts';
import { KedgeError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { readInput } from '../files.ts';

const PASSPHRASE_MIN_CHARS = 10;
const PASSPHRASE_FILE_MAX_BYTES = 4096;

/** Whether a passphrase opens an existing key or will protect a new one. */
export type PassphrasePurpose = 'open' | 'create';

/** Gets the passphrase of one signer's key file. */
export type PassphraseSource = (signer: string, purpose: PassphrasePurpose) => Promise<string>;

/**
 * Makes a source that looks, in this order, at `--passphrase-file`, `KEDGE_PASSPHRASE_<SIGNER>`
 * (upper case, other characters as `_`), `KEDGE_PASSPHRASE`, and then asks at the terminal.
 */
export function passphraseSource(
  context: CliContext,
  passphraseFile: string | undefined,
): PassphraseSource {
  return async (signer, purpose) => {
    const given = await givenPassphrase(context, signer, passphraseFile);
    const passphrase = given ?? (await askPassphrase(context, signer, purpose));
    if (purpose === 'create') requireStrength(passphrase, signer);
    return passphrase;
  };
}

/**
 * Gets the PIN of a token: `KEDGE_TOKEN_PIN_<LABEL>`, `KEDGE_TOKEN_PIN`, else the terminal. A file
 * with a PIN is named by the token's URI (`pin-source`), never by `--passphrase-file`: a passphrase
 * that is tried as a PIN brings a token nearer to its lock.
 */
export async function tokenPin(context: CliContext, label: string): Promise<string> {
  const variable = `KEDGE_TOKEN_PIN_${variableSuffix(label)}`;
  const found = context.env[variable] ?? context.env['KEDGE_TOKEN_PIN'];
  if (found !== undefined && found !== '') return found;
  if (context.prompter !== undefined) return context.prompter.secret(`PIN of token ${label}: `);
  throw new KedgeError(
    'CONFIG',
    `the PIN of the token ${label} is needed and nobody can be asked`,
    {
      detail: { hint: `run in a terminal, set ${variable}, or add pin-source=<file> to the URI` },
    },
  );
}

/** The variable that holds one signer's passphrase. */
function passphraseVariable(signer: string): string {
  return `KEDGE_PASSPHRASE_${variableSuffix(signer)}`;
}

function variableSuffix(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

async function givenPassphrase(
  context: CliContext,
  signer: string,
  file: string | undefined,
): Promise<string | undefined> {
  if (file !== undefined) {
    const bytes = await readInput(file, {
      what: 'passphrase file',
      maxBytes: PASSPHRASE_FILE_MAX_BYTES,
    });
    const line = parseUtf8(bytes).replace(/\r?\n$/, '');
    if (line === '' || /[\r\n]/.test(line)) {
      throw new KedgeError('CONFIG', `the passphrase file ${file} must have exactly one line`);
    }
    return line;
  }
  const found = context.env[passphraseVariable(signer)] ?? context.env['KEDGE_PASSPHRASE'];
  return found === '' ? undefined : found;
}

async function askPassphrase(
  context: CliContext,
  signer: string,
  purpose: PassphrasePurpose,
): Promise<string> {
  if (context.prompter === undefined) {
    throw new KedgeError(
      'CONFIG',
      `the passphrase of ${signer} is needed and nobody can be asked`,
      {
        detail: {
          hint: `run in a terminal, set ${passphraseVariable(signer)}, or give --passphrase-file`,
        },
      },
    );
  }
  if (purpose === 'open') return context.prompter.secret(`Passphrase of ${signer}: `);
  const first = await context.prompter.secret(
    `New passphrase for ${signer} (at least ${PASSPHRASE_MIN_CHARS} characters): `,
  );
  requireStrength(first, signer);
  const second = await context.prompter.secret('The same again: ');
  if (first !== second) {
    throw new KedgeError('CONFIG', 'the two passphrases differ; no key was made', {
      detail: { hint: 'run the command again' },
    });
  }
  return first;
}

function requireStrength(passphrase: string, signer: string): void {
  if (Array.from(passphrase).length >= PASSPHRASE_MIN_CHARS) return;
  throw new KedgeError(
    'CONFIG',
    `the passphrase for ${signer} is too short: at least ${PASSPHRASE_MIN_CHARS} characters`,
    { detail: { hint: 'four or more random words are easy to type and hard to guess' } },
  );
}
