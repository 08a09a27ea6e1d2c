/**
 * `trust.Watch`: bytes ⇄ the values of `core/watch/messages.ts`.
 *
 * Decoding checks every field, bounds every list and copies every byte string, so that what comes
 * out may be kept. Errors: `PARSE`, `LIMIT`.
 *
 * @module
 */
import { isErrorCode, KedgeError } from '../core/errors.ts';
import { parseBundleName } from '../core/ids.ts';
import {
  CHARTER_STEP_MAX,
  DELTA_CHAIN_MAX,
  MESSAGE_MAX_BYTES,
  TEXT_MAX_CHARS,
  WATCH_REQUEST_MAX_BYTES,
} from '../core/limits.ts';
import type {
  AdoptionStage,
  BundleUpdate,
  HeldRelease,
  WatchRequest,
  WatchResponse,
} from '../core/watch/messages.ts';
import {
  decodeAttestedRows,
  decodeCosignedLeaf,
  decodeSplit,
  encodeAttestedRows,
  encodeCosignedLeaf,
  encodeSplit,
} from './attestations.ts';
import { decodeText, requireCount, requireMessage, requireSize } from './fields.ts';
import type { AdoptionStageOutput } from './gen/kedge/v1/AdoptionStage.ts';
import type { BundleCursorOutput } from './gen/kedge/v1/BundleCursor.ts';
import type { BundleUpdateInput, BundleUpdateOutput } from './gen/kedge/v1/BundleUpdate.ts';
import type { RefusalOutput } from './gen/kedge/v1/Refusal.ts';
import type { WatchRequestInput } from './gen/kedge/v1/WatchRequest.ts';
import type { WatchResponseInput } from './gen/kedge/v1/WatchResponse.ts';
import { messageCodec } from './protos.ts';
import {
  decodeBlobs,
  decodeContent,
  decodeDocument,
  decodeEvidence,
  decodeStatement,
  encodeBlobs,
  encodeDelta,
  encodeDocument,
  encodeEvidence,
  encodeStatement,
} from './statements.ts';
import { decodeUsage, usageMessage } from './usage.ts';
import { cursorMessage, decodeCursor, decodeStart, startMessage } from './watch-start.ts';

const requestCodec = messageCodec('trust', 'WatchRequest');
const responseCodec = messageCodec('trust', 'WatchResponse');
const NEWER_CODE = /^[A-Z][A-Z_]{0,39}$/;
const STAGES = {
  delivered: 'ADOPTION_STAGE_DELIVERED',
  loaded: 'ADOPTION_STAGE_LOADED',
} as const satisfies Record<AdoptionStage, AdoptionStageOutput>;

/** Reads a client's message; `unknown` is one that only newer clients send. */
export function decodeWatchRequest(bytes: Uint8Array): WatchRequest | 'unknown' {
  requireSize(bytes, WATCH_REQUEST_MAX_BYTES, 'watch request');
  const message = requestCodec.deserialize(bytes);
  switch (message.message) {
    case 'start':
      return { kind: 'start', start: decodeStart(requireMessage(message.start, 'watch start')) };
    case 'acknowledgement': {
      const { at, stage } = requireMessage(message.acknowledgement, 'acknowledgement');
      return { kind: 'acknowledgement', at: decodeHeld(at), stage: decodeStage(stage) };
    }
    case 'refusal':
      return decodeRefusal(requireMessage(message.refusal, 'refusal'));
    case 'usage':
      return { kind: 'usage', usage: decodeUsage(requireMessage(message.usage, 'usage')) };
    case 'fork':
      return { kind: 'fork', evidence: decodeEvidence(message.fork) };
    case undefined:
      break;
  }
  return 'unknown';
}

/** Writes a client's message. */
export function encodeWatchRequest(request: WatchRequest): Buffer {
  return requestCodec.serialize(requestMessage(request));
}

/** Reads a node's message. */
export function decodeWatchResponse(bytes: Uint8Array): WatchResponse {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'watch response');
  const message = responseCodec.deserialize(bytes);
  switch (message.message) {
    case 'charters': {
      const { charters } = requireMessage(message.charters, 'charters');
      const bounded = requireCount(charters, CHARTER_STEP_MAX, 'charters');
      return { kind: 'charters', charters: bounded.map((one) => decodeDocument(one, 'charter')) };
    }
    case 'blobs':
      return { kind: 'blobs', blobs: decodeBlobs(requireMessage(message.blobs, 'blobs').blobs) };
    case 'update':
      return { kind: 'update', update: decodeUpdate(requireMessage(message.update, 'update')) };
    case 'current':
      return { kind: 'current', at: decodeCursor(message.current) };
    case 'fork':
      return { kind: 'fork', evidence: decodeEvidence(message.fork) };
    case 'keepAlive':
      return { kind: 'keep-alive' };
    case 'cosigned':
      return { kind: 'cosigned', leaf: decodeCosignedLeaf(message.cosigned) };
    case 'heartbeat':
      return { kind: 'heartbeat', said: decodeAttestedRows(message.heartbeat) };
    case 'regionSplit':
      return { kind: 'region-split', split: decodeSplit(message.regionSplit) };
    case 'rollout':
      return { kind: 'rollout', document: decodeDocument(message.rollout, 'rollout') };
    case 'waiting':
      return { kind: 'waiting', update: decodeUpdate(requireMessage(message.waiting, 'waiting')) };
    case undefined:
      break;
  }
  // What only newer nodes say: no more than that this one is alive.
  return { kind: 'keep-alive' };
}

