/**
 * Looks up what the replication machine cannot remember: the statement that is held at the place of
 * one that comes at or below the head, what is left of streams about which a charter decides or
 * whose charters fall, and the releases that a rollout names.
 *
 * @module
 */
import { verifyNextCharter } from '../../core/charter/chain.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Recall } from '../../core/gossip/events.ts';
import { heldIn, rowIn } from '../../core/gossip/rows.ts';
import {
  CHARTER_STREAM,
  parseSequence,
  releaseStream,
  type Sequence,
  type StreamName,
} from '../../core/ids.ts';
import { parseRolloutBody, type RolloutBody } from '../../core/rollouts/body.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { toAccepted } from '../../core/trusted/accept-charter.ts';
import { isGoodHistory } from '../../core/trusted/authority.ts';
import { type Decision, decisionsOn } from '../../core/trusted/decisions.ts';
import type { Holding } from '../../core/trusted/holding.ts';
import { namedHeld } from '../../core/trusted/judge-rollout.ts';
import { type Touched, touchedBy } from '../../core/trusted/settle.ts';
import { currentCharter, type StreamState, type TrustedState } from '../../core/trusted/state.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Store, StoredDocument } from '../../ports/store.ts';
import { CharterRow } from './charter-row.ts';
import type { Judged } from './judged.ts';

/** Statements read at once. */
const PAGE = 200;

/** What recalls are read from. */
export interface RecallOptions {
  readonly store: Store;
  readonly logger: Logger;
  /** Resolves when the writes that are under way are over. */
  readonly written: () => Promise<void>;
}

/** Reads recalls from a store. */
export class RecallSource {
  readonly #options: RecallOptions;

  constructor(options: RecallOptions) {
    this.#options = options;
  }

  /**
   * What only the store knows about what is judged; absent when the machine needs nothing, so that
   * the common case stays synchronous. A store that fails is logged and recalls nothing.
   * `charterRow`: the charters that came before it in the same answer.
   */
  find(
    { statement: signed, body }: Judged,
    state: TrustedState,
    charterRow: CharterRow = new CharterRow(),
  ): Promise<Recall> | undefined {
    const statement = placeOf(signed);
    if (statement === undefined) return undefined;
    const { stream, sequence } = statement;
    const row = rowIn(state, stream);
    if (statement.kind === 'charter' && body !== undefined) {
      const charters = charterRow.replacing(state, statement, { statement: signed, body });
      if (charters !== undefined) return this.#readStanding(state, { ...state, charters });
    }
    // A head is in memory: what comes a second time, as most pushes do, costs no read.
    if (row?.sequence === sequence && !row.forked) return undefined;
    if (row !== undefined && sequence <= heldIn(row)) return this.#read(stream, sequence);
    if (body === undefined) return undefined;
    if (statement.kind === 'rollout') return this.#named(state, statement, body);
    const touched = touchedByNext(state, statement, { statement: signed, body });
    return touched && this.#readHoldings(touched);
  }

