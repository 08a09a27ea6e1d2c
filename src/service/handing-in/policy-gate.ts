/**
 * Holds what admins hand in to the rules of the charter, before replication judges it.
 *
 * Rules are for proposals and for nothing else: what comes from peers is judged by signatures
 * alone, so that all nodes accept the same. What does not follow the head directly is let through,
 * because replication refuses it, or knows it already. Spec rules PO-5 and PO-6.
 *
 * @module
 */
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { type AnchorId, releaseStream } from '../../core/ids.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import {
  currentCharter,
  expectedNext,
  headOf,
  type TrustedState,
} from '../../core/trusted/state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { PolicyPhase, PolicySubmission, SubmissionPolicy } from '../../ports/policy.ts';
import type { Store } from '../../ports/store.ts';
import { reportNotice } from '../replication/notices.ts';

/** What the gate works with. */
export interface PolicyGateOptions {
  /** Absent: everything passes. */
  readonly policy?: SubmissionPolicy;
  readonly store: Pick<Store, 'blobs'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

type Judge = (submission: PolicySubmission) => void;

/** Judging again because the charter changed meanwhile ends after so many times. */
const ROUNDS_MAX = 4;

/** The gate of one node. */
export class PolicyGate {
  readonly #options: PolicyGateOptions;
  readonly #state: () => TrustedState;

  /** `state` gives what the submission will be judged by. */
  constructor(options: PolicyGateOptions, state: () => TrustedState) {
    this.#options = options;
    this.#state = state;
  }

  /**
   * Judges what was handed in; `signing` while signatures are still being gathered. A refusal for
   * the reason that was `told` is not reported again. Errors:
   * `POLICY`; `STORE` when certificates cannot be read; `UNAVAILABLE` when the charter changed in
   * every round, so that no verdict counts.
   */
  async check(
    document: SignedDocument,
    blobs: readonly Uint8Array[],
    phase: PolicyPhase = 'submission',
    told?: string,
  ): Promise<void> {
    const { policy, logger, metrics } = this.#options;
    if (policy === undefined) return;
    try {
      const require: Judge = (submission) => policy.require(submission, phase);
      await this.#judge(require, document, blobs);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.message === told) throw error;
      const { stream } = parseStatement(document.statement.payload);
      reportNotice({ kind: 'refused', from: 'submit', stream, error }, { logger, metrics });
      throw error;
    }
  }

  async #judge(
    require: Judge,
    document: SignedDocument,
    blobs: readonly Uint8Array[],
  ): Promise<void> {
    const { clock } = this.#options;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const judged = this.#state();
      if (!mayBeJudged(judged, document)) return;
      const certificates = await this.#certificates(judged, document, blobs);
      require({ state: judged, document, certificates, nowMs: clock.nowMs() });
      if (currentCharter(judged)?.digest === currentCharter(this.#state())?.digest) return;
    }
    throw new KedgeError('UNAVAILABLE', 'the charter changed each time that this was judged', {
      detail: { hint: 'nothing was refused: hand it in again in a moment' },
    });
  }

  /** Those that came along and those of anchors that change or leave. */
  async #certificates(
    state: TrustedState,
    document: SignedDocument,
    blobs: readonly Uint8Array[],
  ): Promise<ReadonlyMap<AnchorId, Uint8Array>> {
    const found = new Map<AnchorId, Uint8Array>();
    const statement = parseStatement(document.statement.payload);
    if (statement.kind !== 'release') return found;
    for (const der of blobs) found.set(sha256(der), der);
    const { anchors, bundle } = parseReleaseBody(document.body);
    const next = new Map(anchors.map((anchor) => [anchor.id, JSON.stringify(anchor)]));
    const before = headOf(state, releaseStream(bundle))?.body.anchors ?? [];
    const ids = new Set<AnchorId>(next.keys());
    for (const anchor of before) {
      if (next.get(anchor.id) === JSON.stringify(anchor)) ids.delete(anchor.id);
      else ids.add(anchor.id);
    }
    const missing = [...ids].filter((id) => !found.has(id));
    if (missing.length === 0) return found;
    return new Map([...(await this.#options.store.blobs(missing)), ...found]);
  }
}

/** PO-5: it follows directly, and there are rules, or a charter brings some. */
function mayBeJudged(state: TrustedState, document: SignedDocument): boolean {
  try {
    const statement = parseStatement(document.statement.payload);
    const { sequence, previous } = expectedNext(state, statement.stream);
    if (statement.sequence !== sequence || statement.previous !== previous) return false;
    return statement.kind === 'charter' || currentCharter(state)?.charter.policy !== undefined;
  } catch {
    // Not even a statement: replication says so.
    return false;
  }
}
