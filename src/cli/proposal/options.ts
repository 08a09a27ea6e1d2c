/**
 * The options of commands that sign a proposal.
 *
 * @module
 */
import type { Command } from 'commander';
import { collect } from '../help.ts';
import type { RealmOptions, ShortcutOptions } from '../realm/options.ts';

/** With what to sign, and how. */
export interface ApproveOptions
  extends RealmOptions,
    Pick<ShortcutOptions, 'yes' | 'passphraseFile' | 'ledger'> {
  readonly key?: readonly string[];
}

/** Adds the options of {@link ApproveOptions} that are not those of a realm. */
export function addApproveOptions(command: Command): Command {
  return command
    .option(
      '--key <key>',
      'key file, pkcs11: URI or exec: command to sign with; may be repeated',
      collect,
    )
    .option('--yes', 'sign without asking, after reading what it prints')
    .option('--passphrase-file <file>', 'file with the passphrase of the key, one line')
    .option('--ledger <file>', 'ledger of signed statements (default: with the key)');
}
