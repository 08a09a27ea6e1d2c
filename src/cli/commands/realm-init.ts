/**
 * `kedge realm init`: makes the signers' encrypted key files, the first charter and a profile.
 *
 * Everything is built and checked in memory first; files are only created, never overwritten, and
 * the charter is the last one, so that a charter on disk is always complete.
 *
 * @module
 */
import { join } from 'node:path';
import { verifyFirstCharter } from '../../core/charter/chain.ts';
import type { CharterDraft } from '../../core/charter/draft.ts';
import { DEFAULT_CLIENTS, DEFAULT_LIFECYCLE, draftCharter } from '../../core/charter/draft.ts';
import type { Region } from '../../core/charter/model.ts';
import type { Policy } from '../../core/charter/rules.ts';
import { ALGORITHMS, generateSigningKey, sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseRealmName, parseSignerId, type RealmName, type SignerId } from '../../core/ids.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import { addSignatures } from '../../core/statements/sign.ts';
import { createKeyFile } from '../../signers/key-file.ts';
import { Ledger, ledgerPath } from '../../signers/ledger.ts';
import { LocalSigner } from '../../signers/local-signer.ts';
import { signWithLedger } from '../../signers/sign.ts';
import { firstRoles } from '../charter/first-roles.ts';
import {
  algorithmArgument,
  createRecoveryKey,
  EncryptionNotes,
  type NewKey,
  newRecoveryKeys,
  parseWorkFactor,
} from '../charter/new-keys.ts';
import { makeRecoveryRole } from '../charter/recovery-terms.ts';
import { addRegionOption, nextRegions, type RegionOptions } from '../charter/region-terms.ts';
import { addTermOptions, type TermOptions, termsOf } from '../charter/terms.ts';
import { formatCharter } from '../charter/view.ts';
import { encodeDocumentFile } from '../document-file.ts';
import { createFile, makeDirectory, requireAbsent } from '../files.ts';
import { addExamples, collect, parseArgument } from '../help.ts';
import { loadCompiledPolicy } from '../policy/file.ts';
import type { Session } from '../session.ts';
import { passphraseSource } from '../signer/passphrases.ts';
import type { CommandModule } from '../table/module.ts';
import { printable } from '../terminal/styles.ts';

interface Options extends TermOptions, Pick<RegionOptions, 'addRegion'> {
  readonly signer?: readonly string[];
  readonly threshold?: string;
  readonly dir?: string;
  readonly algorithm: string;
  readonly passphraseFile?: string;
  readonly scryptWorkFactor?: string;
  readonly recovery?: string;
  readonly recoveryThreshold?: string;
  readonly policy?: string;
}

interface NewRealm {
  readonly signers: readonly NewKey[];
  /** Keys for safes. */
  readonly recovery: readonly NewKey[];
  readonly regions: readonly Region[];
  readonly policy: Policy | undefined;
}

