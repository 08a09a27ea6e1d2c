/**
 * A reviewed draft of a rollout on its way to nodes: made ready to be signed, and handed in.
 *
 * @module
 */
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KedgeError } from '../../core/errors.ts';
import { acceptDocument } from '../../core/trusted/accept.ts';
import type { Signable } from '../draft/signing.ts';
import { fileError, fileExists } from '../files.ts';
import { openNode } from '../node/admin.ts';
import { warnIfAlone } from '../node/spreading.ts';
import type { RealmOptions } from '../realm/options.ts';
import { requireCharter } from '../realm/trust.ts';
import type { OpenedDraft } from '../release/publishing.ts';
import type { Session } from '../session.ts';
import { type RolloutReview, reviewRollout } from './review.ts';
import { formatRolloutReview } from './review-view.ts';

/** Makes a reviewed draft ready to be signed. */
export function signableRollout(
  session: Session,
  opened: OpenedDraft,
  review: RolloutReview,
): Signable {
  return {
    path: opened.path,
    draft: opened.draft,
    statement: review.statement,
    charters: [requireCharter(review.state).charter],
    eligible: new Set(review.authority.role.signers),
    summary: formatRolloutReview(session, review),
    problems: review.problems,
    ...(opened.saveAs !== undefined && { saveAs: opened.saveAs }),
  };
}

/**
 * Judges a signed draft as a node will, hands it in, and keeps the file under the number of the
 * rollout. Errors: what makes it unacceptable, before the node is asked; those of the node.
 */
export async function submitRollout(
  session: Session,
  opened: OpenedDraft,
  options: RealmOptions,
): Promise<void> {
  const { draft, path, pin } = opened;
  const nowMs = session.context.nowMs();
  const { statement, bundle, state, body, problems } = reviewRollout(draft, pin, nowMs);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const { document } = draft;
  acceptDocument(
    state,
    { chain: [document.statement], body: document.body, mode: 'linked' },
    nowMs,
  );
  using node = await openNode(session, options);
  const receipt = await node.submit({ document, blobs: [] });
  if (receipt.digest !== statement.digest || receipt.sequence !== statement.sequence) {
    throw new KedgeError('PROOF', 'the node confirmed another rollout than the one handed in');
  }
  const record = join(dirname(path), `${bundle}.rollout-${String(statement.sequence)}.json`);
  const kept = await keep(path, record);
  await warnIfAlone(session, node, kept);
  const held = receipt.novelty === 'held';
  session.output.result(
    {
      bundle,
      sequence: statement.sequence,
      digest: statement.digest,
      state: body.state,
      alreadyHeld: held,
      record: kept,
    },
    `${held ? 'The node had' : 'Published'} rollout ${String(statement.sequence)} of ${bundle}` +
      `${held ? ' already' : ''}: release ${String(body.to.sequence)}, ${body.state}.\n` +
      `Kept in ${session.shown(kept)}. See it go: kedge rollout status ${bundle} --watch`,
  );
}

async function keep(path: string, record: string): Promise<string> {
  if (path === record || (await fileExists(record))) return path;
  try {
    await rename(path, record);
    return record;
  } catch (cause) {
    throw fileError(cause, `the rollout is published, but its file ${path} was not renamed`);
  }
}
