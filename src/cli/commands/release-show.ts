/**
 * `kedge release show`: what a draft changes, who signed it, and what nodes would say.
 *
 * @module
 */

import { loadDraft } from '../draft/file.ts';
import { addExamples } from '../help.ts';
import { requirePin } from '../realm/trust.ts';
import { reviewRelease } from '../release/review.ts';
import { formatReview, reviewJson } from '../release/review-view.ts';
import type { CommandModule } from '../table/module.ts';

interface Options {
  readonly realm?: string;
  readonly pin?: string;
}

/** The command. */
export const releaseShow: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show what a draft changes against the release before it, who signed it and what is ' +
          'still missing. Needs no network: charters and the release before are in the draft and ' +
          'are verified from the pin down.',
      )
      .argument('<draft>', 'draft file')
      .option('--realm <name>', 'realm (default: from the profile)')
      .option('--pin <sha256>', 'digest of the first charter (default: from the profile)')
      .action(async (file: string, options: Options) => {
        const pin = requirePin(await session.profile(), options);
        const draft = await loadDraft(session.path(file));
        const review = reviewRelease(draft, pin, session.context.nowMs());
        const hint = `What it would break: kedge plan ${file} --probe <host:port>`;
        const text = `${formatReview(session, review, draft)}\n\n${hint}`;
        session.output.result(reviewJson(review, draft), text);
      });
    addExamples(command, [
      'kedge release show payments.prod.example.org.draft.json',
      'kedge release show draft.json --pin 4f0c… --output json | jq .changes',
    ]);
  },
};
