/**
 * `kedge charter recover`: drafts the charter that recovery keys sign in the place of a charter
 * quorum that is lost or stolen, and signs it with those that are at hand.
 *
 * @module
 */
import type { PublicKey } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseSequence } from '../../core/ids.ts';
import { addCharterOptions, type CharterOptions, draftNextCharter } from '../charter/drafting.ts';
import { formatCharterReview, reviewCharter, signableCharter } from '../charter/review.ts';
import { loadPublicKey } from '../charter/terms.ts';
import { charterJson } from '../charter/view.ts';
import { type SignOptions, signDraft } from '../draft/signing.ts';
import { addExamples, collect, parseArgument } from '../help.ts';
import { openRealm, type Realm } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends CharterOptions, SignOptions {
  readonly after?: string;
  readonly reveal?: readonly string[];
  readonly key?: readonly string[];
}

/** The command. */
export const charterRecover: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Draft the charter that replaces signers who are lost, or who cannot be trusted any ' +
          'more: recovery keys sign it in the place of the charter role before. It makes their ' +
          'public keys known, so that they are used up; name new ones with --recovery-key. The ' +
          'quorum of the new charter signs as well (kedge charter sign).',
      )
      .option(
        '--after <version>',
        'charter to go on from; later ones fall with all that stands on them (default: newest)',
      )
      .option('--reveal <file>', 'public key (PEM) of a recovery key that will sign', collect)
      .option('--key <keyfile>', 'recovery key to sign with at once; repeat it', collect)
      .option('--yes', 'sign without asking, after reading what it prints')
      .option('--passphrase-file <file>', 'file with the passphrase of the keys, one line')
      .option('--ledger <file>', 'ledger of signed statements (default: beside the key file)');
    addCharterOptions(command);
    command.action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge charter recover --key recovery/recovery-1.age --key recovery/recovery-2.age \\',
      '  --remove-signer ana --remove-signer ben --add-signer dora=dora.age.pub \\',
      '  --add-signer emil=emil.age.pub',
      'kedge charter recover --reveal recovery-1.age.pub --reveal recovery-2.age.pub \\',
      '  --replace-key ana=ana-2.age.pub --replace-key ben=ben-2.age.pub',
      'kedge charter recover --after 4 --key recovery-1.age --key recovery-2.age \\',
      '  --replace-key ana=ana-2.age.pub --note "charter 5 is not ours"',
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  await using opened = await openRealm(session, options);
  const realm = realmUpTo(opened, options.after);
  const { charter } = requireCharter(realm.state);
  const { recovery } = charter.roles;
  if (recovery === undefined) {
    throw new KedgeError('CONFIG', `charter version ${charter.version} has no recovery keys`, {
      detail: { hint: 'what is left is the quorum of the role charter: kedge charter rotate' },
    });
  }
  const keyFiles = options.key ?? [];
  const reveal = options.reveal ?? keyFiles.map((file) => `${file}.pub`);
  const revealed: PublicKey[] = [];
  for (const file of reveal) revealed.push(await loadPublicKey(session, file, charter.realm));
  requireEnough(revealed, recovery);
  const saved = await draftNextCharter(session, realm, options, revealed);
  const { path, pin, name } = saved;
  let { review } = saved;
  if (keyFiles.length > 0) {
    const signable = signableCharter(session, saved, review);
    const draft = await signDraft(session, signable, keyFiles, options);
    review = reviewCharter(draft, pin, session.context.nowMs());
  }
  session.output.result(
    {
      draft: path,
      digest: review.statement.digest,
      recovered: review.recovered,
      falls: versionsAfter(opened, charter.version),
      signers: review.signers,
      missing: review.missing,
      charter: charterJson(review.next),
    },
    (keyFiles.length > 0 ? '' : `${formatCharterReview(session, review)}\n\n`) +
      fallText(versionsAfter(opened, charter.version)) +
      `Saved in ${session.shown(path)}. Next, by the recovery keys that did not sign yet and the ` +
      `new quorum:\n  kedge charter sign ${name} --key <keyfile>`,
  );
}

/** The realm as it was under an earlier charter. Errors: `CONFIG`. */
function realmUpTo(realm: Realm, after: string | undefined): Realm {
  if (after === undefined) return realm;
  const newest = requireCharter(realm.state).version;
  const version = parseArgument('--after', after, (text) => parseSequence(Number(text)));
  if (version > newest) {
    throw new KedgeError('CONFIG', `--after ${version}: the newest charter is ${newest}`);
  }
  const charters = realm.charters.slice(0, version);
  const state = { ...realm.state, charters: realm.state.charters.slice(0, version) };
  return { ...realm, charters, state };
}

/** The versions that a charter after `version` takes the place of. */
function versionsAfter({ state }: Realm, version: number): readonly number[] {
  return state.charters.slice(version).map((one) => one.version);
}

function fallText(falls: readonly number[]): string {
  if (falls.length === 0) return '';
  return (
    `Once it is submitted, charter version ${falls.join(', ')} falls everywhere, with all ` +
    'releases that only signers of those charters signed.\n'
  );
}

function requireEnough(
  revealed: readonly PublicKey[],
  recovery: { readonly keyDigests: readonly string[]; readonly threshold: number },
): void {
  const stranger = revealed.find(({ keyId }) => !recovery.keyDigests.includes(keyId));
  if (stranger !== undefined) {
    throw new KedgeError('KEY', `key ${stranger.keyId} is no recovery key of the charter`, {
      detail: { hint: `these are: ${recovery.keyDigests.join(', ')}` },
    });
  }
  if (revealed.length >= recovery.threshold) return;
  throw new KedgeError(
    'CONFIG',
    `it takes ${recovery.threshold} recovery keys; ${revealed.length} are given`,
    { detail: { hint: 'give --reveal <public key> or --key <key file> for each that signs' } },
  );
}
