/**
 * A draft, whatever stream it is for, reviewed by the code of its kind: what there is to read, who
 * signed, what is missing, and how it is signed.
 *
 * @module
 */
import type { KedgeError } from '../../core/errors.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { formatCharterReview, reviewCharter, signableCharter } from '../charter/review.ts';
import type { Json } from '../output.ts';
import { type OpenedDraft, signableRelease } from '../release/publishing.ts';
import { reviewRelease } from '../release/review.ts';
import { formatReview, reviewJson } from '../release/review-view.ts';
import { signableRollout } from '../rollout/publishing.ts';
import { missingOf, reviewRollout } from '../rollout/review.ts';
import { formatRolloutReview, rolloutReviewJson } from '../rollout/review-view.ts';
import type { Session } from '../session.ts';
import { missingSigners } from './missing.ts';
import type { Signable } from './signing.ts';

/** A draft that was verified from the pin down. */
export interface DraftReview {
  readonly statement: Statement;
  readonly signers: readonly string[];
  /** How many signatures are missing at least. */
  readonly missing: number;
  /** Why nodes would refuse it as it stands, apart from missing signatures. */
  readonly problems: readonly KedgeError[];
  readonly text: string;
  readonly json: { readonly [key: string]: Json };
  readonly signable: Signable;
}

/** Reviews a draft. Errors: whatever makes it not fit together. */
export function reviewDraft(session: Session, opened: OpenedDraft): DraftReview {
  const { kind } = parseStatement(opened.draft.document.statement.payload);
  switch (kind) {
    case 'charter':
      return charterReview(session, opened);
    case 'release':
      return releaseReview(session, opened);
    case 'rollout':
      return rolloutReview(session, opened);
  }
}

function releaseReview(session: Session, opened: OpenedDraft): DraftReview {
  const { draft, pin } = opened;
  const review = reviewRelease(draft, pin, session.context.nowMs());
  const { signers } = review.authority;
  return {
    statement: review.statement,
    signers,
    missing: Math.max(0, ...missingSigners(review, draft).map(({ count }) => count)),
    problems: review.problems,
    text: formatReview(session, review, draft),
    json: reviewJson(review, draft),
    signable: signableRelease(session, opened, review),
  };
}

function rolloutReview(session: Session, opened: OpenedDraft): DraftReview {
  const review = reviewRollout(opened.draft, opened.pin, session.context.nowMs());
  const { statement, authority, problems } = review;
  return {
    statement,
    signers: authority.signers,
    missing: missingOf(review),
    problems,
    text: formatRolloutReview(session, review),
    json: rolloutReviewJson(review, missingOf(review)),
    signable: signableRollout(session, opened, review),
  };
}

function charterReview(session: Session, opened: OpenedDraft): DraftReview {
  const review = reviewCharter(opened.draft, opened.pin, session.context.nowMs());
  const { statement, signers, missing, problems } = review;
  return {
    statement,
    signers,
    missing,
    problems,
    text: formatCharterReview(session, review),
    json: {
      realm: statement.realm,
      version: statement.sequence,
      digest: statement.digest,
      previous: statement.previous,
      signatures: { signers, missing },
      problems: problems.map(({ code, message }) => ({ code, message })),
    },
    signable: { ...signableCharter(session, opened, review), ...saveAsOf(opened) },
  };
}

function saveAsOf({ saveAs }: OpenedDraft): Pick<Signable, 'saveAs'> {
  return saveAs === undefined ? {} : { saveAs };
}
