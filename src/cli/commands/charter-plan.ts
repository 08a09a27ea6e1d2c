/**
 * `kedge charter plan`: what a new charter changes, who has to sign it, and what follows.
 *
 * @module
 */
import { addCharterOptions, type CharterOptions, makeNextCharter } from '../charter/drafting.ts';
import { planCharter } from '../charter/plan.ts';
import { formatPlan, planJson } from '../charter/plan-view.ts';
import { formatCharterReview, reviewCharter } from '../charter/review.ts';
import { charterJson } from '../charter/view.ts';
import { loadDraft } from '../draft/file.ts';
import { addExamples, collect } from '../help.ts';
import { openRealm } from '../realm/realm.ts';
import { requirePin } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends CharterOptions {
  readonly pending?: readonly string[];
}

/** The command. */
export const charterPlan: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Say what a new charter means before anybody signs it: what it changes, which quorums it ' +
          'takes and who of them signed, what each key that leaves can still do, which drafts ' +
          'have to be made again, and what its owners should know. Of a draft, or of the changes ' +
          'that kedge charter rotate takes; nothing is written.',
      )
      .argument('[draft]', 'draft of a charter; without it, the options say what changes')
      .option(
        '--pending <draft>',
        'draft of a release that gathers signatures; repeat it',
        collect,
      );
    addCharterOptions(command);
    command.action((file: string | undefined, options: Options) => run(session, file, options));
    addExamples(command, [
      'kedge charter plan charter-2.draft.json',
      'kedge charter plan --remove-signer ben --add-signer dora=dora.age.pub',
      'kedge charter plan charter-2.draft.json --pending payments.prod.example.org.draft.json',
      'kedge charter plan charter-2.draft.json --output json | jq -r ".plan.warnings[]"',
    ]);
  },
};

async function run(session: Session, file: string | undefined, options: Options): Promise<void> {
  const nowMs = session.context.nowMs();
  const { draft, pin } = await draftOf(session, file, options);
  const review = reviewCharter(draft, pin, nowMs);
  const pending = [];
  for (const name of options.pending ?? []) {
    const { document } = await loadDraft(session.path(name));
    pending.push({ name, statement: document.statement });
  }
  const { current, next, statement } = review;
  const plan = planCharter(current, next, draft.document.statement, pending);
  session.output.result(
    {
      version: statement.sequence,
      digest: statement.digest,
      plan: planJson(plan),
      problems: review.problems.map(({ code, message }) => ({ code, message })),
      charter: charterJson(next),
    },
    `${formatCharterReview(session, review)}\n\n${formatPlan(plan, session.output.styles)}`,
  );
}

async function draftOf(
  session: Session,
  file: string | undefined,
  options: Options,
): Promise<Pick<Awaited<ReturnType<typeof makeNextCharter>>, 'draft' | 'pin'>> {
  if (file !== undefined) {
    const pin = requirePin(await session.profile(), options);
    return { pin, draft: await loadDraft(session.path(file)) };
  }
  await using realm = await openRealm(session, options);
  return await makeNextCharter(session, realm, options);
}