  /** The releases that a rollout names, also the head: another one may be it by then. */
  #named(state: TrustedState, statement: Statement, body: Uint8Array): Promise<Recall> | undefined {
    const rollout = rolloutOf(statement, body);
    const held = rollout === undefined ? [] : namedHeld(state, rollout);
    if (rollout === undefined || held.length === 0) return undefined;
    const stream = releaseStream(rollout.bundle);
    return this.#guard(async () => {
      const found = await Promise.all(
        held.map((from) => this.#options.store.statements(stream, { from, limit: 1 })),
      );
      return { named: found.flat() };
    });
  }

  async #read(stream: StreamName, from: Sequence): Promise<Recall> {
    return await this.#guard(async () => {
      const [held] = await this.#options.store.statements(stream, { from, limit: 1 });
      return held === undefined ? {} : { held };
    });
  }

  /** RV-5: of every stream the longest beginning that is valid under the charters of `next`. */
  async #readStanding(state: TrustedState, next: TrustedState): Promise<Recall> {
    return await this.#guard(async () => {
      const holdings: Holding[] = [];
      for (const of of state.streams.values()) {
        if (of.stream === CHARTER_STREAM) continue;
        const good = await this.#goodUpTo(next, of);
        const newest = headAt(of, good) ?? (await this.#documentAt(of.stream, good));
        holdings.push({ of, ...(newest && { newest }) });
      }
      return { holdings };
    });
  }

  async #documentAt(stream: StreamName, at: number): Promise<SignedDocument | undefined> {
    return at === 0 ? undefined : await this.#options.store.document(stream, parseSequence(at));
  }

  async #goodUpTo(next: TrustedState, of: StreamState): Promise<number> {
    const held = heldUpTo(of);
    let good = 0;
    while (good < held) {
      const range = { from: parseSequence(good + 1), limit: PAGE };
      const page = await this.#options.store.statements(of.stream, range);
      const bad = page.findIndex((signed) => !isGoodHistory(next, signed));
      good += bad < 0 ? page.length : bad;
      if (bad >= 0 || page.length === 0) break;
    }
    return Math.min(good, held);
  }

  async #readHoldings({ next, touched }: TouchedNext): Promise<Recall> {
    return await this.#guard(async () => {
      const holdings: Holding[] = [];
      for (const [stream, { of, at }] of touched) {
        const decisions = decisionsOn(next.charters, stream).filter(
          ({ sequence }) => sequence >= at.sequence,
        );
        const newest =
          (await this.#walk(decisions))?.document ?? (await this.#beneath(of, at.sequence));
        const end = of.kind === 'forked' ? of.evidence.sequence : 0;
        const before = await this.#walk(decisions, end);
        holdings.push({
          of,
          ...(newest && { newest }),
          ...(before?.sequence === end - 1 && { beforeFork: before.digest }),
        });
      }
      return { holdings };
    });
  }

  /** The newest held document on the side that stands, from the first decision on. */
  async #walk(decisions: readonly Decision[], end = Infinity): Promise<StoredDocument | undefined> {
    let newest: StoredDocument | undefined;
    for (const [index, { stream, sequence, digest }] of decisions.entries()) {
      if (sequence >= end) break;
      const before = Math.min(end, decisions[index + 1]?.sequence ?? Infinity);
      const start = { stream, sequence, digest };
      const first = await this.#options.store.branch({ ...start, before: sequence + 1 });
      if (first === undefined) break;
      const { previous } = parseStatement(first.document.statement.payload);
      if (newest !== undefined && previous !== newest.digest) break;
      newest = await this.#options.store.branch({ ...start, before });
    }
    return newest;
  }

  /** What is held below the decided place. */
  async #beneath(of: StreamState, decided: number): Promise<SignedDocument | undefined> {
    const at = Math.min(heldUpTo(of), decided - 1);
    if (at < 1) return undefined;
    return await this.#options.store.document(of.stream, parseSequence(at));
  }

  async #guard(read: () => Promise<Recall>): Promise<Recall> {
    const { logger, written } = this.#options;
    try {
      // What the machine has verified may still be on its way to the disk.
      await written();
      return await read();
    } catch (thrown) {
      const err = KedgeError.from(thrown);
      logger.error({ event: 'store.failed', code: err.code, err }, err.message);
      return {};
    }
  }
}

/** The state with one charter more, and the streams about which that decides. */
export interface TouchedNext {
  readonly next: TrustedState;
  readonly touched: Touched;
}

/** What a charter decides about streams that are held; its quorums are verified before its body. */
export function touchedByNext(
  state: TrustedState,
  statement: Statement,
  document: SignedDocument,
): TouchedNext | undefined {
  const current = currentCharter(state);
  if (statement.kind !== 'charter' || current === undefined) return undefined;
  try {
    const charter = toAccepted(verifyNextCharter(current, document));
    const next = { ...state, charters: [...state.charters, charter] };
    const touched = touchedBy(next);
    return touched.size === 0 ? undefined : { next, touched };
  } catch (thrown) {
    if (thrown instanceof KedgeError) return undefined;
    throw thrown;
  }
}

/** What a rollout says; nothing when it does not parse, or is not what was signed. */
export function rolloutOf(
  { bodyDigest, bundle }: Statement,
  body: Uint8Array,
): RolloutBody | undefined {
  if (sha256(body) !== bodyDigest) return undefined;
  try {
    const rollout = parseRolloutBody(body);
    return rollout.bundle === bundle ? rollout : undefined;
  } catch (thrown) {
    if (thrown instanceof KedgeError) return undefined;
    throw thrown;
  }
}

/** What memory has of a stream: most keep their heads, and all bodies would be too much. */
function headAt({ head }: StreamState, at: number): SignedDocument | undefined {
  return head?.sequence === at ? { statement: head.statement, body: head.bodyBytes } : undefined;
}

/** The last sequence of a stream that is held, together with all before it. */
function heldUpTo(of: StreamState): number {
  return of.kind === 'forked' ? of.heldSequence : of.head.sequence;
}

/** Where a statement belongs; nothing when it does not parse, which the machine reports. */
function placeOf(signed: SignedStatement): Statement | undefined {
  try {
    return parseStatement(signed.payload);
  } catch (thrown) {
    if (thrown instanceof KedgeError) return undefined;
    throw thrown;
  }
}
