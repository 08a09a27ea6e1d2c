/**
 * New keys of signers and for recovery, before and while they are written.
 *
 * @module
 */
import { join } from 'node:path';
import {
  ALGORITHMS,
  type Algorithm,
  generateSigningKey,
  isAlgorithm,
  type SigningKey,
} from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseSignerId, type SignerId } from '../../core/ids.ts';
import { encodePem } from '../../core/pem.ts';
import { createKeyFile } from '../../signers/key-file.ts';
import { createFile } from '../files.ts';
import type { Session } from '../session.ts';
import { countOf } from '../terminal/styles.ts';

/** A key that is about to be written. */
export interface NewKey {
  readonly id: SignerId;
  readonly owner: string;
  readonly key: SigningKey;
  readonly path: string;
}

const RECOVERY_MAX = 20;

/** Parses `--algorithm`. Errors: `CONFIG`. */
export function algorithmArgument(algorithm: string): Algorithm {
  if (isAlgorithm(algorithm)) return algorithm;
  throw new KedgeError('CONFIG', `--algorithm: unknown: ${JSON.stringify(algorithm)}`, {
    detail: { hint: `one of ${ALGORITHMS.join(', ')}` },
  });
}

/** Makes the keys of `--recovery` in memory, to be kept in `folder`. Errors: `CONFIG`. */
export function newRecoveryKeys(
  folder: string,
  options: { readonly recovery?: string; readonly algorithm: string },
): readonly NewKey[] {
  const { recovery = '0' } = options;
  const count = Number(recovery);
  if (!/^\d{1,2}$/.test(recovery) || count > RECOVERY_MAX) {
    throw new KedgeError('CONFIG', `--recovery: not from 0 to ${RECOVERY_MAX}: ${recovery}`);
  }
  return Array.from({ length: count }, (_, index) => {
    const id = parseSignerId(`recovery-${index + 1}`);
    const path = join(folder, `${id}.age`);
    return { id, owner: id, key: generateSigningKey(algorithmArgument(options.algorithm)), path };
  });
}

/** Tells how far the encryption of keys is: a second or more for each. */
export class EncryptionNotes {
  readonly #session: Session;
  readonly #total: number;
  #done = 0;

  constructor(session: Session, total: number) {
    this.#session = session;
    this.#total = total;
    session.output.note(
      `Encrypting ${countOf(total, 'key')}, a second or more each: slow on purpose, so that ` +
        'guessing a passphrase is slow too.',
    );
  }

  /** One more begins. */
  begin(id: SignerId): void {
    this.#done += 1;
    this.#session.output.note(`  ${this.#done} of ${this.#total}: ${id}`);
  }
}

/**
 * Writes a recovery key. The public key lies beside it and nowhere else: whoever recovers has to
 * reveal it.
 */
export async function createRecoveryKey(
  { id, key, path }: NewKey,
  passphrases: ReadonlyMap<SignerId, string>,
  { scryptWorkFactor: factor }: { readonly scryptWorkFactor?: string },
): Promise<void> {
  await createKeyFile({
    path,
    signer: id,
    key,
    passphrase: passphrases.get(id) ?? '',
    ...(factor === undefined ? {} : { scryptWorkFactor: parseWorkFactor(factor) }),
  });
  await createFile(`${path}.pub`, encodePem('PUBLIC KEY', key.publicKey.spki), 'private');
}

/** Parses `--scrypt-work-factor`. Errors: `CONFIG`. */
export function parseWorkFactor(text: string): number {
  const factor = Number(text);
  if (Number.isInteger(factor) && factor >= 10 && factor <= 20) return factor;
  throw new KedgeError('CONFIG', `--scrypt-work-factor: not from 10 to 20: ${text}`);
}
