/**
 * `kedge proposal approve`: reads a proposal, shows it, asks, signs it and hands the signature in.
 *
 * The draft is kept as a file from the signature on: a signature that cannot be sent is not lost,
 * and what was approved can be read again. For a key that never meets a network the same file goes
 * out and comes back by hand.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { splitStream } from '../../core/ids.ts';
import { addSignatures } from '../../core/statements/sign.ts';
import { type Draft, loadDraft, saveDraft } from '../draft/file.ts';
import { reviewDraft } from '../draft/review.ts';
import { signDraft } from '../draft/signing.ts';
import { fileExists } from '../files.ts';
import { addExamples } from '../help.ts';
import { type ApproveOptions, addApproveOptions } from '../proposal/options.ts';
import {
  type FetchedProposal,
  fetchProposal,
  type NodeRealm,
  openNodeRealm,
  sendProposal,
  shortDigest,
  subjectOf,
} from '../proposal/proposals.ts';
import { addRealmOptions } from '../realm/options.ts';
import { isSameStatement } from '../release/review.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends ApproveOptions {
  readonly draft?: string;
  readonly export?: string;
  readonly import?: string;
}

/** The command. */
export const proposalApprove: CommandModule = {
  configure(command, session) {
    command.description(
      'Show what a proposal changes, ask, sign it and hand the signature to the node; with the ' +
        'last one that is needed it is published. Everything is verified from the pin down ' +
        'before it is shown, as in kedge release sign, and the ledger of the key refuses a ' +
        'second statement for one sequence. For a key on a machine without a network --export ' +
        'writes the draft, kedge release sign (charter sign, rollout sign) signs it there, and ' +
        '--import hands it in.',
    );
    command.argument('[which]', 'bundle, charter, rollout/<bundle>, or digits of the digest');
    addApproveOptions(addRealmOptions(command))
      .option('--draft <file>', 'where to keep what was signed (default: named by its digest)')
      .option('--export <file>', 'write the draft to a file for signing elsewhere, and end')
      .option('--import <file>', 'hand in the signatures of a draft file');
    command.action((which: string | undefined, options: Options) => run(session, which, options));
    addExamples(command, [
      'kedge proposal approve payments.prod.example.org --key signers/ben.age',
      'kedge proposal approve 4f0c11ab20de --key signers/ben.age --node fra-1.example.org:7442',
      'kedge proposal approve payments.prod.example.org --export /media/stick/payments.draft.json',
      'kedge proposal approve --import /media/stick/payments.draft.json',
    ]);
  },
};

async function run(session: Session, which: string | undefined, options: Options): Promise<void> {
  await using realm = await openNodeRealm(session, options);
  if (options.import !== undefined) {
    await importDraft(session, realm, which, options.import);
    return;
  }
  if (which === undefined) {
    throw new KedgeError('CONFIG', 'which proposal to approve is not given', {
      detail: { hint: 'give a bundle, charter, or a digest of kedge proposal list' },
    });
  }
  const fetched = await fetchProposal(realm, which);
  if (options.export !== undefined) {
    await exportDraft(session, realm, fetched, options.export);
    return;
  }
  if (options.key === undefined) {
    throw new KedgeError('CONFIG', 'the key is not given', {
      detail: { hint: 'give --key <keyfile>; to read only: kedge proposal show' },
    });
  }
  const kept = await keptDraft(session, fetched, options.draft);
  const opened = { ...kept, pin: realm.pin };
  const { signable } = reviewDraft(session, opened);
  const draft = await signDraft(session, signable, options.key, options);
  await sendProposal(session, realm, { ...opened, draft });
}

/** The draft with the signatures of the file that an earlier attempt left, if there is one. */
async function keptDraft(
  session: Session,
  { status, draft }: FetchedProposal,
  file: string | undefined,
): Promise<{ readonly path: string; readonly draft: Draft; readonly saveAs: 'new' | 'changed' }> {
  const subject = subjectOf(status.stream).replace('/', '.');
  const name = `${subject}.${shortDigest(status.digest)}.draft.json`;
  const path = session.path(file ?? name);
  if (!(await fileExists(path))) return { path, draft, saveAs: 'new' };
  const before = await loadDraft(path);
  if (!isSameStatement(before, draft)) {
    throw new KedgeError('CONFLICT', `${path} is a draft of something else`, {
      detail: { hint: 'give another file: --draft <file>' },
    });
  }
  const statement = addSignatures(draft.document.statement, before.document.statement);
  const document = { statement, body: draft.document.body };
  return { path, draft: { ...draft, document }, saveAs: 'changed' };
}

async function exportDraft(
  session: Session,
  realm: NodeRealm,
  { status, draft }: FetchedProposal,
  file: string,
): Promise<void> {
  const path = session.path(file);
  const { text, json } = reviewDraft(session, { path, draft, pin: realm.pin });
  session.output.show(text);
  await saveDraft(path, draft, 'new');
  const sign = `kedge ${splitStream(status.stream).kind} sign`;
  const shown = session.shown(path);
  session.output.result(
    { ...json, draft: path },
    `Written to ${shown}. There: ${sign} ${shown} --key <keyfile>\n` +
      `Back here: kedge proposal approve --import ${shown}`,
  );
}

async function importDraft(
  session: Session,
  realm: NodeRealm,
  which: string | undefined,
  file: string,
): Promise<void> {
  if (which !== undefined) {
    throw new KedgeError('CONFIG', 'the draft file says which proposal it is for', {
      detail: { hint: 'give --import <file> alone' },
    });
  }
  const path = session.path(file);
  await sendProposal(session, realm, { path, draft: await loadDraft(path), pin: realm.pin });
}
