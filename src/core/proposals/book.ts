/**
 * The proposals that one node keeps: what may come in, what joins what, and what goes when.
 *
 * Signatures of one statement are joined per key, so that neither the order in which they come nor
 * how often matters. Withdrawn proposals stay as a short record until they would have ended, or
 * they would come back from a node that has not heard. Nothing here is trusted. Spec section 12.
 *
 * @module
 */
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { Sha256, StreamName } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { parseStatement, type Statement } from '../statements/statement.ts';
import {
  type AcceptedCharter,
  currentCharter,
  type ExpectedStatement,
  expectedNext,
  type TrustedState,
} from '../trusted/state.ts';
import { type Electorates, electoratesOf, isNamed, joinSupport, supportOf } from './electorate.ts';
import {
  type Entry,
  entryOf,
  type OpenProposal,
  shortHash,
  versionOf,
  type WithdrawnProposal,
  withdrawnEntry,
  withSupport,
} from './entry.ts';
import { judgeProposal, proposalEndsAtMs } from './judge.ts';
import type {
  EndedProposal,
  KeptProposal,
  Proposal,
  ProposalEnd,
  ProposalVersion,
  Withdrawal,
} from './model.ts';
import { requireRoom } from './room.ts';
import { verifyWithdrawal } from './withdrawal.ts';

/** What became of something that came; `unknown`: there is no such proposal here. */
export type BookOutcome = 'new' | 'more' | 'held' | 'unknown';

/** What the passing of time or another state did. */
export interface BookChanges {
  readonly ended: readonly EndedProposal[];
  /** What of all these is over by the clock alone. */
  readonly expired: readonly KeptProposal[];
  /** Withdrawn ones that need not be kept out any more. */
  readonly forgotten: readonly Sha256[];
  /** Proposals whose signatures are others, as the charter is another one. */
  readonly changed: readonly Sha256[];
}

/** Proposals by the digest of their statement. */
export class ProposalBook {
  readonly #entries: Map<Sha256, Entry> = new Map();
  #ruling: AcceptedCharter | undefined;
  #root: string | undefined;

