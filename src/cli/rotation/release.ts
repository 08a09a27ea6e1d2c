/**
 * The next release of a rotation: drafted anew, or the draft of it that somebody signed already.
 *
 * @module
 */
import type { Anchor } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { plansMadeBy } from '../../core/releases/announcing.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import {
  activateAnchor,
  addAnchor,
  type EditPoint,
  nextBody,
  removeAnchor,
  retireAnchor,
  setNote,
} from '../../core/releases/edit.ts';
import type { PlannedChange } from '../../core/releases/planned.ts';
import { rotationNote } from '../../core/rotation/note.ts';
import type { RotationRelease } from '../../core/rotation/steps.ts';
import { type Draft, loadDraft } from '../draft/file.ts';
import { fileExists } from '../files.ts';
import { formatAnnounced, formatEarly } from '../release/announced-view.ts';
import { factsOf, judgeCertificates } from '../release/certificates.ts';
import { buildDraft, editPoint } from '../release/drafting.ts';
import type { OpenedDraft } from '../release/publishing.ts';
import { reviewRelease } from '../release/review.ts';
import type { Session } from '../session.ts';
import type { Intent } from './intent.ts';
import type { Known, Rotation } from './look.ts';

/** What a new anchor is for when the old one, whose place it takes, is not there any more. */
const DEFAULT_PURPOSES = ['tls-client', 'tls-server'];

/** What the next release is made of. */
export interface ReleasePlan {
  readonly known: Known;
  readonly rotation: Rotation;
  readonly pair: Intent;
  readonly release: RotationRelease;
  readonly path: string;
  readonly label: string | undefined;
  readonly reason: string | undefined;
}

/**
 * Opens the draft of the next release. A signed draft of exactly this release is gone on with; one
 * that says something else is left alone. Errors: `CONFLICT`; those of admission and lifecycle.
 */
export async function openNextRelease(session: Session, plan: ReleasePlan): Promise<OpenedDraft> {
  const { known, path } = plan;
  const { pin } = known.realm;
  const draft = await draftNext(session, plan);
  if (!(await fileExists(path))) return { path, draft, pin, saveAs: 'new' };
  const old = await loadDraft(path);
  const before = reviewRelease(old, pin, session.context.nowMs());
  const isTaken = before.statement.sequence <= known.head.sequence;
  if (isTaken || before.authority.statement.signatures.length === 0) {
    return { path, draft, pin, saveAs: 'changed' };
  }
  const { body } = reviewRelease(draft, pin, session.context.nowMs());
  if (essence(before.body) === essence(body)) return { path, draft: old, pin };
  throw new KedgeError(
    'CONFLICT',
    `${session.shown(path)} is signed and is not the ${plan.release} release of this rotation`,
    {
      detail: {
        hint:
          'see it with kedge release show; submit it, or delete it: whoever signed it cannot ' +
          'sign another draft of this sequence',
      },
    },
  );
}

async function draftNext(session: Session, plan: ReleasePlan): Promise<Draft> {
  const { known, pair, release, rotation } = plan;
  const { state, document, blobs } = known.release;
  const nowMs = session.context.nowMs();
  const point = editPoint(state, known.bundle, nowMs);
  const certificates = new Map(blobs);
  if (pair.certificate !== undefined) certificates.set(pair.to, pair.certificate);
  const names = { from: rotation.from.label, to: rotation.to.label };
  const note = rotationNote(release, names, rotation.path, plan.reason);
  const body = setNote(edit(session, plan, nextBody(known.head.body), point), note);
  for (const early of plansMadeBy(known.head.body, body)) sayEarly(session, rotation, early);
  return buildDraft(
    { state, charters: known.realm.charters, base: document, body, blobs: certificates },
    { nowMs, expiryDays: undefined },
  );
}

/** Programs were told a date, so who signs has to know that this is not it. */
function sayEarly(session: Session, { from, to }: Rotation, plan: PlannedChange): void {
  const early = formatEarly(plan, session.context.nowMs());
  if (early === undefined) return;
  const { label } = plan.anchor === from.id ? from : to;
  session.output.warn(`this comes ${early}: ${formatAnnounced({ ...plan, label })}`);
}

function edit(
  session: Session,
  plan: ReleasePlan,
  body: ReleaseBody,
  point: EditPoint,
): ReleaseBody {
  const { pair, release } = plan;
  switch (release) {
    case 'stage':
      return stage(session, plan, body, point);
    case 'activate':
      return activateAnchor(body, pair.to, point);
    case 'retire':
      return retireAnchor(body, pair.from, point);
    case 'remove':
      return removeAnchor(body, pair.from, point);
  }
}

/** The new anchor gets the purposes and limits of the one whose place it takes. */
function stage(
  session: Session,
  { known, pair, rotation, label }: ReleasePlan,
  body: ReleaseBody,
  point: EditPoint,
): ReleaseBody {
  const facts = factsOf(pair.certificate);
  if (facts === undefined) {
    throw new KedgeError('CONFIG', `the certificate of ${pair.to} is not known here`, {
      detail: { hint: 'give --to <certificate file>' },
    });
  }
  const existing = [...known.release.blobs.values()].flatMap((der) => factsOf(der) ?? []);
  const input = { facts, file: 'the new certificate' };
  const [judged] = judgeCertificates([input], existing, session.context.nowMs());
  for (const { severity, message, rule } of judged?.findings ?? []) {
    if (severity !== 'refuse') session.output.warn(`${rotation.to.label}: ${message}`);
    else {
      throw new KedgeError('POLICY', `it may not become an anchor: ${message} (${rule})`, {
        detail: { ids: [facts.id], rules: [rule] },
      });
    }
  }
  const old: Anchor | undefined = body.anchors.find(({ id }) => id === pair.from);
  const anchor = {
    id: pair.to,
    label: label ?? rotation.to.label,
    purposes: old?.purposes ?? DEFAULT_PURPOSES,
    constraints: old?.constraints ?? [],
  };
  return addAnchor(body, anchor, 'staged', point);
}

/** What a release says, apart from when it was drafted. */
function essence({ anchors, tombstones, note }: ReleaseBody): string {
  const timeless = anchors.map(({ sinceMs: _, ...anchor }) => anchor);
  return JSON.stringify([timeless, tombstones, overrideOf(note)]);
}

/** Which gates were passed is part of what people sign; what was known then may differ. */
function overrideOf(note: string): string {
  return /; override ([a-z, -]+):/.exec(note)?.[1] ?? '';
}
