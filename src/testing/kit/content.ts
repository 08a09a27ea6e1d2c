/**
 * What a test publishes, as edits of what was published before: the same edits that admins make,
 * with the same rules.
 *
 * @module
 */

import type { AnchorState } from '../../core/anchors/anchor.ts';
import { refusedAnchor } from '../../core/anchors/refusal.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import {
  activateAnchor,
  addAnchor,
  type EditPoint,
  removeAnchor,
  retireAnchor,
  revokeAnchor,
  setNote,
} from '../../core/releases/edit.ts';
import type { TestAuthority } from './authority.ts';

/** The whole content of a bundle: an authority that is not named leaves it. */
export interface TestContent {
  /** Default: the first bundle of the realm. */
  readonly bundle?: string;
  /** Trusted. */
  readonly active?: readonly TestAuthority[];
  /** Delivered, not trusted yet. */
  readonly staged?: readonly TestAuthority[];
  /** Trusted still; were active before. */
  readonly retiring?: readonly TestAuthority[];
  /** Gone at once and for ever, whatever they were. */
  readonly revoked?: readonly TestAuthority[];
  /** Of authorities that are new in this release; default `tls-server` and `tls-client`. */
  readonly purposes?: readonly string[];
  readonly note?: string;
  /** When the signers want a newer release, from now on; default 30 days, at most 90. */
  readonly validForMs?: number;
}

/**
 * The next content of a bundle. Errors: `CONFIG` for an authority with two states; `LIFECYCLE`, as
 * for admins.
 */
export function editContent(
  before: ReleaseBody,
  content: TestContent,
  point: EditPoint,
): ReleaseBody {
  const wanted = wantedStates(content);
  const revoked = new Set(content.revoked?.map(({ id }) => id));
  const twice = [...wanted.keys()].find(({ id }) => revoked.has(id));
  if (twice !== undefined) throw namedTwice(twice);
  let body = setNote(before, content.note ?? '');
  // New ones first: what retires needs a successor.
  for (const [authority, state] of wanted) {
    body = moveTo(body, { authority, state, purposes: content.purposes }, point);
  }
  const kept = new Set([...wanted.keys()].map(({ id }) => id));
  for (const { id } of before.anchors.filter((anchor) => !kept.has(anchor.id))) {
    body = revoked.has(id) ? revokeAnchor(body, id, point) : removeAnchor(body, id, point);
  }
  return body;
}

function wantedStates(content: TestContent): ReadonlyMap<TestAuthority, AnchorState> {
  const { active = [], staged = [], retiring = [] } = content;
  const states = new Map<TestAuthority, AnchorState>();
  const lists = { active, staged, retiring } as const;
  for (const state of ['active', 'staged', 'retiring'] as const) {
    for (const authority of lists[state]) {
      if (states.has(authority)) throw namedTwice(authority);
      states.set(authority, state);
    }
  }
  return states;
}

function namedTwice({ name }: TestAuthority): KedgeError {
  return new KedgeError('CONFIG', `${name} is named with two states`);
}

interface Move {
  readonly authority: TestAuthority;
  readonly state: AnchorState;
  readonly purposes: readonly string[] | undefined;
}

function moveTo(body: ReleaseBody, move: Move, point: EditPoint): ReleaseBody {
  const { authority, state, purposes = ['tls-client', 'tls-server'] } = move;
  const { id, name: label } = authority;
  const now = stateOf(body, id);
  if (now === state) return body;
  switch (state) {
    case 'active':
      if (now !== undefined) return activateAnchor(body, id, point);
      return addAnchor(body, { id, label, purposes }, 'active', point);
    case 'retiring':
      if (now !== undefined) return retireAnchor(body, id, point);
      throw refusedAnchor({ id, label }, 'is new: only active anchors retire');
    case 'staged':
      if (now === undefined) return addAnchor(body, { id, label, purposes }, 'staged', point);
      throw refusedAnchor({ id, label }, `is ${now}: it cannot be staged any more`);
  }
}

function stateOf(body: ReleaseBody, id: AnchorId): AnchorState | undefined {
  return body.anchors.find((anchor) => anchor.id === id)?.state;
}
