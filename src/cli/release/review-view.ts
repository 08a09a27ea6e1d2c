/**
 * A judged draft of a release as a person and as a program read it.
 *
 * @module
 */
import { formatTimestamp } from '../../core/ids.ts';
import { narrowsOnly } from '../../core/releases/narrowing.ts';
import type { Draft } from '../draft/file.ts';
import { formatDistance } from '../durations.ts';
import type { Json } from '../output.ts';
import { requireCharter } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import { formatFields, printable, type Styles } from '../terminal/styles.ts';
import { changesJson, formatChanges, formatCounts } from './change-view.ts';
import { formatWaits, waitsJson } from './next-step.ts';
import type { ReleaseReview } from './review.ts';

/** The whole review as text: what it is, what changes, who signed, what is wrong. */
export function formatReview(session: Session, review: ReleaseReview, draft: Draft): string {
  const { styles } = session.output;
  const nowMs = session.context.nowMs();
  const { statement, body } = review;
  const fields = formatFields([
    ['realm', statement.realm],
    ['bundle', review.bundle],
    ['sequence', `${statement.sequence}${review.previous === undefined ? ' (the first)' : ''}`],
    ['digest', statement.digest],
    ['charter', charterText(review)],
    [
      'issued',
      `${formatTimestamp(statement.issuedMs)} (${formatDistance(statement.issuedMs, nowMs)})`,
    ],
    [
      'expires',
      `${formatTimestamp(statement.expiresMs)} (${formatDistance(statement.expiresMs, nowMs)})`,
    ],
    ...(body.note === '' ? [] : [['note', printable(body.note)] as const]),
  ]);
  const { issuedMs } = statement;
  const changes = formatChanges(review.changes, { styles, nowMs, issuedMs, blobs: draft.blobs });
  return [
    styles.bold(`Release ${statement.sequence} of ${review.bundle}`),
    fields,
    '',
    styles.bold('Changes: ') + formatCounts(review.counts),
    changes,
    ...formatWaits(review),
    '',
    styles.bold('Signatures: ') + signatureLine(review, styles),
    ...review.problems.map(
      ({ code, message }) => `${styles.red('Nodes will refuse it:')} ${message} (${code})`,
    ),
    ...authorityNotes(review),
    ...review.approvals.map(({ text }) => `${styles.yellow('More signers:')} ${text}`),
  ].join('\n');
}

/** The charter that it names, and the one that judges it. */
function charterText({ statement, state }: ReleaseReview): string {
  const { version } = requireCharter(state);
  const named = `version ${statement.charterVersion}`;
  return version === statement.charterVersion ? named : `${named}, judged by version ${version}`;
}

/** `2 of 2 needed: ana, ben`. */
function signatureLine(review: ReleaseReview, styles: Styles): string {
  const { signers, role } = review.authority;
  const count = `${signers.length} of ${role.threshold} needed`;
  const present = signers.length === 0 ? '' : `: ${signers.join(', ')}`;
  const absent = role.signers.filter((signer) => !signers.includes(signer));
  const missing =
    isComplete(review) || absent.length === 0 ? '' : ` (may still sign: ${absent.join(', ')})`;
  const shown = (isComplete(review) ? styles.green : styles.yellow)(count);
  return shown + present + missing + revokeNote(review);
}

/** That fewer are enough: what trusts nothing more is carried by the role `revoke` too. */
function revokeNote(review: ReleaseReview): string {
  const { revoke } = requireCharter(review.state).charter.roles;
  if (revoke === undefined || !narrows(review)) return '';
  const signers = revoke.signers.join(', ');
  return `; or, as it trusts nothing more, ${revoke.threshold} of the role revoke (${signers})`;
}

/** Says whether enough people signed for nodes to take the release. */
export function isComplete(review: ReleaseReview): boolean {
  const { authority, approvals } = review;
  if (approvals.length > 0) return false;
  if (authority.quorums.has('release')) return true;
  return narrows(review) && authority.quorums.has('revoke');
}

function narrows({ previous, body }: ReleaseReview): boolean {
  return previous !== undefined && narrowsOnly(previous.body, body);
}

function authorityNotes({ problems, authority, state }: ReleaseReview): readonly string[] {
  if (!problems.some(({ code }) => code === 'BLAST_RADIUS')) return [];
  const { threshold, signers } = requireCharter(state).charter.roles.charter;
  const has = authority.quorums.has('charter') ? 'has signed' : 'has not signed yet';
  const who = `${threshold} of ${signers.join(', ')}`;
  return [`The charter role (${who}) may allow it by signing this draft too; it ${has}.`];
}

/** The whole review as JSON. */
export function reviewJson(review: ReleaseReview, draft: Draft): { readonly [key: string]: Json } {
  const { statement, authority, body, counts } = review;
  return {
    realm: statement.realm,
    bundle: review.bundle,
    sequence: statement.sequence,
    digest: statement.digest,
    previous: statement.previous,
    charterVersion: statement.charterVersion,
    issued: formatTimestamp(statement.issuedMs),
    expires: formatTimestamp(statement.expiresMs),
    note: body.note,
    counts: { ...counts },
    changes: changesJson(review.changes, draft.blobs),
    waits: waitsJson(review),
    signatures: {
      needed: authority.role.threshold,
      signers: authority.signers,
      complete: isComplete(review),
    },
    problems: review.problems.map(({ code, message }) => ({ code, message })),
    approvals: review.approvals.map(({ rule, missing }) => ({ rule, missing })),
  };
}