/** Writes a node's message. */
export function encodeWatchResponse(response: WatchResponse): Buffer {
  return responseCodec.serialize(responseMessage(response));
}

function decodeHeld(message: BundleCursorOutput | null): HeldRelease {
  const { bundle, held } = decodeCursor(message);
  if (held === undefined) throw new KedgeError('PARSE', `no sequence given for ${bundle}`);
  return { bundle, ...held };
}

function decodeStage(stage: AdoptionStageOutput): AdoptionStage {
  switch (stage) {
    case 'ADOPTION_STAGE_DELIVERED':
      return 'delivered';
    case 'ADOPTION_STAGE_LOADED':
      return 'loaded';
    case 'ADOPTION_STAGE_UNSPECIFIED':
      break;
  }
  // Also a number that a newer version sent: protobuf enums are open.
  throw new KedgeError('PARSE', 'unknown adoption stage', { detail: { stage } });
}

// A newer client may refuse with a code that this node does not know: that must not cost it its
// stream, so the code moves into the text.
function decodeRefusal(refusal: RefusalOutput): WatchRequest {
  const at = decodeHeld(refusal.at);
  const reason = decodeText(refusal.reason, TEXT_MAX_CHARS, 'refusal reason');
  const { code } = refusal;
  if (isErrorCode(code)) return { kind: 'refusal', at, code, reason };
  if (!NEWER_CODE.test(code)) throw new KedgeError('PARSE', 'refusal code is not a code');
  return { kind: 'refusal', at, code: 'BUG', reason: `${code}: ${reason}` };
}

function decodeUpdate(update: BundleUpdateOutput): BundleUpdate {
  const content = decodeContent(update.snapshot, update.delta, 'bundle update');
  const statements = requireCount(update.statements, DELTA_CHAIN_MAX, 'statements of an update');
  if (statements.length === 0) throw new KedgeError('PARSE', 'bundle update has no statement');
  return {
    bundle: parseBundleName(update.bundle),
    statements: statements.map((one) => decodeStatement(one, 'bundle update statement')),
    content,
  };
}

function requestMessage(request: WatchRequest): WatchRequestInput {
  switch (request.kind) {
    case 'start':
      return { start: startMessage(request.start) };
    case 'acknowledgement': {
      const stage = STAGES[request.stage];
      return { acknowledgement: { at: cursorMessage(request.at.bundle, request.at), stage } };
    }
    case 'refusal': {
      const at = cursorMessage(request.at.bundle, request.at);
      const reason = request.reason.slice(0, TEXT_MAX_CHARS);
      return { refusal: { at, code: request.code, reason } };
    }
    case 'usage':
      return { usage: usageMessage(request.usage) };
    case 'fork':
      return { fork: encodeEvidence(request.evidence) };
  }
}

function responseMessage(response: WatchResponse): WatchResponseInput {
  switch (response.kind) {
    case 'charters':
      return { charters: { charters: response.charters.map(encodeDocument) } };
    case 'blobs':
      return { blobs: { blobs: encodeBlobs(response.blobs) } };
    case 'update':
      return { update: updateMessage(response.update) };
    case 'current':
      return { current: cursorMessage(response.at.bundle, response.at.held) };
    case 'fork':
      return { fork: encodeEvidence(response.evidence) };
    case 'keep-alive':
      return { keepAlive: {} };
    case 'cosigned':
      return { cosigned: encodeCosignedLeaf(response.leaf) };
    case 'heartbeat':
      return { heartbeat: encodeAttestedRows(response.said) };
    case 'region-split':
      return { regionSplit: encodeSplit(response.split) };
    case 'rollout':
      return { rollout: encodeDocument(response.document) };
    case 'waiting':
      return { waiting: updateMessage(response.update) };
  }
}

function updateMessage({ bundle, statements, content }: BundleUpdate): BundleUpdateInput {
  const common = { bundle, statements: statements.map(encodeStatement) };
  return content.kind === 'whole'
    ? { ...common, snapshot: content.body }
    : { ...common, delta: encodeDelta(content.delta) };
}
