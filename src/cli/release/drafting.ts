/**
 * Making and changing drafts of releases: content in, a statement that can be signed out.
 *
 * States begin when their release is issued, and a draft may be edited for days. So every edit
 * issues the draft anew, and the states that the draft itself changed get the new time.
 *
 * @module
 */
import type { Anchor } from '../../core/anchors/anchor.ts';
import { releaseRole } from '../../core/charter/charter.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type AnchorId,
  type BundleName,
  formatTimestamp,
  parseTimestamp,
  releaseStream,
  timestampMs,
} from '../../core/ids.ts';
import { dropPastPlans } from '../../core/releases/announcing.ts';
import { encodeReleaseBody, type ReleaseBody } from '../../core/releases/body.ts';
import { type EditPoint, emptyBody, nextBody } from '../../core/releases/edit.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { encodeStatement } from '../../core/statements/statement.ts';
import { expectedNext, headOf, type TrustedState } from '../../core/trusted/state.ts';
import type { Draft } from '../draft/file.ts';
import { type GroundedDocument, requireCharter } from '../realm/trust.ts';

const DAY_MS = 86_400_000;

/** What a draft is built from: verified trust, the documents that prove it, and the content. */
export interface DraftContent {
  readonly state: TrustedState;
  readonly charters: readonly SignedDocument[];
  readonly base: GroundedDocument | undefined;
  readonly body: ReleaseBody;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

/** When a draft is issued and how long it shall be valid. */
export interface DraftTerms {
  readonly nowMs: number;
  /** Absent: as long as the role allows. */
  readonly expiryDays: number | undefined;
}

/** The content that a bundle's next release starts with. */
export function startBody(state: TrustedState, bundle: BundleName): ReleaseBody {
  const head = headOf(state, releaseStream(bundle));
  return head === undefined ? emptyBody(bundle) : nextBody(head.body);
}

/** The sequence and time that edits of a draft made now belong to. Errors: `FORK`. */
export function editPoint(state: TrustedState, bundle: BundleName, nowMs: number): EditPoint {
  const { sequence } = expectedNext(state, releaseStream(bundle));
  return { sequence, issuedMs: wholeSeconds(nowMs) };
}

/** States a content as the next release of its bundle. No signature is kept. */
export function buildDraft(content: DraftContent, terms: DraftTerms): Draft {
  const { state, body, blobs } = content;
  const stream = releaseStream(body.bundle);
  const next = expectedNext(state, stream);
  const current = requireCharter(state);
  const issuedMs = wholeSeconds(terms.nowMs);
  const role = releaseRole(current.charter, body.bundle);
  const days = Math.min(terms.expiryDays ?? role.expiryDays, role.expiryDays);
  const stated = dropPastPlans(restamp(headOf(state, stream)?.body, body, issuedMs), issuedMs);
  const bytes = encodeReleaseBody(stated);
  const payload = encodeStatement({
    realm: state.realm,
    stream,
    sequence: next.sequence,
    previous: next.previous,
    charterVersion: current.version,
    issuedMs,
    expiresMs: issuedMs + days * DAY_MS,
    bodyDigest: sha256(bytes),
    bodyBytes: bytes.length,
  });
  return {
    document: { statement: { payload, signatures: [] }, body: bytes },
    charters: content.charters,
    base: content.base,
    blobs: neededBlobs(headOf(state, stream)?.body, stated, blobs),
  };
}

/** Gives the states that `body` changes the time at which its release is issued. */
function restamp(base: ReleaseBody | undefined, body: ReleaseBody, issuedMs: number): ReleaseBody {
  const before = new Map((base?.anchors ?? []).map((anchor) => [anchor.id, anchor]));
  const anchors = body.anchors.map((anchor): Anchor => {
    const old = before.get(anchor.id);
    return { ...anchor, sinceMs: old?.state === anchor.state ? old.sinceMs : issuedMs };
  });
  return { ...body, anchors };
}

function neededBlobs(
  base: ReleaseBody | undefined,
  body: ReleaseBody,
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
): ReadonlyMap<AnchorId, Uint8Array> {
  const ids = [...new Set([...(base?.anchors ?? []), ...body.anchors].map(({ id }) => id))].sort();
  const needed = new Map<AnchorId, Uint8Array>();
  for (const id of ids) {
    const der = blobs.get(id);
    if (der !== undefined) needed.set(id, der);
    else if (base?.anchors.some((anchor) => anchor.id === id) !== true) {
      throw new KedgeError('BUG', `the certificate of anchor ${id} is missing in the draft`);
    }
  }
  return needed;
}

function wholeSeconds(ms: number): number {
  return timestampMs(parseTimestamp(formatTimestamp(ms)));
}
