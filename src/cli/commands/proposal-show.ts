/**
 * `kedge proposal show`: what a proposal changes, who signed it, and what nodes would say.
 *
 * @module
 */

import { reviewDraft } from '../draft/review.ts';
import { addExamples } from '../help.ts';
import { fetchProposal, openNodeRealm, refusalText, statusJson } from '../proposal/proposals.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

/** The command. */
export const proposalShow: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show what a proposal changes against the release before it, who signed it and what is ' +
          'still missing. Nothing that the node says is believed: all of it is verified from the ' +
          'pin down, as in kedge release show.',
      )
      .argument('<which>', 'bundle, charter, rollout/<bundle>, or digits of the digest');
    addRealmOptions(command);
    command.action((which: string, options: RealmOptions) => run(session, which, options));
    addExamples(command, [
      'kedge proposal show payments.prod.example.org',
      'kedge proposal show 4f0c11ab20de --output json | jq .changes',
    ]);
  },
};

async function run(session: Session, which: string, options: RealmOptions): Promise<void> {
  await using realm = await openNodeRealm(session, options);
  const { status, draft } = await fetchProposal(realm, which);
  const { text, json } = reviewDraft(session, { path: '', draft, pin: realm.pin });
  const refusal = refusalText(status);
  const shown = refusal === undefined ? text : `${text}\n\n${refusal}`;
  session.output.result({ ...statusJson(status), ...json }, shown);
}
