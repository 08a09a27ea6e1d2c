/**
 * The options by which a command finds its realm, in one place, so that they are the same for all.
 *
 * @module
 */
import { type Command, Option } from 'commander';
import { collect } from '../help.ts';

/** Where the truth comes from: a pin, and a node or files. */
export interface RealmOptions {
  readonly realm?: string;
  readonly pin?: string;
  readonly node?: string;
  readonly charter?: readonly string[];
}

/** Adds the options of {@link RealmOptions}. */
export function addRealmOptions(command: Command): Command {
  return command
    .option('--node <host:port>', 'node to ask (default: from the profile)')
    .addOption(
      new Option(
        '--charter <file>',
        'charter file, for work without a node; repeat it in order',
      ).argParser(collect),
    )
    .option('--realm <name>', 'realm (default: from the profile)')
    .option('--pin <sha256>', 'digest of the first charter (default: from the profile)');
}

/** How to sign and hand in at once, for somebody who may do everything alone. */
export interface ShortcutOptions {
  /** Sign, and hand in what is complete then. */
  readonly key?: readonly string[];
  readonly signWith?: readonly string[];
  readonly submit?: boolean;
  readonly yes?: boolean;
  readonly passphraseFile?: string;
  readonly ledger?: string;
}

/** Adds the options of {@link ShortcutOptions}. */
export function addShortcutOptions(command: Command): Command {
  return addKeyOptions(command)
    .addOption(
      new Option(
        '--sign-with <key>',
        'sign the draft at once with this key (file, pkcs11: or exec:); may be repeated',
      ).argParser(collect),
    )
    .option('--submit', 'and hand it to the node');
}

/** Adds `--key`, which does everything that one person can do, and what it needs. */
export function addKeyOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--key <keyfile>',
        'sign at once, and publish when enough have signed; may be repeated',
      ).argParser(collect),
    )
    .option('--yes', 'sign without asking, after reading what it prints')
    .option('--passphrase-file <file>', 'file with the passphrase of the key, one line')
    .option('--ledger <file>', 'ledger of signed statements (default: beside the key file)');
}

/** Which draft a command works on. */
export interface DraftOptions {
  readonly bundle?: string;
  readonly draft?: string;
  readonly base?: string;
  readonly note?: string;
  readonly validFor?: string;
  readonly waves?: boolean;
  readonly atOnce?: boolean;
  readonly discardSignatures?: boolean;
}

/** Adds the options of {@link DraftOptions}. */
export function addDraftOptions(command: Command): Command {
  return command
    .option('--bundle <name>', 'bundle to change')
    .option('--draft <file>', 'draft to work on (default: <bundle>.draft.json)')
    .option('--base <file>', 'newest release of the bundle as a file, for work without a node')
    .option('--note <text>', 'note for signers and operators')
    .option('--valid-for <duration>', 'for example 90d (default: as long as the charter allows)')
    .option(
      '--waves',
      'it reaches programs in waves, after kedge rollout start (default: as before)',
    )
    .addOption(
      new Option('--at-once', 'it reaches all programs at once, without waves').conflicts('waves'),
    )
    .option('--discard-signatures', 'edit a draft that somebody signed; the signatures are lost');
}
