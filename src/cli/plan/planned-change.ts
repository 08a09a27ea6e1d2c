/**
 * What a plan is about: a draft, changes that are only named, or the newest release as it is.
 *
 * @module
 */

import { KedgeError } from '../../core/errors.ts';
import { type BundleName, parseBundleName, releaseStream } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { type EditPoint, emptyBody } from '../../core/releases/edit.ts';
import { type Head, headOf } from '../../core/trusted/state.ts';
import type { PlannedBundle } from '../../preflight/trust-store.ts';
import { loadDraft } from '../draft/file.ts';
import { parseArgument } from '../help.ts';
import type { RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { requirePin } from '../realm/trust.ts';
import { buildDraft, editPoint, startBody } from '../release/drafting.ts';
import { requireHead } from '../release/history.ts';
import { applyEdits, type NamedEdit } from '../release/named-edits.ts';
import { type ReleaseReview, reviewRelease } from '../release/review.ts';
import type { Session } from '../session.ts';

/** Which change is meant, as options. */
export interface ChangeOptions extends RealmOptions {
  readonly bundle?: string;
  readonly file?: string;
  readonly remove?: readonly string[];
  readonly retire?: readonly string[];
  readonly activate?: readonly string[];
  readonly revoke?: readonly string[];
}

/** A change, verified from the pin down. */
export interface PlannedChange {
  readonly bundle: BundleName;
  /** The newest release; absent before the first. */
  readonly head: Pick<Head, 'sequence' | 'digest'> | undefined;
  readonly today: PlannedBundle;
  /** What is proposed, and what nodes would say of it; absent: nothing changes. */
  readonly next?: { readonly bundle: PlannedBundle; readonly review: ReleaseReview };
}

/** Reads what is to be planned. Errors: `CONFIG`, and whatever makes it not fit together. */
export async function readChange(
  session: Session,
  draft: string | undefined,
  options: ChangeOptions,
): Promise<PlannedChange> {
  if (draft !== undefined) return await readDraft(session, draft, options);
  const { bundle: name, file } = options;
  if (name === undefined) {
    throw new KedgeError('CONFIG', 'neither a draft nor a bundle is given', {
      detail: {
        hint: 'give a draft file, or --bundle <name> with --remove, --retire and the like',
      },
    });
  }
  const bundle = parseArgument('--bundle', name, parseBundleName);
  await using realm = await openRealm(
    session,
    file === undefined ? options : { ...options, base: file },
  );
  const { head, state, blobs, document } = await requireHead(realm, bundle);
  const today = { body: head.body, blobs };
  const nowMs = session.context.nowMs();
  const edited = await edit(session, startBody(state, bundle), {
    options,
    point: editPoint(state, bundle, nowMs),
  });
  if (edited === undefined) return { bundle, head, today };
  const { charters, pin } = realm;
  const content = { state, charters, base: document, body: edited, blobs };
  const review = reviewRelease(buildDraft(content, { nowMs, expiryDays: undefined }), pin, nowMs);
  return { bundle, head, today, next: { bundle: { body: review.body, blobs }, review } };
}

async function readDraft(
  session: Session,
  file: string,
  options: ChangeOptions,
): Promise<PlannedChange> {
  const { bundle: name, remove, retire, activate, revoke } = options;
  const changes = [remove, retire, activate, revoke].filter((one) => one !== undefined);
  if (name !== undefined || options.file !== undefined || changes.length > 0) {
    throw new KedgeError('CONFIG', 'a draft says itself what changes in which bundle', {
      detail: { hint: 'give the draft, or --bundle with changes, not both' },
    });
  }
  const pin = requirePin(await session.profile(), options);
  const draft = await loadDraft(session.path(file));
  const review = reviewRelease(draft, pin, session.context.nowMs());
  const { bundle, body, previous, state } = review;
  const { blobs } = draft;
  const today = { body: previous?.body ?? emptyBody(bundle), blobs };
  const head = headOf(state, releaseStream(bundle));
  return { bundle, head, today, next: { bundle: { body, blobs }, review } };
}

/** The content with the named changes; absent without any. */
async function edit(
  session: Session,
  start: ReleaseBody,
  { options, point }: { readonly options: ChangeOptions; readonly point: EditPoint },
): Promise<ReleaseBody | undefined> {
  // First what is activated, because what retires needs a successor that is active.
  const edits = (['activate', 'retire', 'remove', 'revoke'] as const).flatMap((kind) =>
    (options[kind] ?? []).map((anchor): NamedEdit => ({ kind, anchor })),
  );
  return edits.length === 0 ? undefined : await applyEdits(session, start, { edits, point });
}
