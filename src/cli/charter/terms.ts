/**
 * The parts of a charter as options of the command line: signers, roles, waiting times.
 *
 * @module
 */
import { type Command, Option } from 'commander';
import type { CharterChange } from '../../core/charter/draft.ts';
import type { Charter, Role, Roles } from '../../core/charter/model.ts';
import type { PublicKey } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseSignerId, type RealmName, type SignerId } from '../../core/ids.ts';
import { Ledger, ledgerPath } from '../../signers/ledger.ts';
import { parsePublicKey } from '../../signers/public-key.ts';
import { parseDurationDays, parseDurationSeconds } from '../durations.ts';
import { readInput } from '../files.ts';
import { collectNamed, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';

/** Options that `realm init` and `charter rotate` share. */
export interface TermOptions {
  readonly role?: readonly string[];
  readonly holdDown?: string;
  readonly overlap?: string;
  readonly blastRadius?: string;
  readonly freshness?: string;
  readonly validFor?: string;
  readonly releaseValidFor?: string;
  readonly note?: string;
}

const PUBLIC_KEY_MAX_BYTES = 16 * 1024;
const ROLE = /^(charter|release|revoke|rollout|region)=(\d{1,3})(?::([^:]+))?$/;

/** Adds the options of {@link TermOptions}. */
export function addTermOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--role <name=threshold[:signer,…]>',
        'who may do what, for example revoke=1:ana,ben; names: charter, release, revoke, ' +
          'rollout, region; repeat it',
      ).argParser(
        collectNamed(
          '--role',
          (name) => `give all its signers at once: --role ${name}=<threshold>:<signer>,<signer>`,
        ),
      ),
    )
    .option('--hold-down <duration>', 'how long an anchor is staged before it may be active')
    .option('--overlap <duration>', 'how long an anchor is retiring before it may be removed')
    .option('--blast-radius <percent>', 'share of the trusted anchors that one release may revoke')
    .option('--freshness <duration>', 'after how long without news a client calls itself stale')
    .option('--valid-for <duration>', 'how long the charter is valid, for example 365d')
    .option('--release-valid-for <duration>', 'how long a release is valid, for example 90d')
    .option('--note <text>', 'note for people');
}

/** The times and texts that the options set; what they do not name is absent. */
export function termsOf(
  options: TermOptions,
  base: Pick<Charter, 'lifecycle' | 'clients'>,
): Pick<CharterChange, 'lifecycle' | 'clients' | 'note'> {
  const seconds = (name: string, text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : parseArgument(name, text, parseDurationSeconds);
  return {
    lifecycle: {
      holdDownSeconds: seconds('--hold-down', options.holdDown, base.lifecycle.holdDownSeconds),
      overlapSeconds: seconds('--overlap', options.overlap, base.lifecycle.overlapSeconds),
      blastRadiusPercent:
        options.blastRadius === undefined
          ? base.lifecycle.blastRadiusPercent
          : parsePercent(options.blastRadius),
    },
    clients: {
      freshnessSeconds: seconds('--freshness', options.freshness, base.clients.freshnessSeconds),
    },
    ...(options.note === undefined ? {} : { note: options.note }),
  };
}

/** Applies `--role`, `--valid-for` and `--release-valid-for` to roles. Errors: `CONFIG`. */
export function rolesOf(options: TermOptions, base: Roles, everybody: readonly SignerId[]): Roles {
  let roles = base;
  for (const text of options.role ?? []) {
    const [, name, threshold, listed] = ROLE.exec(text) ?? [];
    if (!isRoleName(name)) throw notARole(text);
    const signers = listed === undefined ? everybody : listed.split(',').map(signerArgument);
    const expiryDays = (roles[name] ?? base.release).expiryDays;
    const made = { ...roles[name], ...makeRole(signers, Number(threshold)), expiryDays };
    roles = { ...roles, [name]: made };
  }
  return withValidity(options, roles);
}

/** Whom roles or delegations name: who is new among them joins those and no others. */
export function namedSigners(...options: readonly TermOptions['role'][]): ReadonlySet<string> {
  const lists = options.flatMap((texts) => texts ?? []).map((text) => text.split(':')[1] ?? '');
  return new Set(lists.flatMap((list) => list.split(',')).map((name) => name.trim()));
}

/** Parses a signer's name of the command line. Errors: `CONFIG`. */
export function signerArgument(text: string): SignerId {
  return parseArgument('signer', text.trim(), parseSignerId);
}

/**
 * Reads a public key, PEM or DER. One whose ledger, beside it, says that it signs in another realm
 * is refused: who may sign for tests would sign for production (conformance F02).
 * Errors: `CONFIG`, `PARSE`, `KEY`.
 */
export async function loadPublicKey(
  session: Session,
  file: string,
  realm: RealmName,
): Promise<PublicKey> {
  const path = session.path(file);
  await requireNotShared(path, realm);
  const bytes = await readInput(path, { what: 'public key', maxBytes: PUBLIC_KEY_MAX_BYTES });
  return parsePublicKey(bytes, file);
}

async function requireNotShared(publicKeyFile: string, realm: RealmName): Promise<void> {
  const ledger = new Ledger(await ledgerPath(publicKeyFile.replace(/\.pub$/, '')));
  const other = (await ledger.entries()).find((entry) => entry.realm !== realm);
  if (other === undefined) return;
  throw new KedgeError(
    'KEY',
    `the key of ${publicKeyFile} has signed for the realm ${other.realm} and cannot be one of ` +
      `${realm}: whoever has it would have a say in both`,
    { detail: { realm: other.realm, hint: 'make a key for this realm: kedge signer create' } },
  );
}

function withValidity(options: TermOptions, roles: Roles): Roles {
  const days = (name: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : Math.max(1, parseArgument(name, text, parseDurationDays));
  const charterDays = days('--valid-for', options.validFor) ?? roles.charter.expiryDays;
  const releaseDays = days('--release-valid-for', options.releaseValidFor);
  const { revoke } = roles;
  return {
    ...roles,
    charter: { ...roles.charter, expiryDays: charterDays },
    ...(releaseDays === undefined
      ? {}
      : {
          release: { ...roles.release, expiryDays: releaseDays },
          ...(revoke === undefined ? {} : { revoke: { ...revoke, expiryDays: releaseDays } }),
        }),
  };
}

function makeRole(
  signers: readonly SignerId[],
  threshold: number,
): Pick<Role, 'signers' | 'threshold'> {
  return { signers: [...new Set(signers)].sort(), threshold };
}

function isRoleName(
  name: string | undefined,
): name is 'charter' | 'release' | 'revoke' | 'rollout' | 'region' {
  return name !== undefined;
}

function notARole(text: string): KedgeError {
  return new KedgeError('CONFIG', `--role: not a role: ${JSON.stringify(text)}`, {
    detail: { hint: 'write name=threshold or name=threshold:signer,signer; e.g. revoke=1:ana,ben' },
  });
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (/^\d{1,3}$/.test(text) && percent <= 100) return percent;
  throw new KedgeError('CONFIG', `--blast-radius: not a percentage: ${JSON.stringify(text)}`);
}
