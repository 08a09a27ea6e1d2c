/**
 * What accepted documents need on disk, as one batch.
 *
 * @module
 */

import type { Anchor } from '../../anchors/anchor.ts';
import { anchorName } from '../../anchors/refusal.ts';
import { KedgeError } from '../../errors.ts';
import {
  type AnchorId,
  CHARTER_STREAM,
  NO_PREVIOUS,
  type StreamName,
  splitStream,
} from '../../ids.ts';
import { parseReleaseBody } from '../../releases/body.ts';
import { parseStatement } from '../../statements/statement.ts';
import type { Accepted } from '../../trusted/offer.ts';
import { charterAt, headOf, type TrustedState } from '../../trusted/state.ts';
import type { PersistBatch } from '../events.ts';

/** Documents that were accepted. */
export type AcceptedResult = Extract<Accepted, { readonly outcome: 'accepted' }>;
type Settled = NonNullable<PersistBatch['settled']>[number];

/** The batch of documents that were accepted, with `bodies` and the DER that is new. */
export function batchOf(
  { statement: { stream }, chain, state, moved, replaced }: AcceptedResult,
  bodies: readonly Uint8Array[],
  fresh: ReadonlyMap<AnchorId, Uint8Array>,
): PersistBatch {
  const documents = chain.map((signed, at) => {
    const body = bodies[at];
    if (body === undefined) throw new KedgeError('BUG', 'a statement was accepted without a body');
    const { sequence, digest } = parseStatement(signed.payload);
    return { stream, sequence, digest, document: { statement: signed, body } };
  });
  const settled = moved.map((each) => settledRow(state, each));
  return {
    documents,
    blobs: [...fresh].map(([id, der]) => ({ id, der })),
    ...(settled.length > 0 && { settled }),
    ...(replaced !== undefined && { replaced: pointOf(state, replaced) }),
  };
}

/** The bodies of what is new; of charters all have one, and the first may have been held. */
export function bodiesOf(
  { statement, documents }: AcceptedResult,
  bodies: readonly Uint8Array[],
): readonly Uint8Array[] {
  return statement.kind === 'charter' ? documents.map(({ body }) => body) : bodies;
}

/** The blobs of anchors that each body adds to the one before. Errors: `DIGEST`. */
export function requireNewBlobs(
  before: readonly Anchor[],
  stream: StreamName,
  bodies: readonly Uint8Array[],
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
): Map<AnchorId, Uint8Array> {
  const fresh = new Map<AnchorId, Uint8Array>();
  if (splitStream(stream).kind !== 'release') return fresh;
  let known = new Set(before.map((anchor) => anchor.id));
  for (const body of bodies) {
    const { anchors } = parseReleaseBody(body);
    for (const anchor of anchors) {
      const { id } = anchor;
      if (known.has(id)) continue;
      const der = blobs.get(id);
      if (der === undefined) {
        const detail = { anchor: id, stream };
        throw new KedgeError('DIGEST', `the bytes of ${anchorName(anchor)} are missing`, {
          detail,
        });
      }
      fresh.set(id, der);
    }
    known = new Set(anchors.map(({ id }) => id));
  }
  return fresh;
}

/** The charter that those in the place of others follow. */
function pointOf(state: TrustedState, sequence: number): Settled {
  const digest = charterAt(state, sequence)?.digest ?? NO_PREVIOUS;
  return { stream: CHARTER_STREAM, sequence, digest };
}

/** Where a decided stream goes on. */
function settledRow(state: TrustedState, stream: StreamName): Settled {
  const head = headOf(state, stream);
  return { stream, sequence: head?.sequence ?? 0, digest: head?.digest ?? NO_PREVIOUS };
}
