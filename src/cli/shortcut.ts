/**
 * Drafting, signing and submitting in one command, for somebody who may do it all alone.
 *
 * The same steps as the separate commands, in the same order: what stops one stops here. The draft
 * file is there from the first signature on, and stays as far as it got.
 *
 * @module
 */

import { type OpenedDraft, signableRelease, submitRelease } from './publishing.ts';
import type { RealmOptions, ShortcutOptions } from './realm-options.ts';
import { reviewRelease } from './review.ts';
import { isComplete, reviewJson } from './review-view.ts';
import type { Session } from './session.ts';
import { signDraft } from './signing.ts';
import { countOf } from './styles.ts';

/** Signs with `--sign-with` and submits with `--submit`. */
export async function finishDraft(
  session: Session,
  options: RealmOptions & ShortcutOptions,
  opened: OpenedDraft,
): Promise<void> {
  const nowMs = session.context.nowMs();
  let { draft } = opened;
  if (options.signWith !== undefined) {
    const review = reviewRelease(draft, opened.pin, nowMs);
    const signable = signableRelease(session, opened, review);
    draft = await signDraft(session, signable, options.signWith, options);
  }
  if (options.submit === true) {
    await submitAndPrint(session, { ...opened, draft }, options);
    return;
  }
  const review = reviewRelease(draft, opened.pin, nowMs);
  const { role, signers } = review.authority;
  const missing = Math.max(0, role.threshold - signers.length);
  const names = signers.length === 0 ? 'nobody' : signers.join(', ');
  session.output.result(
    { draft: opened.path, ...reviewJson(review, draft) },
    isComplete(review)
      ? `Signed by ${names}: complete. Next: kedge release submit ${session.shown(opened.path)}`
      : `Signed by ${names}; ${countOf(missing, 'signature')} still needed.`,
  );
}

/** Submits and says what happened. */
export async function submitAndPrint(
  session: Session,
  opened: OpenedDraft,
  options: RealmOptions,
): Promise<void> {
  const { review, novelty, record } = await submitRelease(session, opened, options);
  const { statement, bundle } = review;
  session.output.result(
    {
      bundle,
      sequence: statement.sequence,
      digest: statement.digest,
      alreadyHeld: novelty === 'held',
      record,
    },
    `${novelty === 'held' ? 'The node had' : 'Published'} release ${statement.sequence} of ` +
      `${bundle}${novelty === 'held' ? ' already' : ''}; it is durable on the node.\n` +
      `Kept in ${session.shown(record)}. See it spread: kedge adoption ${bundle}`,
  );
}
