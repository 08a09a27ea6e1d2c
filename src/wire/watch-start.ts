/**
 * How a client begins to watch: who it is, what it has, what it wants; as messages ⇄ the values of
 * `core/watch/messages.ts`. Errors: `PARSE`, `LIMIT`.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { parseBundleName, parseNodeId, parseRealmName } from '../core/ids.ts';
import { LABEL_MAX_CHARS, LABELS_MAX, WATCH_BUNDLES_MAX } from '../core/limits.ts';
import { LABEL_KEY } from '../core/watch/labels.ts';
import type { BundleCursor, WatchStart } from '../core/watch/messages.ts';
import {
  decodeOptionalSequence,
  decodeRandomId,
  decodeSha256,
  decodeText,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireMessage,
} from './fields.ts';
import type { BundleCursorInput, BundleCursorOutput } from './gen/kedge/v1/BundleCursor.ts';
import type { WatchStartInput, WatchStartOutput } from './gen/kedge/v1/WatchStart.ts';

/** Reads a start. */
export function decodeStart(start: WatchStartOutput): WatchStart {
  const bundles = requireCount(start.bundles, WATCH_BUNDLES_MAX, 'watched bundles');
  const { instance, previousNode, reportsUsage } = start;
  const streams = decodeUint(start.streams, 'opened streams');
  return {
    realm: parseRealmName(start.realm),
    firstCharterDigest: decodeSha256(start.firstCharterDigest, 'first charter digest'),
    charterVersion: decodeUint(start.charterVersion, 'charter version'),
    ...(start.charterDigest.length > 0 && {
      charterDigest: decodeSha256(start.charterDigest, 'charter digest'),
    }),
    bundles: bundles.map(decodeCursor),
    labels: decodeLabels(start.labels),
    wantsAttestations: start.wantsAttestations,
    ...(start.wantsWaiting && { wantsWaiting: true }),
    ...(instance.length > 0 && { instance: decodeRandomId(instance, 'instance') }),
    ...(streams > 0 && { streams }),
    ...(previousNode !== '' && { previousNode: parseNodeId(previousNode) }),
    ...(reportsUsage && { reportsUsage }),
  };
}

/** Reads the labels of a client. */
export function decodeLabels(
  labels: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const entries = requireCount(Object.entries(labels), LABELS_MAX, 'labels');
  return new Map(
    entries.map(([key, value]) => {
      decodeText(key, LABEL_MAX_CHARS, 'a label key');
      if (!LABEL_KEY.test(key)) throw new KedgeError('PARSE', 'a label key has other characters');
      return [key, decodeText(value, LABEL_MAX_CHARS, `label ${key}`)];
    }),
  );
}

/** Reads what a client has of a bundle. */
export function decodeCursor(message: BundleCursorOutput | null | undefined): BundleCursor {
  const cursor = requireMessage(message, 'bundle cursor');
  const bundle = parseBundleName(cursor.bundle);
  const sequence = decodeOptionalSequence(cursor.sequence, 'cursor sequence');
  if (sequence !== undefined) {
    return { bundle, held: { sequence, digest: decodeSha256(cursor.digest, 'cursor digest') } };
  }
  if (cursor.digest.length > 0) throw new KedgeError('PARSE', 'cursor has a digest, no sequence');
  return { bundle, held: undefined };
}

/** The message of a start. */
export function startMessage(start: WatchStart): WatchStartInput {
  return {
    realm: start.realm,
    firstCharterDigest: encodeHexBytes(start.firstCharterDigest),
    charterVersion: String(start.charterVersion),
    ...(start.charterDigest !== undefined && {
      charterDigest: encodeHexBytes(start.charterDigest),
    }),
    bundles: start.bundles.map(({ bundle, held }) => cursorMessage(bundle, held)),
    labels: Object.fromEntries(start.labels),
    wantsAttestations: start.wantsAttestations,
    wantsWaiting: start.wantsWaiting ?? false,
    ...(start.instance !== undefined && { instance: encodeHexBytes(start.instance) }),
    streams: String(start.streams ?? 0),
    previousNode: start.previousNode ?? '',
    reportsUsage: start.reportsUsage ?? false,
  };
}

/** The message of what a client has of a bundle. */
export function cursorMessage(
  bundle: string,
  held: { readonly sequence: number; readonly digest: string } | undefined,
): BundleCursorInput {
  if (held === undefined) return { bundle };
  return { bundle, sequence: String(held.sequence), digest: encodeHexBytes(held.digest) };
}
