/**
 * `kedge proposal create`: hands a draft to a node, where it gathers the signatures that it lacks.
 *
 * @module
 */

import { withNewerCharters } from '../draft/charters.ts';
import { loadDraft } from '../draft/file.ts';
import { reviewDraft } from '../draft/review.ts';
import { signDraft } from '../draft/signing.ts';
import { addExamples } from '../help.ts';
import { askVersions, warnOfOlderNodes } from '../node/older.ts';
import { type ApproveOptions, addApproveOptions } from '../proposal/options.ts';
import { openNodeRealm, sendProposal } from '../proposal/proposals.ts';
import { addRealmOptions } from '../realm/options.ts';
import { requirePin } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

/** The command. */
export const proposalCreate: CommandModule = {
  configure(command, session) {
    command.description(
      'Propose a draft: the nodes keep it, pass it to each other and join the signatures that ' +
        'come in anywhere. With the last one the release or rollout is published by itself, ' +
        'or the charter comes into force. A proposal needs the signature of one signer, and ends ' +
        '14 days after it was issued. Signatures of a draft file join a proposal in the same way.',
    );
    command.argument('<draft>', 'draft file of a release, a charter or a rollout');
    addApproveOptions(addRealmOptions(command));
    command.action((file: string, options: ApproveOptions) => run(session, file, options));
    addExamples(command, [
      'kedge proposal create payments.prod.example.org.draft.json --key signers/ana.age',
      'kedge proposal create charter-2.draft.json --node fra-1.example.org:7442',
    ]);
  },
};

async function run(session: Session, file: string, options: ApproveOptions): Promise<void> {
  const path = session.path(file);
  const pin = requirePin(await session.profile(), options);
  const own = await loadDraft(path);
  reviewDraft(session, { path, pin, draft: own });
  await using realm = await openNodeRealm(session, options);
  const opened = { path, pin, draft: withNewerCharters(own, realm.charters) };
  const { signable } = reviewDraft(session, opened);
  warnOfOlderNodes(session, await askVersions(realm.node), opened.draft.document);
  const draft =
    options.key === undefined
      ? opened.draft
      : await signDraft(session, signable, options.key, options);
  await sendProposal(session, realm, { ...opened, draft });
}
