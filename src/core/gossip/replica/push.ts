/**
 * Builds and opens pushes: a statement with just what a holder of the statement before needs.
 *
 * @module
 */
import { sha256 } from '../../crypto.ts';
import type { AnchorId, Sequence, Sha256 } from '../../ids.ts';
import { applyPatch, diffBodies } from '../../releases/delta.ts';
import type { BodyContent } from '../../statements/body-content.ts';
import type { SignedDocument } from '../../statements/envelope.ts';
import type { Push } from '../frames.ts';

/** A body that a delta can build on. */
export interface BaseBody {
  readonly sequence: Sequence;
  readonly bodyDigest: Sha256;
  readonly bodyBytes: Uint8Array;
}

/** The content of `body` for a reader that holds `base`: a delta where that is smaller. */
export function contentFrom(base: BaseBody | undefined, body: Uint8Array): BodyContent {
  if (base === undefined) return { kind: 'whole', body };
  const patch = diffBodies(base.bodyBytes, body);
  if (patch.length >= body.length) return { kind: 'whole', body };
  const delta = { baseSequence: base.sequence, baseBodyDigest: base.bodyDigest, patch };
  return { kind: 'delta', delta };
}

/**
 * The body that a content stands for, or nothing when it builds on a body other than `base`. The
 * caller checks its digest against a verified statement. Errors: `PARSE`, `LIMIT`.
 */
export function openContent(
  base: BaseBody | undefined,
  content: BodyContent,
): Uint8Array | undefined {
  if (content.kind === 'whole') return content.body;
  const { baseBodyDigest, patch } = content.delta;
  return base?.bodyDigest === baseBodyDigest ? applyPatch(base.bodyBytes, patch) : undefined;
}

/** A push of `document` to holders of `base`. */
export function makePush(
  base: BaseBody | undefined,
  document: SignedDocument,
  blobs: readonly Uint8Array[],
): Push {
  return { statement: document.statement, content: contentFrom(base, document.body), blobs };
}

/** The size that decides between pushing whole and announcing, bytes; framing is not counted. */
export function pushBytes(push: Push): number {
  let bytes = push.statement.payload.length;
  for (const { signature } of push.statement.signatures) bytes += signature.length + 32;
  bytes +=
    push.content.kind === 'whole' ? push.content.body.length : push.content.delta.patch.length;
  for (const blob of push.blobs) bytes += blob.length;
  return bytes;
}

/** Blobs by their id. */
export function indexBlobs(blobs: readonly Uint8Array[]): Map<AnchorId, Uint8Array> {
  return new Map(blobs.map((der) => [sha256(der), der]));
}
