/**
 * The one error type of Kedge and its closed list of codes.
 *
 * Every refusal, whoever makes it, carries one of these codes. Callers branch on `code`, never on
 * text. gRPC statuses (`grpc/calls/status.ts`) and exit codes (`cli/exit-codes.ts`) are total
 * maps over this list. Each code has an entry in `docs/errors.md` that says what to do.
 *
 * @module
 */

/** What each code means, in one line; the order is that of `docs/errors.md`. */
export const ERROR_CODES = {
  PARSE: 'the bytes are not what they must be',
  LIMIT: 'a size, count or rate limit was exceeded',
  TYPE: 'the document is of another kind, or belongs to another stream',
  REALM: 'the statement belongs to another realm, or the charter pin does not match',
  KEY: 'a public key is malformed, weak, or used where it must not be',
  ALGORITHM: 'this verifier does not know the signature algorithm',
  THRESHOLD: 'too few distinct signers of the required role signed',
  GAP: 'statements between the last accepted one and this one are missing',
  PREVIOUS: 'the statement does not follow the last accepted one',
  ROLLBACK: 'the statement is older than what is already accepted',
  FORK: 'two valid statements exist for one sequence',
  EXPIRED: 'the time now lies outside the validity of the document',
  DIGEST: 'bytes do not hash to the digest that names them',
  LIFECYCLE: 'an anchor changed state in a way that is not allowed',
  BLAST_RADIUS: 'the release would take away too many trusted anchors at once',
  POLICY: 'the document breaks a rule of the charter',
  PROOF: 'a log proof does not verify',
  QUORUM: 'too few regions cosigned',
  STALE: 'nothing recent enough proves that this is the newest',
  CONFLICT: 'another statement has taken this sequence',
  ACCESS: 'the caller may not do this',
  UNAVAILABLE: 'a needed part does not answer or is shutting down',
  STORE: 'the local store or a local file cannot be used',
  CONFIG: 'the configuration or the command line is wrong',
  BUG: 'an internal invariant was broken',
} as const;

/** A code of the closed list. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Facts beside the message; plain values only, never key material, PEM bodies or tokens. */
export type ErrorDetail = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** The options of {@link KedgeError}. */
export interface KedgeErrorOptions {
  readonly detail?: ErrorDetail;
  readonly cause?: unknown;
}

/**
 * A refusal or failure with a closed code. The message says what was wrong with which thing and,
 * where somebody can act, what to do.
 */
export class KedgeError extends Error {
  override readonly name = 'KedgeError';
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, options: KedgeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? {};
  }

  /** For `JSON.stringify`, which leaves the message of an error away. */
  toJSON(): Pick<KedgeError, 'name' | 'code' | 'message' | 'detail'> {
    const { name, code, message, detail } = this;
    return { name, code, message, detail };
  }

  /** Wraps anything thrown: a `KedgeError` stays itself, the rest becomes `BUG`. */
  static from(thrown: unknown): KedgeError {
    if (thrown instanceof KedgeError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new KedgeError('BUG', message, { cause: thrown });
  }
}

/** Says whether a string from outside is a known error code. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}
