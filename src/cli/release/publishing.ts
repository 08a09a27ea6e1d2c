/**
 * A draft of a release that is signed and handed in: the steps after drafting.
 *
 * @module
 */

import { rename } from 'node:fs/promises';
import type { StreamStatus } from '../../core/admin/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import { CHARTER_STREAM, formatTimestamp, type SignerId } from '../../core/ids.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { acceptDocument } from '../../core/trusted/accept.ts';
import { decisionBelow } from '../../core/trusted/decisions.ts';
import { withNewerCharters } from '../draft/charters.ts';
import type { Draft } from '../draft/file.ts';
import type { Signable } from '../draft/signing.ts';
import { fileError, fileExists } from '../files.ts';
import { type NodeAdmin, openNode } from '../node/admin.ts';
import { warnIfAlone } from '../node/spreading.ts';
import type { RealmOptions } from '../realm/options.ts';
import { fetchCharters } from '../realm/realm.ts';
import { type Pin, requireCharter } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import { type ReleaseReview, reviewRelease } from './review.ts';
import { formatReview } from './review-view.ts';
import { recordPath } from './workspace.ts';

/** A draft in its file, and whom its reader believes. */
export interface OpenedDraft {
  readonly path: string;
  readonly draft: Draft;
  readonly pin: Pin;
  /** What the first signature does to the file; default `changed`. */
  readonly saveAs?: 'new' | 'changed';
}

/** Makes a reviewed draft ready to be signed. */
export function signableRelease(
  session: Session,
  opened: OpenedDraft,
  review: ReleaseReview,
): Signable {
  const { charter } = requireCharter(review.state);
  const { charter: charterRole, revoke } = charter.roles;
  const eligible = new Set<SignerId>([
    ...review.authority.role.signers,
    ...charterRole.signers,
    ...(revoke?.signers ?? []),
  ]);
  return {
    path: opened.path,
    draft: opened.draft,
    statement: review.statement,
    charters: [charter],
    eligible,
    summary: formatReview(session, review, opened.draft),
    problems: review.problems,
    ...(opened.saveAs !== undefined && { saveAs: opened.saveAs }),
    second: isDecidedBelow(review) ? 'other-side' : 'fork',
  };
}

/**
 * Asks the node of the profile what it knows of a draft: a signature on a sequence that is taken
 * would be spent for nothing, and charters that are newer than those of the draft decide who may
 * sign it now. Without a node that answers, nobody knows, and the node refuses later. Errors:
 * `CONFLICT`.
 */
export async function refreshDraft(session: Session, opened: OpenedDraft): Promise<OpenedDraft> {
  if ((await session.profile()).node === undefined) return opened;
  try {
    using node = await openNode(session, {});
    const streams = await node.streams();
    requireFree(opened, streams);
    return await withChartersOf(node, streams, opened);
  } catch (thrown) {
    const { code } = KedgeError.from(thrown);
    if (code === 'UNAVAILABLE') return opened;
    throw thrown;
  }
}

/** The draft with the charters that the node holds, the same one when it carries them all. */
export async function withNodeCharters(
  session: Session,
  opened: OpenedDraft,
  options: RealmOptions,
): Promise<OpenedDraft> {
  using node = await openNode(session, options);
  return await withChartersOf(node, await node.streams(), opened);
}

function requireFree({ draft }: OpenedDraft, streams: readonly StreamStatus[]): void {
  const { stream, sequence, digest } = parseStatement(draft.document.statement.payload);
  const newest = streams.find((one) => one.stream === stream);
  // Of two sides of a fork the charter decides, not who came first.
  if (newest === undefined || newest.fork !== undefined || newest.sequence < sequence) return;
  if (newest.digest === digest) return;
  throw new KedgeError(
    'CONFLICT',
    `sequence ${sequence} of ${stream} is taken: draft again on top of sequence ` +
      String(newest.sequence),
  );
}

async function withChartersOf(
  node: NodeAdmin,
  streams: readonly StreamStatus[],
  opened: OpenedDraft,
): Promise<OpenedDraft> {
  const version = streams.find(({ stream }) => stream === CHARTER_STREAM)?.sequence ?? 0;
  if (version <= opened.draft.charters.length) return opened;
  const draft = withNewerCharters(opened.draft, await fetchCharters(node, version));
  return draft === opened.draft ? opened : { ...opened, draft };
}

/** Whether the draft knows a decision about a fork below it, which it builds on. */
function isDecidedBelow({ state, statement }: ReleaseReview): boolean {
  const decision = decisionBelow(state, statement);
  return decision !== undefined && decision.version <= statement.charterVersion;
}

/** What a submission came to. */
export interface Submitted {
  readonly review: ReleaseReview;
  readonly novelty: 'new' | 'held';
  /** Where the signed release is kept now. */
  readonly record: string;
}

/**
 * Judges a signed draft exactly as a node will, hands it in, and keeps the file under the name of
 * the release. Errors: what makes it unacceptable, before the node is asked; those of the node.
 */
export async function submitRelease(
  session: Session,
  opened: OpenedDraft,
  options: RealmOptions,
): Promise<Submitted> {
  const { draft, path } = opened;
  const nowMs = session.context.nowMs();
  const review = reviewRelease(draft, opened.pin, nowMs);
  const { statement } = review;
  const chain = [draft.document.statement];
  acceptDocument(review.state, { chain, body: draft.document.body, mode: 'linked' }, nowMs);
  if (statement.expiresMs <= nowMs) {
    throw new KedgeError(
      'EXPIRED',
      `the release expired at ${formatTimestamp(statement.expiresMs)}; it was not submitted`,
    );
  }
  const known = new Set((review.previous?.body.anchors ?? []).map(({ id }) => id));
  const blobs = review.body.anchors.flatMap(({ id }) => {
    const der = draft.blobs.get(id);
    return der === undefined || known.has(id) ? [] : [der];
  });
  using node = await openNode(session, options);
  const receipt = await node.submit({ document: draft.document, blobs });
  if (receipt.digest !== statement.digest || receipt.sequence !== statement.sequence) {
    throw new KedgeError('PROOF', 'the node confirmed another release than the one handed in', {
      detail: { hint: 'ask another node whether the release is published: kedge release history' },
    });
  }
  const record = await keepRecord(path, recordPath(path, review.bundle, statement.sequence));
  await warnIfAlone(session, node, record);
  return { review, novelty: receipt.novelty, record };
}

async function keepRecord(path: string, record: string): Promise<string> {
  if (path === record || (await fileExists(record))) return path;
  try {
    await rename(path, record);
    return record;
  } catch (cause) {
    throw fileError(cause, `the release is published, but its file ${path} was not renamed`);
  }
}
