/**
 * Answers a peer's fetch from the store: statements in order, each with what its reader needs.
 *
 * One document is in memory at a time, however long the answer is.
 *
 * @module
 */
import { sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import type { FetchItem, FetchRequest } from '../core/gossip/frames.ts';
import { type BaseBody, makePush } from '../core/gossip/replica/push.ts';
import { heldIn, rowIn } from '../core/gossip/rows.ts';
import { type AnchorId, parseSequence, type StreamName, splitStream } from '../core/ids.ts';
import { BLOB_CHUNK_MAX_BYTES } from '../core/limits.ts';
import { parseReleaseBody } from '../core/releases/body.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Store } from '../ports/store.ts';
import { chunk } from './chunks.ts';

/**
 * Streams what is durable of each stream, in the order of the requests; of several each one ends
 * with `over`. Errors: `UNAVAILABLE` for a single one that is not held whole, `STORE`.
 */
export async function* fetchItems(
  store: Store,
  durable: () => TrustedState,
  requests: readonly FetchRequest[],
): AsyncGenerator<FetchItem> {
  for (const request of requests) {
    let outcome: 'sent' | 'missing' = 'sent';
    try {
      yield* streamItems(store, durable(), request);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (requests.length === 1 || error.code !== 'UNAVAILABLE') throw error;
      outcome = 'missing';
    }
    if (requests.length > 1) yield { kind: 'over', outcome };
  }
}

async function* streamItems(
  store: Store,
  state: TrustedState,
  request: FetchRequest,
): AsyncGenerator<FetchItem> {
  const { stream, fromSequence } = request;
  const row = rowIn(state, stream);
  const head = row === undefined ? 0 : heldIn(row);
  const to = Math.min(head, request.toSequence ?? head);
  let base = fromSequence > 1 ? await readBase(store, stream, fromSequence - 1) : undefined;
  for (let at: number = fromSequence; at <= to; at += 1) {
    const sequence = parseSequence(at);
    const document = await store.document(stream, sequence);
    if (document === undefined) {
      throw new KedgeError('UNAVAILABLE', `sequence ${String(at)} of ${stream} is not held here`);
    }
    const blobs = await readNewBlobs(store, stream, base?.bodyBytes, document.body);
    const chunks = chunkBlobs(blobs);
    const last = chunks.pop() ?? [];
    for (const chunk of chunks) yield { kind: 'blobs', blobs: chunk };
    const deltaBase = splitStream(stream).kind === 'release' ? base : undefined;
    yield { kind: 'entry', entry: makePush(deltaBase, document, last) };
    const bodyDigest = sha256(document.body);
    base = { sequence, bodyDigest, bodyBytes: document.body };
  }
  const held = state.streams.get(stream);
  const end = request.toSequence ?? Number.MAX_SAFE_INTEGER;
  if (held?.kind === 'forked' && end > held.commonSequence) {
    yield { kind: 'fork', evidence: held.evidence };
  }
}

/** Groups blobs into messages of bounded size, in order. */
export function chunkBlobs(blobs: readonly Uint8Array[]): Uint8Array[][] {
  return chunk(blobs, {
    maxCount: blobs.length,
    maxBytes: BLOB_CHUNK_MAX_BYTES,
    bytesOf: (blob) => blob.length,
  });
}

/** The DER of anchors that `body` has and `baseBody` has not; none for a charter. */
export async function readNewBlobs(
  store: Store,
  stream: StreamName,
  baseBody: Uint8Array | undefined,
  body: Uint8Array,
): Promise<readonly Uint8Array[]> {
  if (splitStream(stream).kind !== 'release') return [];
  const known = new Set(baseBody === undefined ? [] : anchorIds(baseBody));
  const ids = anchorIds(body).filter((id) => !known.has(id));
  return await readBlobs(store, ids);
}

/** The DER of these anchors, in the order of the ids. Errors: `STORE` when one is missing. */
export async function readBlobs(
  store: Store,
  ids: readonly AnchorId[],
): Promise<readonly Uint8Array[]> {
  if (ids.length === 0) return [];
  const held = await store.blobs(ids);
  return ids.map((id) => {
    const der = held.get(id);
    if (der !== undefined) return der;
    throw new KedgeError('STORE', `anchor ${id} is missing in the store: restore it or delete it`, {
      detail: { anchor: id, reason: 'damaged' },
    });
  });
}

/** The ids of a release's anchors, sorted. */
export function anchorIds(body: Uint8Array): readonly AnchorId[] {
  return parseReleaseBody(body).anchors.map((anchor) => anchor.id);
}

async function readBase(
  store: Store,
  stream: StreamName,
  at: number,
): Promise<BaseBody | undefined> {
  const sequence = parseSequence(at);
  const document = await store.document(stream, sequence);
  if (document === undefined) return undefined;
  return { sequence, bodyDigest: sha256(document.body), bodyBytes: document.body };
}
