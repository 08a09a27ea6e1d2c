/**
 * What a node knows when it starts: its store, opened and verified again from the pin down.
 *
 * Nothing is served that was not checked in this process. A store of another realm is refused
 * instead of being mixed with this one. A new store begins with the first charter, when the
 * configuration has it; else it begins empty and a peer sends the charter.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { StoreOrigin } from '../core/gossip/restored/serving.ts';
import { CHARTER_STREAM, formatTimestamp } from '../core/ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../core/limits.ts';
import { acceptDocument } from '../core/trusted/accept.ts';
import { restoreTrustedState } from '../core/trusted/restore.ts';
import { currentCharter, emptyTrustedState, type TrustedState } from '../core/trusted/state.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import type { NodeConfig } from './config.ts';
import { type FirstCharter, loadFirstCharter } from './first-charter.ts';
import type { FoundOrigin } from './store-origin.ts';

/** What {@link loadState} works with. */
export interface BootOptions {
  readonly config: NodeConfig;
  readonly store: Store;
  readonly nowMs: number;
}

/**
 * Loads the store and verifies it. Errors: `CONFIG` (the first charter, a store of another realm),
 * `STORE` (it does not verify).
 */
export async function loadState({ config, store, nowMs }: BootOptions): Promise<TrustedState> {
  const first = await loadFirstCharter(config);
  const stored = await store.load();
  if (stored.charters.length === 0) return await found(config, store, first, nowMs);
  try {
    return restoreTrustedState({ realm: config.realm, firstCharterDigest: first.digest }, stored);
  } catch (cause) {
    const error = KedgeError.from(cause);
    if (error.code !== 'REALM') throw error;
    throw new KedgeError(
      'CONFIG',
      `the store in ${config.store.path} belongs to another realm or first charter: set realm ` +
        'and firstCharterDigest to what it was made with, or give this node a new store.path',
      { cause, detail: { key: 'store.path', path: config.store.path } },
    );
  }
}

/** Puts the first charter into an empty store. */
async function found(
  config: NodeConfig,
  store: Store,
  first: FirstCharter,
  nowMs: number,
): Promise<TrustedState> {
  const empty = emptyTrustedState(config.realm, first.digest);
  if (first.document === undefined) return empty;
  const { statement, body } = first.document;
  const accepted = acceptFirst(empty, { chain: [statement], body, mode: 'linked' }, nowMs);
  const { document, statement: read } = accepted;
  const { sequence, digest } = read;
  const stream = CHARTER_STREAM;
  await store.append({ documents: [{ stream, sequence, digest, document }], blobs: [] });
  return accepted.state;
}

type Accepted = Extract<ReturnType<typeof acceptDocument>, { readonly outcome: 'accepted' }>;

function acceptFirst(
  empty: TrustedState,
  offer: Parameters<typeof acceptDocument>[1],
  nowMs: number,
): Accepted {
  try {
    const result = acceptDocument(empty, offer, nowMs);
    if (result.outcome === 'accepted') return result;
  } catch (cause) {
    const { code, message } = KedgeError.from(cause);
    throw new KedgeError('CONFIG', `firstCharterFile is refused (${code}): ${message}`, {
      cause,
      detail: { key: 'firstCharterFile', code },
    });
  }
  throw new KedgeError('BUG', 'the first charter was neither accepted nor refused');
}

/**
 * Warns when the clock of this machine contradicts what the realm signed, and when the charter has
 * ended: both look to an operator as if signers or peers were at fault.
 */
export function warnAboutTime(state: TrustedState, nowMs: number, logger: Logger): void {
  const charter = currentCharter(state);
  const heads = [...state.streams.values()].flatMap(({ stream, head }) =>
    head === undefined ? [] : [{ stream, issuedMs: head.issuedMs }],
  );
  const all = charter === undefined ? heads : [{ stream: CHARTER_STREAM, ...charter }, ...heads];
  const future = all.find(({ issuedMs }) => issuedMs > nowMs + CLOCK_SKEW_MAX_MS);
  if (future !== undefined) {
    const issued = formatTimestamp(future.issuedMs);
    const now = formatTimestamp(nowMs);
    logger.warn(
      { event: 'clock.suspect', stream: future.stream, issued, now },
      'a statement that this node holds was issued in the future: check the clock of this machine',
    );
  }
  if (charter !== undefined && charter.expiresMs <= nowMs) {
    const expired = formatTimestamp(charter.expiresMs);
    logger.warn(
      { event: 'clock.suspect', stream: CHARTER_STREAM, expired, now: formatTimestamp(nowMs) },
      'the charter has expired, nothing new is accepted: sign the next one, or check the clock',
    );
  }
}

/** Says when the store may be behind what this node showed before, and what follows from that. */
export function warnAboutOrigin(origin: StoreOrigin, config: NodeConfig, logger: Logger): void {
  const { path, serveAnyway } = config.store;
  const fields = { event: 'store.suspect', path, origin } as const;
  if (serveAnyway) {
    logger.error(
      fields,
      'serveAnyway is on: clients are served although the store may be older than what they ' +
        'have; take it out again',
    );
  } else if (origin === 'lost' || origin === 'restored') {
    logger.warn(
      fields,
      'the store is not the one of the last run: nobody is served before it was compared with ' +
        'other nodes',
    );
  }
}

/** Notes that the store is served from now on, also after the next start. */
export async function settleOrigin(found: FoundOrigin, logger: Logger): Promise<void> {
  try {
    await found.settle();
  } catch (thrown) {
    // The next start compares once more.
    const { code, message: reason } = KedgeError.from(thrown);
    logger.warn({ event: 'store.failed', code, reason }, 'not noted that the store serves');
  }
}