/** The command. */
export const realmInit: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Make a new realm: an encrypted key file (age) for each signer, the first charter signed ' +
          'by all of its role, and a profile. Signers are in the roles that --role names them ' +
          'in, else in charter and release. Prints the pin, the digest of the first charter: ' +
          'whoever has it can verify everything in the realm, so publish it where people will ' +
          'look it up. Then give each key file to its owner and remove it here.',
      )
      .argument('<realm>', 'name of the realm, for example prod.example.org')
      .option(
        '--signer <id[:owner]>',
        'signer, for example ana:ana@example.org; repeat it',
        collect,
      )
      .option('--threshold <count>', 'signers that it takes (default: more than half)')
      .option('--recovery <count>', 'keys that can replace a lost or stolen quorum (default: none)')
      .option('--recovery-threshold <count>', 'how many of them it takes (default: more than half)')
      .option('--policy <file>', 'rules for every change (docs/policy.md; default: none)')
      .option('--dir <directory>', 'where to write (default: a directory named like the realm)')
      .option('--algorithm <name>', `of the keys: ${ALGORITHMS.join(', ')}`, 'ed25519')
      .option('--passphrase-file <file>', 'one passphrase for all key files, one line')
      .option('--scrypt-work-factor <n>', 'log2 of the cost of guessing, 10 to 20 (default: 18)');
    addRegionOption(command);
    addTermOptions(command);
    command.action((realm: string, options: Options) => run(session, realm, options));
    addExamples(command, [
      'kedge realm init prod.example.org --signer ana --signer ben --signer cleo --threshold 2',
      'kedge realm init staging.example.org --signer ana:ana@example.org --hold-down 0',
      'kedge realm init prod.example.org --signer ana --signer ben --signer cleo \\',
      '  --role release=2 --role revoke=1 --hold-down 24h --release-valid-for 90d',
      'kedge realm init prod.example.org --signer ana --signer ben --signer cleo \\',
      '  --signer deploy --role rollout=1:deploy',
      'kedge realm init prod.example.org --signer ana --signer ben --signer cleo \\',
      '  --recovery 3 --recovery-threshold 2 --policy policy.yaml',
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  const realm = parseArgument('realm', name, parseRealmName);
  const folder = session.path(options.dir ?? realm);
  const signers = makeSigners(folder, options);
  const regions = await nextRegions(session, { realm, regions: [] }, options);
  const recovery = newRecoveryKeys(join(folder, 'recovery'), options);
  const { policy: file } = options;
  const policy = file === undefined ? undefined : await loadCompiledPolicy(session, file);
  const draft = makeCharter(session, realm, { signers, recovery, regions, policy }, options);
  const charterPath = join(folder, 'charter-1.json');
  const profilePath = join(folder, 'kedge.yaml');
  const keyFiles = [...signers, ...recovery].map(({ path }) => path);
  for (const path of [charterPath, profilePath, ...keyFiles]) await requireAbsent(path);
  const passphrases = await askPassphrases(session, [...signers, ...recovery], options);
  await makeDirectory(join(folder, 'signers'));
  if (recovery.length > 0) await makeDirectory(join(folder, 'recovery'));
  const notes = new EncryptionNotes(session, keyFiles.length);
  const terms = { notes, passphrases, options };
  await writeRecovery(recovery, terms);
  const statement = await signAll(draft, signers, terms);
  const document = { statement, body: draft.body };
  const pin = sha256(draft.payload);
  verifyFirstCharter(document, { realm, digest: pin });
  await createFile(profilePath, profileText(realm, pin), 'public');
  await createFile(charterPath, encodeDocumentFile(document), 'public');
  session.output.result(
    {
      realm,
      pin,
      charter: charterPath,
      profile: profilePath,
      signers: signers.map(({ id, owner, path, key }) => ({
        id,
        owner,
        keyFile: path,
        keyId: key.publicKey.keyId,
      })),
      recovery: recovery.map(({ path, key }) => ({
        keyFile: path,
        publicKey: `${path}.pub`,
        keyId: key.publicKey.keyId,
      })),
    },
    [
      `Realm ${realm} is ready. Its pin, the digest of the first charter:`,
      '',
      `  ${session.output.styles.bold(pin)}`,
      '',
      formatCharter(draft.charter),
      '',
      `Written to ${session.shown(folder)}:`,
      '  charter-1.json  the first charter: nodes need it (firstCharterFile), it is not secret',
      '  kedge.yaml      profile with realm and pin: run commands in this directory',
      '  signers/*.age   one key per signer: give each, with any .ledger, to its owner; keep none',
      ...recoveryAdvice(recovery),
      '',
      'Next: kedge peer ca, kedge node init --help; then kedge anchor add <files> --bundle <name>',
    ].join('\n'),
  );
}

function recoveryAdvice(recovery: readonly NewKey[]): readonly string[] {
  if (recovery.length === 0) return [];
  return [
    '  recovery/*      keys that replace a lost quorum: put each, with its .pub, in a safe of its',
    '                  own, offline; keep none here, and show the .pub files to nobody',
  ];
}

function makeSigners(folder: string, options: Options): readonly NewKey[] {
  const algorithm = algorithmArgument(options.algorithm);
  const signers = (options.signer ?? []).map((text): NewKey => {
    const [first = '', ...rest] = text.split(':');
    const id = parseArgument('--signer', first, parseSignerId);
    const owner = rest.join(':');
    const path = join(folder, 'signers', `${id}.age`);
    return {
      id,
      owner: owner === '' ? id : printable(owner),
      key: generateSigningKey(algorithm),
      path,
    };
  });
  if (signers.length === 0) {
    throw new KedgeError('CONFIG', 'a realm needs at least one signer', {
      detail: { hint: 'give --signer <id>, once for each person' },
    });
  }
  if (new Set(signers.map(({ id }) => id)).size < signers.length) {
    throw new KedgeError('CONFIG', 'a signer is named twice');
  }
  return signers;
}

function makeCharter(
  session: Session,
  realm: RealmName,
  { signers, recovery, regions, policy }: NewRealm,
  options: Options,
): CharterDraft {
  const ids = signers.map(({ id }) => id).sort();
  return draftCharter(
    realm,
    {
      signers: signers.map(({ id, owner, key }) => ({ id, owner, keys: [key.publicKey] })),
      roles: {
        ...firstRoles(options, ids),
        ...(recovery.length > 0 && {
          recovery: makeRecoveryRole(
            recovery.map(({ key }) => key.publicKey.keyId),
            options.recoveryThreshold,
          ),
        }),
      },
      regions,
      ...(policy && { policy }),
      ...termsOf(options, { lifecycle: DEFAULT_LIFECYCLE, clients: DEFAULT_CLIENTS }),
    },
    session.context.nowMs(),
  );
}

async function askPassphrases(
  session: Session,
  signers: readonly NewKey[],
  options: Options,
): Promise<ReadonlyMap<SignerId, string>> {
  const source = passphraseSource(session.context, options.passphraseFile);
  const passphrases = new Map<SignerId, string>();
  for (const { id } of signers) passphrases.set(id, await source(id, 'create'));
  return passphrases;
}

/** What it takes to write keys. */
interface WriteTerms {
  readonly notes: EncryptionNotes;
  readonly passphrases: ReadonlyMap<SignerId, string>;
  readonly options: Options;
}

async function writeRecovery(
  keys: readonly NewKey[],
  { notes, passphrases, options }: WriteTerms,
): Promise<void> {
  for (const key of keys) {
    notes.begin(key.id);
    await createRecoveryKey(key, passphrases, options);
  }
}

async function signAll(
  draft: CharterDraft,
  signers: readonly NewKey[],
  { notes, passphrases, options }: WriteTerms,
): Promise<SignedStatement> {
  let statement: SignedStatement = { payload: draft.payload, signatures: [] };
  for (const { id, key, path } of signers) {
    notes.begin(id);
    const factor = options.scryptWorkFactor;
    await createKeyFile({
      path,
      signer: id,
      key,
      passphrase: passphrases.get(id) ?? '',
      ...(factor === undefined ? {} : { scryptWorkFactor: parseWorkFactor(factor) }),
    });
    if (!draft.charter.roles.charter.signers.includes(id)) continue;
    const ledger = new Ledger(await ledgerPath(path));
    const signed = await signWithLedger(new LocalSigner(key), ledger, draft.payload);
    statement = addSignatures(statement, signed);
  }
  return statement;
}

function profileText(realm: string, pin: string): string {
  return `# Profile of the realm ${realm} for the kedge command; keys: docs/cli.md#profile
realm: ${JSON.stringify(realm)}
# Digest of the first charter: the root of everything that is believed here.
pin: ${JSON.stringify(pin)}
# Charters for work without a node, in order.
charters:
  - charter-1.json
# The admins' listener of a node, and the certificate that it maps to the role admin.
# node: iad-1.kedge.example.org:7442
# tls:
#   certFile: tls/ana.pem
#   keyFile: tls/ana.key
#   caFile: tls/ca.pem
`;
}
