/**
 * `kedge charter rotate`: drafts the next charter on top of the current one.
 *
 * @module
 */
import { addCharterOptions, type CharterOptions, draftNextCharter } from '../charter/drafting.ts';
import { formatCharterReview } from '../charter/review.ts';
import { charterJson } from '../charter/view.ts';
import { addExamples } from '../help.ts';
import { openRealm } from '../realm/realm.ts';
import { charterSteps } from '../release/next-step.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

/** The command. */
export const charterRotate: CommandModule = {
  configure(command, session) {
    command.description(
      'Draft the next charter: the current one with what the options change. New signers join ' +
        'the roles that --role and --delegate name them in, else charter and release; removed ' +
        'ones leave all roles. Without changes it renews a charter that is about to expire. ' +
        'Then the old quorum and the new one sign it (kedge charter sign). What it means says ' +
        'kedge charter plan, also before there is a draft.',
    );
    addCharterOptions(command);
    command.action((options: CharterOptions) => run(session, options));
    addExamples(command, [
      'kedge charter rotate --add-signer dora=dora.age.pub --remove-signer ben',
      'kedge charter rotate --role release=2 --role revoke=1 --hold-down 48h',
      'kedge charter rotate --replace-key ana=ana-2027.age.pub --note "lost laptop"',
      'kedge charter rotate --add-signer deploy=deploy.age.pub --role rollout=1:deploy',
      'kedge charter rotate --delegate "*.lab.example.org=1:dora"',
      'kedge charter rotate --add-key ana=ana-pq.age.pub --require-alg release=ed25519,ml-dsa-44',
      'kedge charter rotate --policy policy.yaml',
      'kedge charter rotate --add-region iad=iad-1.key.pub --add-region fra=fra-1.key.pub',
      'kedge charter rotate --recovery-key safe-1.age.pub --recovery-key safe-2.age.pub',
    ]);
  },
};

async function run(session: Session, options: CharterOptions): Promise<void> {
  await using realm = await openRealm(session, options);
  const { name, path, review } = await draftNextCharter(session, realm, options);
  session.output.result(
    { draft: path, digest: review.statement.digest, charter: charterJson(review.next) },
    `${formatCharterReview(session, review)}\n\n` +
      `Saved in ${session.shown(path)}. Next, by the old and the new quorum:\n` +
      charterSteps(name, realm),
  );
}
