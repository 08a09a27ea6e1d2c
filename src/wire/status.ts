/**
 * Errors across gRPC: a `KedgeError` becomes a status with trailers, and the other side gets the
 * same error back, with its code and detail.
 *
 * Trailers: `kedge-code` is the code, `kedge-error-bin` a small JSON object with message and
 * detail. An error that knows when to try again (`retryAfterMs` of its detail) also says so as
 * gRPC does, for clients that are not ours (gRFC A6). Errors about the inside of a node (`BUG`,
 * `STORE`, `CONFIG`) go out without message and detail: they may name paths, and the node's log has
 * them. What comes in is untrusted text: it is bounded and freed of control characters, because it
 * ends in terminals and logs.
 *
 * @module
 */
import type { Metadata, ServiceError } from '@grpc/grpc-js';
import { encodeUtf8, parseUtf8 } from '../core/bytes.ts';
import { type ErrorCode, type ErrorDetail, isErrorCode, KedgeError } from '../core/errors.ts';

/** The trailer with the code. */
export const CODE_TRAILER: string = 'kedge-code';
/** The trailer with message and detail. */
export const ERROR_TRAILER: string = 'kedge-error-bin';

/** The trailer that says when to try again, milliseconds. */
const PUSHBACK_TRAILER = 'grpc-retry-pushback-ms';
/** Nobody is sent away for longer. */
const RETRY_AFTER_MAX_MS = 60_000;

/** gRPC status codes by name (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const STATUS = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

const STATUS_BY_CODE = {
  PARSE: STATUS.INVALID_ARGUMENT,
  LIMIT: STATUS.RESOURCE_EXHAUSTED,
  TYPE: STATUS.INVALID_ARGUMENT,
  REALM: STATUS.FAILED_PRECONDITION,
  KEY: STATUS.INVALID_ARGUMENT,
  ALGORITHM: STATUS.INVALID_ARGUMENT,
  THRESHOLD: STATUS.FAILED_PRECONDITION,
  GAP: STATUS.FAILED_PRECONDITION,
  PREVIOUS: STATUS.FAILED_PRECONDITION,
  ROLLBACK: STATUS.FAILED_PRECONDITION,
  FORK: STATUS.FAILED_PRECONDITION,
  EXPIRED: STATUS.FAILED_PRECONDITION,
  DIGEST: STATUS.INVALID_ARGUMENT,
  LIFECYCLE: STATUS.FAILED_PRECONDITION,
  BLAST_RADIUS: STATUS.FAILED_PRECONDITION,
  POLICY: STATUS.FAILED_PRECONDITION,
  PROOF: STATUS.FAILED_PRECONDITION,
  QUORUM: STATUS.FAILED_PRECONDITION,
  STALE: STATUS.FAILED_PRECONDITION,
  CONFLICT: STATUS.ABORTED,
  ACCESS: STATUS.PERMISSION_DENIED,
  UNAVAILABLE: STATUS.UNAVAILABLE,
  STORE: STATUS.INTERNAL,
  CONFIG: STATUS.INTERNAL,
  BUG: STATUS.INTERNAL,
} as const satisfies Record<ErrorCode, number>;

const INSIDE: ReadonlySet<ErrorCode> = new Set(['BUG', 'STORE', 'CONFIG']);
const MESSAGE_MAX_CHARS = 1000;
const TRAILER_MAX_BYTES = 4096;
const DETAIL_KEYS_MAX = 16;
const DETAIL_LIST_MAX = 16;
const DETAIL_MAX_CHARS = 300;
const LATE = /^Deadline exceeded after (\d{1,9}(?:\.\d{1,9})?)s/;
// Control characters, marks that reorder text, and halves of surrogate pairs, which grpc-js cannot
// put into a header.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** An error as gRPC carries it. */
export interface WireStatus {
  readonly code: number;
  readonly details: string;
  readonly trailers: readonly (readonly [key: string, value: string | Buffer])[];
}

/** The status of an error, fit to leave this process. */
export function encodeError(error: KedgeError): WireStatus {
  const { code } = error;
  const isInside = INSIDE.has(code);
  const message = isInside ? `the node failed (${code}): see its log` : printable(error.message);
  const detail = isInside ? {} : boundedDetail(error.detail);
  const retryMs = retryAfterMs(error);
  return {
    code: STATUS_BY_CODE[code],
    details: message,
    trailers: [
      [CODE_TRAILER, code],
      [ERROR_TRAILER, encodeTrailer(message, detail)],
      ...(retryMs === undefined ? [] : [[PUSHBACK_TRAILER, String(retryMs)] as const]),
    ],
  };
}

/** When the other side wants to be tried again, milliseconds from its answer on. */
export function retryAfterMs({ detail, cause }: KedgeError): number | undefined {
  const [pushback] = isServiceError(cause) ? cause.metadata.get(PUSHBACK_TRAILER) : [];
  const said =
    detail['retryAfterMs'] ?? (typeof pushback === 'string' ? Number(pushback) : undefined);
  if (typeof said !== 'number' || !(said >= 0)) return undefined;
  return Math.round(Math.min(said, RETRY_AFTER_MAX_MS));
}