  /** How many there are, withdrawn ones included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Those that gather signatures. */
  get open(): readonly OpenProposal[] {
    return [...this.#entries.values()].flatMap((entry) => (entry.kind === 'open' ? [entry] : []));
  }

  find(digest: Sha256): Entry | undefined {
    return this.#entries.get(digest);
  }

  /** What is to be kept on disk under a digest; absent: nothing. */
  kept(digest: Sha256): KeptProposal | undefined {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    return entry.kind === 'open'
      ? { kind: 'open', proposal: entry.proposal }
      : { kind: 'withdrawn', withdrawal: entry.withdrawal };
  }

  /** Says whether a statement with these signatures tells nothing new, as far as hints show. */
  knows({ payload, signatures }: SignedStatement): boolean {
    const entry = this.#entries.get(sha256(payload));
    if (entry === undefined) return false;
    return entry.kind === 'withdrawn' || freshOf(entry, signatures).length === 0;
  }

  /**
   * Takes a proposal in, or its signatures when it is known. Errors: those of `judgeProposal` and
   * {@link sign}; `CONFLICT` (it was withdrawn); `LIMIT` (no room). The book is then unchanged.
   */
  take(state: TrustedState, proposal: Proposal, nowMs: number): BookOutcome {
    const { statement: signed } = proposal.document;
    const known = this.#entries.get(sha256(signed.payload));
    if (known?.kind === 'withdrawn') throw withdrawn(known);
    if (known !== undefined) return this.sign(state, signed);
    const entry = entryOf(judgeProposal(state, proposal, nowMs));
    requireRoom(this.#entries.values(), entry);
    this.#set(entry);
    return 'new';
  }

  /**
   * Joins more signatures to a proposal. Those of nobody who may sign are left out. Errors:
   * `THRESHOLD` (one that names a key which counts is not by it).
   */
  sign(state: TrustedState, { payload, signatures }: SignedStatement): BookOutcome {
    const entry = this.#entries.get(sha256(payload));
    const ruling = currentCharter(state);
    if (entry === undefined || ruling === undefined) return 'unknown';
    if (entry.kind === 'withdrawn') return 'held';
    const { statement: held } = entry.proposal.document;
    const fresh = freshOf(entry, signatures);
    if (fresh.length === 0) return 'held';
    const electorates = electoratesOf(ruling.charter, entry.statement, entry.next);
    const added = supportOf(electorates, { payload, signatures: fresh });
    requireHonest(electorates, fresh, added.signatures.length);
    const before = { signers: entry.signers, signatures: held.signatures };
    const joined = joinSupport(before, added);
    if (joined.signatures.length === held.signatures.length) return 'held';
    this.#set(withSupport(entry, joined));
    return 'more';
  }

  /**
   * Takes a withdrawal in, whether its proposal is known or not. Errors: those of
   * `verifyWithdrawal` and `judgeProposal` about place and time; `LIMIT` (no room).
   */
  withdraw(state: TrustedState, withdrawal: Withdrawal, nowMs: number): BookOutcome {
    const statement = parseStatement(withdrawal.statement.payload);
    const known = this.#entries.get(statement.digest);
    if (known?.kind === 'withdrawn') return 'held';
    const ruling = currentCharter(state);
    if (ruling === undefined || endOf(statement, state, nowMs) !== undefined) return 'unknown';
    if (statement.realm !== state.realm) {
      throw new KedgeError('REALM', `the withdrawal belongs to realm ${statement.realm}`);
    }
    const electorates = electoratesOf(ruling.charter, statement);
    const entry = withdrawnEntry(statement, verifyWithdrawal(electorates, withdrawal));
    if (known === undefined) requireRoom(this.#entries.values(), entry);
    this.#set(entry);
    return 'new';
  }

  /** Lets go what has ended, and counts signatures again when the charter is another one. */
  review(state: TrustedState, nowMs: number): BookChanges {
    const ruling = currentCharter(state);
    const isOther = ruling !== this.#ruling;
    this.#ruling = ruling;
    const ended: EndedProposal[] = [];
    const expired: KeptProposal[] = [];
    const forgotten: Sha256[] = [];
    const changed: Sha256[] = [];
    for (const entry of this.#entries.values()) {
      const { digest, stream, sequence } = entry.statement;
      let end = endOf(entry.statement, state, nowMs);
      if (end === undefined && isOther && ruling !== undefined && entry.kind === 'open') {
        end = this.#recount(entry, ruling, changed);
      }
      if (end === undefined) continue;
      const kept = this.kept(digest);
      if (end === 'expired' && kept !== undefined) expired.push(kept);
      this.#delete(digest);
      if (entry.kind === 'open') {
        ended.push({ stream, sequence, digest, end, signers: entry.signers });
      } else forgotten.push(digest);
    }
    return { ended, expired, forgotten, changed };
  }

  /** 16 hex digits; equal for equal books, whatever their order. */
  get root(): string {
    this.#root ??= shortHash(
      this.vector()
        .map(({ digest, signatures }) => `${digest} ${signatures}`)
        .toSorted(),
    );
    return this.#root;
  }

  /** What is kept, and signed by which keys. */
  vector(): readonly ProposalVersion[] {
    return [...this.#entries].map(([digest, entry]) => ({ digest, signatures: versionOf(entry) }));
  }

  #recount(entry: OpenProposal, ruling: AcceptedCharter, changed: Sha256[]): 'void' | undefined {
    const { statement: signed } = entry.proposal.document;
    const electorates = electoratesOf(ruling.charter, entry.statement, entry.next);
    const support = supportOf(electorates, signed);
    if (support.signers.length === 0) return 'void';
    changed.push(entry.statement.digest);
    this.#set(withSupport(entry, support));
    return undefined;
  }

  #set(entry: Entry): void {
    this.#entries.set(entry.statement.digest, entry);
    this.#root = undefined;
  }

  #delete(digest: Sha256): void {
    this.#entries.delete(digest);
    this.#root = undefined;
  }
}

/** Why a proposal is over, as state and time alone show. Rule PP-5. */
function endOf(statement: Statement, state: TrustedState, nowMs: number): ProposalEnd | undefined {
  const isOver = proposalEndsAtMs(statement) <= nowMs;
  return placeEnd(statement, state) ?? (isOver ? 'expired' : undefined);
}

/** The same as the state alone shows. */
export function placeEnd(statement: Statement, state: TrustedState): 'taken' | undefined {
  const next = nextPlace(state, statement.stream);
  const isNext = next?.sequence === statement.sequence && next.previous === statement.previous;
  return isNext ? undefined : 'taken';
}

/** Absent on a stream that has stopped. */
function nextPlace(state: TrustedState, stream: StreamName): ExpectedStatement | undefined {
  try {
    return expectedNext(state, stream);
  } catch {
    return undefined;
  }
}

/** Signatures that are not by a key whose signature is there, as their hints say. */
function freshOf(
  { proposal }: OpenProposal,
  signatures: SignedStatement['signatures'],
): SignedStatement['signatures'] {
  const keys = new Set(proposal.document.statement.signatures.map(({ keyId }) => keyId));
  return signatures.filter(({ keyId }) => !keys.has(keyId));
}

/** An honest node passes on what it verified: a signature that names a key is by that key. */
function requireHonest(
  electorates: Electorates,
  signatures: SignedStatement['signatures'],
  valid: number,
): void {
  if (signatures.filter((one) => isNamed(electorates, one)).length <= valid) return;
  throw new KedgeError('THRESHOLD', 'a signature is not by the key that it names');
}

function withdrawn({ statement, by }: WithdrawnProposal): KedgeError {
  const { stream, sequence, digest } = statement;
  return new KedgeError(
    'CONFLICT',
    `${by} has withdrawn this proposal for sequence ${sequence} of ${stream}: draft another one`,
    { detail: { stream, sequence, digest, by } },
  );
}
