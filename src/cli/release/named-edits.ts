/**
 * Changes of anchors that people name, applied to a content in which nobody has made them yet.
 *
 * @module
 */
import type { ReleaseBody } from '../../core/releases/body.ts';
import {
  activateAnchor,
  type EditPoint,
  removeAnchor,
  retireAnchor,
  revokeAnchor,
} from '../../core/releases/edit.ts';
import type { Session } from '../session.ts';
import { findAnchor } from './anchor-names.ts';

/** A change of one anchor. */
export interface NamedEdit {
  readonly kind: 'activate' | 'retire' | 'remove' | 'revoke';
  /** As `findAnchor` takes it. */
  readonly anchor: string;
}

type AnchorId = ReleaseBody['anchors'][number]['id'];

const EDITS: Readonly<
  Record<NamedEdit['kind'], (body: ReleaseBody, id: AnchorId, point: EditPoint) => ReleaseBody>
> = {
  activate: activateAnchor,
  retire: retireAnchor,
  remove: removeInTheEnd,
  revoke: revokeAnchor,
};

/** Applies them in their order. Errors: those of the edits, `CONFIG` for names of no anchor. */
export async function applyEdits(
  session: Session,
  start: ReleaseBody,
  { edits, point }: { readonly edits: readonly NamedEdit[]; readonly point: EditPoint },
): Promise<ReleaseBody> {
  let body = start;
  for (const { kind, anchor } of edits) {
    body = EDITS[kind](body, (await findAnchor(session, body, anchor)).id, point);
  }
  return body;
}

/** People ask what a removal will break long before the anchor may be removed. */
function removeInTheEnd(body: ReleaseBody, id: AnchorId, point: EditPoint): ReleaseBody {
  const isActive = body.anchors.some((anchor) => anchor.id === id && anchor.state === 'active');
  return removeAnchor(isActive ? retireAnchor(body, id, point) : body, id, point);
}