/**
 * The error that a failed call stands for: the one that the node sent, or else what the bare gRPC
 * status means. `cause` keeps the original.
 */
function decodeError(failure: ServiceError): KedgeError {
  const code = sentCode(failure.metadata);
  if (code === undefined) return fromBareStatus(failure);
  const sent = decodeTrailer(failure.metadata);
  return new KedgeError(code, sent?.message ?? bareDetails(failure), {
    detail: sent?.detail ?? {},
    cause: failure,
  });
}

/** Says whether something thrown is a failed gRPC call. */
export function isServiceError(thrown: unknown): thrown is ServiceError {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'number' &&
    'details' in thrown &&
    'metadata' in thrown
  );
}

/** Says whether a failed call was answered by a node, which is alive then and has its reasons. */
export function isFromNode(failure: ServiceError): boolean {
  return sentCode(failure.metadata) !== undefined;
}

/** Any failure of a call as a `KedgeError`. */
export function callError(thrown: unknown): KedgeError {
  return isServiceError(thrown) ? decodeError(thrown) : KedgeError.from(thrown);
}

/** What grpc-js says of a call without an answer, free of what it puts around the reason. */
function bareDetails({ details }: ServiceError): string {
  return (
    lateDetails(details) ??
    printable(details)
      .replace(/^No connection established\. Last error: (?:\w*Error: )?/, '')
      .replace(/ \(\d{4}-[^)]*\)/, '')
      .replace(/\.? Resolution note: ?$/, '')
  );
}

/** When the time of a call is over, grpc-js tells of its own inside. */
function lateDetails(details: string): string | undefined {
  const [, after] = LATE.exec(details) ?? [];
  if (after === undefined) return undefined;
  const lacks = details.includes('remote_addr=') ? 'no answer' : 'no connection';
  return `${lacks} within ${Math.round(Number(after))} s`;
}

function fromBareStatus(failure: ServiceError): KedgeError {
  const text = bareDetails(failure);
  const code = bareCode(failure.code);
  const message =
    code === 'CONFIG' ? `no such method there: not a Kedge node, or an older one (${text})` : text;
  return new KedgeError(code, message, { detail: { status: failure.code }, cause: failure });
}

function bareCode(status: number): ErrorCode {
  switch (status) {
    case STATUS.INVALID_ARGUMENT:
      return 'PARSE';
    case STATUS.RESOURCE_EXHAUSTED:
      return 'LIMIT';
    case STATUS.PERMISSION_DENIED:
    case STATUS.UNAUTHENTICATED:
      return 'ACCESS';
    case STATUS.UNIMPLEMENTED:
      return 'CONFIG';
    default:
      // Cancelled, timed out, reset, refused: the call did not get its answer, another may.
      return 'UNAVAILABLE';
  }
}

function sentCode(metadata: Metadata): ErrorCode | undefined {
  const [code] = metadata.get(CODE_TRAILER);
  return typeof code === 'string' && isErrorCode(code) ? code : undefined;
}

function encodeTrailer(message: string, detail: ErrorDetail): Buffer {
  const full = encodeUtf8(JSON.stringify({ message, detail }));
  if (full.length <= TRAILER_MAX_BYTES) return Buffer.from(full);
  return Buffer.from(encodeUtf8(JSON.stringify({ message: message.slice(0, MESSAGE_MAX_CHARS) })));
}

function decodeTrailer(
  metadata: Metadata,
): { readonly message: string; readonly detail: ErrorDetail } | undefined {
  const [bytes] = metadata.get(ERROR_TRAILER);
  if (bytes === undefined || typeof bytes === 'string' || bytes.length > TRAILER_MAX_BYTES) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(parseUtf8(bytes));
    if (typeof value !== 'object' || value === null || !('message' in value)) return undefined;
    const { message } = value;
    const detail = 'detail' in value ? value.detail : undefined;
    if (typeof message !== 'string') return undefined;
    return { message: printable(message), detail: boundedDetail(detail) };
  } catch {
    // Not a trailer of ours: the code and the status text still say what happened.
    return undefined;
  }
}

function boundedDetail(detail: unknown): ErrorDetail {
  if (typeof detail !== 'object' || detail === null) return {};
  const entries: [string, string | number | boolean | readonly string[]][] = [];
  for (const [key, value] of Object.entries(detail).slice(0, DETAIL_KEYS_MAX)) {
    const bounded = boundedValue(value);
    if (bounded !== undefined) entries.push([short(key), bounded]);
  }
  return Object.fromEntries(entries);
}

function boundedValue(value: unknown): string | number | boolean | readonly string[] | undefined {
  if (typeof value === 'string') return short(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((one): one is string => typeof one === 'string');
  return texts.slice(0, DETAIL_LIST_MAX).map(short);
}

function short(text: string): string {
  return text.slice(0, DETAIL_MAX_CHARS).replace(UNPRINTABLE, ' ');
}

function printable(text: string): string {
  return text.slice(0, MESSAGE_MAX_CHARS).replace(UNPRINTABLE, ' ');
}
