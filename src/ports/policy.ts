/**
 * Whoever judges by the rules of the charter what an admin hands in; see spec rules PO-1 to PO-9.
 *
 * A port, so that replication needs no expression language.
 *
 * @module
 */
import type { AnchorId } from '../core/ids.ts';
import type { SignedDocument } from '../core/statements/envelope.ts';
import type { TrustedState } from '../core/trusted/state.ts';

/** What is handed in, and what is known around it. */
export interface PolicySubmission {
  /** Verified; the document follows its head or its charter directly. */
  readonly state: TrustedState;
  readonly document: SignedDocument;
  /** Certificates of the anchors that the document changes, as far as they are known. */
  readonly certificates: ReadonlyMap<AnchorId, Uint8Array>;
  readonly nowMs: number;
}

/**
 * `signing`: signatures are still to come, so that a rule that wants more of them does not refuse
 * yet. `submission`: what is there has to do.
 */
export type PolicyPhase = 'signing' | 'submission';

/** Judges submissions. */
export interface SubmissionPolicy {
  /** Errors: `POLICY`, with the rule and what it is about; also when a rule cannot be evaluated. */
  require(submission: PolicySubmission, phase: PolicyPhase): void;
}
