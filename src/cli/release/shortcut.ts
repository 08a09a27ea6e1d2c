/**
 * Drafting, signing and submitting in one command.
 *
 * The same steps as the separate commands, in the same order: what stops one stops here. The draft
 * file is there from the first signature on, and stays as far as it got. With `--key` a draft that
 * is complete then is handed in, and one that is not waits for the next signer; that is no failure,
 * but it has an exit code of its own.
 *
 * @module
 */

import { KedgeError } from '../../core/errors.ts';
import { formatMissing, type MissingRole, missingSigners } from '../draft/missing.ts';
import { signDraft } from '../draft/signing.ts';
import { missingSignatures } from '../policy/review.ts';
import type { RealmOptions, ShortcutOptions } from '../realm/options.ts';
import { waitingText } from '../rollout/view.ts';
import type { Session } from '../session.ts';
import { countOf } from '../terminal/styles.ts';
import { nextAfterSigning } from './next-step.ts';
import { type OpenedDraft, type Submitted, signableRelease, submitRelease } from './publishing.ts';
import { type ReleaseReview, reviewRelease } from './review.ts';
import { isComplete, reviewJson } from './review-view.ts';

/** How far a draft got. */
export type Finished =
  | { readonly kind: 'published'; readonly submitted: Submitted }
  | { readonly kind: 'signed'; readonly opened: OpenedDraft; readonly missing: Missing };

/** Who still has to sign; never empty. */
type Missing = readonly MissingRole[];

/** Signs with `--key` or `--sign-with`, submits what is complete or with `--submit`, and prints. */
export async function finishDraft(
  session: Session,
  options: RealmOptions & ShortcutOptions,
  opened: OpenedDraft,
): Promise<void> {
  if (options.key !== undefined) {
    requireOneWay(options);
    printFinished(session, await signAndPublish(session, options, opened, options.key));
    return;
  }
  const draft =
    options.signWith === undefined
      ? opened.draft
      : await signWithKeys(session, options, opened, options.signWith);
  if (options.submit === true) {
    await submitAndPrint(session, { ...opened, draft }, options);
    return;
  }
  const review = reviewRelease(draft, opened.pin, session.context.nowMs());
  const { role, signers } = review.authority;
  const missing = missingSignatures(role.threshold - signers.length, review);
  const shown = session.shown(opened.path);
  session.output.result(
    { draft: opened.path, ...reviewJson(review, draft) },
    isComplete(review)
      ? `Signed by ${namesOf(review)}: complete. Next: kedge release submit ${shown}`
      : `Signed by ${namesOf(review)}; ${countOf(missing, 'signature')} still needed.\n` +
          nextAfterSigning(review.bundle, shown),
  );
}

/** Signs with each key, and hands the draft in when enough have signed. */
export async function signAndPublish(
  session: Session,
  options: RealmOptions & ShortcutOptions,
  opened: OpenedDraft,
  keys: readonly string[],
): Promise<Finished> {
  const draft = await signWithKeys(session, options, opened, keys);
  const signed = { ...opened, draft };
  const review = reviewRelease(draft, opened.pin, session.context.nowMs());
  const missing = missingSigners(review, draft);
  if (missing.length > 0) return { kind: 'signed', opened: signed, missing };
  return { kind: 'published', submitted: await submitRelease(session, signed, options) };
}

/** What became of the draft, for programs. */
export function finishedJson(finished: Finished): { readonly [key: string]: string | number } {
  const { kind } = finished;
  if (kind === 'signed') return { draft: finished.opened.path };
  const { review, record } = finished.submitted;
  return { sequence: review.statement.sequence, digest: review.statement.digest, record };
}

function printFinished(session: Session, finished: Finished): void {
  if (finished.kind === 'published') {
    printSubmitted(session, finished.submitted);
    return;
  }
  const { opened, missing } = finished;
  const review = reviewRelease(opened.draft, opened.pin, session.context.nowMs());
  session.conclude('unsigned');
  session.output.result(
    {
      draft: opened.path,
      ...reviewJson(review, opened.draft),
      missing: missing.map((one) => ({ ...one })),
    },
    describeSigned(session, opened, missing),
  );
}

/** That a draft is not complete, and what to do. */
export function describeSigned(session: Session, opened: OpenedDraft, missing: Missing): string {
  const review = reviewRelease(opened.draft, opened.pin, session.context.nowMs());
  const shown = session.shown(opened.path);
  return [
    `Signed by ${namesOf(review)}; not published: missing ${formatMissing(missing)}.`,
    nextAfterSigning(review.bundle, shown),
  ].join('\n');
}

async function signWithKeys(
  session: Session,
  options: ShortcutOptions,
  opened: OpenedDraft,
  keys: readonly string[],
): Promise<OpenedDraft['draft']> {
  const review = reviewRelease(opened.draft, opened.pin, session.context.nowMs());
  return signDraft(session, signableRelease(session, opened, review), keys, options);
}

function requireOneWay({ signWith, submit }: ShortcutOptions): void {
  if (signWith === undefined && submit === undefined) return;
  throw new KedgeError('CONFIG', '--key signs and publishes by itself', {
    detail: { hint: 'leave --sign-with and --submit away, or --key' },
  });
}

function namesOf({ authority }: ReleaseReview): string {
  return authority.signers.length === 0 ? 'nobody' : authority.signers.join(', ');
}

/** Submits and says what happened. */
export async function submitAndPrint(
  session: Session,
  opened: OpenedDraft,
  options: RealmOptions,
): Promise<void> {
  printSubmitted(session, await submitRelease(session, opened, options));
}

function printSubmitted(session: Session, { review, novelty, record }: Submitted): void {
  const { statement, bundle, body } = review;
  const isWaiting = body.delivery === 'waves';
  session.output.result(
    {
      bundle,
      sequence: statement.sequence,
      digest: statement.digest,
      alreadyHeld: novelty === 'held',
      inWaves: isWaiting,
      record,
    },
    `${novelty === 'held' ? 'The node had' : 'Published'} release ${statement.sequence} of ` +
      `${bundle}${novelty === 'held' ? ' already' : ''}; it is durable on the node.\n` +
      `Kept in ${session.shown(record)}. ` +
      (isWaiting
        ? nextOfWaves(session, review, novelty)
        : `See it spread: kedge cluster --wait, kedge adoption ${bundle}`),
  );
}

/** Nothing can name a release before a node holds it; one that was there may be on its way. */
export function nextOfWaves(
  { output }: Session,
  { bundle, statement }: Pick<ReleaseReview, 'bundle' | 'statement'>,
  novelty: Submitted['novelty'],
): string {
  return novelty === 'new'
    ? `\n${waitingText(bundle, statement.sequence, output.styles)}`
    : `It comes in waves: kedge rollout status ${bundle}`;
}
