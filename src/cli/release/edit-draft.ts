/**
 * One edit of a draft, from the command line to the file, and on request signed and handed in.
 *
 * An edit that nodes would refuse for now (a hold-down that is not over, an anchor that retires
 * before its successor is active) is saved with a warning, because the next edit may put it right;
 * signing refuses it. With `--key` or `--sign-with` such an edit is refused at once and changes
 * nothing.
 *
 * @module
 */
import { type AnchorId, releaseStream } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { deliveredAtOnce, type EditPoint, setNote } from '../../core/releases/edit.ts';
import { headOf } from '../../core/trusted/state.ts';
import { type Draft, saveDraft } from '../draft/file.ts';
import { requireSignable } from '../draft/signing.ts';
import { parseDurationDays } from '../durations.ts';
import type { Json } from '../output.ts';
import type { DraftOptions, RealmOptions, ShortcutOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import { changesJson, formatChanges, formatCounts } from './change-view.ts';
import { buildDraft, editPoint } from './drafting.ts';
import { formatWaits, nextAfterDraft, waitsJson } from './next-step.ts';
import { type ReleaseReview, reviewRelease } from './review.ts';
import { finishDraft } from './shortcut.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** All options of a command that edits. */
export type EditOptions = DraftOptions & RealmOptions & ShortcutOptions;

/** The content after an edit; `blobs` has the certificates that the edit brought in. */
export interface EditResult {
  readonly body: ReleaseBody;
  readonly blobs?: ReadonlyMap<AnchorId, Uint8Array>;
}

/** Opens the draft, applies `edit`, saves, prints, and signs and submits when asked to. */
export async function editDraft(
  session: Session,
  options: EditOptions,
  edit: (workspace: Workspace, point: EditPoint) => EditResult | Promise<EditResult>,
): Promise<void> {
  const workspace = await openWorkspace(session, options);
  await saveEdited(session, options, workspace, edit);
}

/** The same for a workspace that is open already. */
export async function saveEdited(
  session: Session,
  options: EditOptions,
  workspace: Workspace,
  edit: (workspace: Workspace, point: EditPoint) => EditResult | Promise<EditResult>,
): Promise<void> {
  const nowMs = session.context.nowMs();
  const point = editPoint(workspace.state, workspace.bundle, nowMs);
  const edited = await edit(workspace, point);
  const noted = options.note === undefined ? edited.body : setNote(edited.body, options.note);
  const body = withDelivery(noted, options);
  const draft = buildDraft(
    { ...workspace, body, blobs: new Map([...workspace.blobs, ...(edited.blobs ?? [])]) },
    {
      nowMs,
      expiryDays: options.validFor === undefined ? undefined : parseDurationDays(options.validFor),
    },
  );
  const review = reviewRelease(draft, workspace.pin, nowMs);
  sayDelivery(session, workspace, body, options);
  // Before the file is touched: a command that was to publish and cannot must not leave half an
  // edit for the next one to trip over.
  const isSigned = options.key !== undefined || options.signWith !== undefined;
  if (isSigned) requireSignable(review);
  const { path, pin, origin } = workspace;
  if (isSigned) {
    const saveAs = origin === 'started' ? 'new' : 'changed';
    return finishDraft(session, options, { path, draft, pin, saveAs });
  }
  await saveDraft(path, draft, origin === 'started' ? 'new' : 'changed');
  if (options.submit === true) return finishDraft(session, options, { path, draft, pin });
  await printEdited(session, options, workspace, { draft, review });
}

function withDelivery(body: ReleaseBody, { waves, atOnce }: EditOptions): ReleaseBody {
  if (waves === true) return { ...body, delivery: 'waves' };
  return atOnce === true ? deliveredAtOnce(body) : body;
}

/**
 * A release is the whole content: what it is put on top of comes with it. And one that is to come
 * in waves as the last did reaches nobody until somebody starts them.
 */
function sayDelivery(
  { output }: Session,
  { bundle, state }: Workspace,
  body: ReleaseBody,
  options: EditOptions,
): void {
  const head = headOf(state, releaseStream(bundle));
  // What goes back takes nothing of that release along.
  if (head?.body.delivery === undefined || body.replaces !== undefined) return;
  const sequence = String(head.sequence);
  if (body.delivery === undefined) {
    output.warn(
      `release ${sequence} comes in waves, and not all programs may have it yet: this ` +
        'draft takes to all programs at once what it changes and all changes of that release as ' +
        `well; see kedge rollout status ${bundle}`,
    );
  } else if (options.waves !== true) {
    output.warn(
      `this draft comes in waves, as release ${sequence} does: published, it reaches nobody ` +
        `before kedge rollout start ${bundle}; --at-once takes it to all programs at once`,
    );
  }
}

async function printEdited(
  session: Session,
  options: EditOptions,
  workspace: Workspace,
  { draft, review }: { readonly draft: Draft; readonly review: ReleaseReview },
): Promise<void> {
  const { output, context } = session;
  const { statement, counts } = review;
  for (const problem of review.problems) {
    output.warn(`as it stands, nodes will refuse this draft: ${problem.message} (${problem.code})`);
  }
  const file = session.shown(workspace.path);
  const { issuedMs } = statement;
  const view = { styles: output.styles, nowMs: context.nowMs(), issuedMs, blobs: draft.blobs };
  const result: Json = {
    draft: workspace.path,
    bundle: review.bundle,
    sequence: statement.sequence,
    digest: statement.digest,
    changes: changesJson(review.changes, draft.blobs),
    waits: waitsJson(review),
    problems: review.problems.map(({ code, message }) => ({ code, message })),
  };
  const next = await nextAfterDraft(session, options, { review, draft, file });
  output.result(
    result,
    [
      `Draft of release ${statement.sequence} of ${review.bundle}: ${formatCounts(counts)}`,
      formatChanges(review.changes, view),
      ...formatWaits(review),
      '',
      `Saved in ${file}. ${next}`,
    ].join('\n'),
  );
}
