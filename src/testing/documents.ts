/**
 * What a test realm signs, and how it is asked to.
 *
 * @module
 */
import type { Charter } from '../core/charter/charter.ts';
import type { ReleaseStream, RolloutStream, Sequence, Sha256, StreamName } from '../core/ids.ts';
import type { ReleaseBody } from '../core/releases/body.ts';
import type { RolloutBody } from '../core/rollouts/body.ts';
import type { SignedDocument } from '../core/statements/envelope.ts';

/** A signed document with what a test wants to know of it. */
export interface TestDocument {
  readonly document: SignedDocument;
  readonly stream: StreamName;
  readonly sequence: Sequence;
  readonly digest: Sha256;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** A signed release. */
export interface TestRelease extends TestDocument {
  readonly stream: ReleaseStream;
  readonly body: ReleaseBody;
}

/** A signed rollout. */
export interface TestRollout extends TestDocument {
  readonly stream: RolloutStream;
  readonly body: RolloutBody;
}

/** A signed charter. */
export interface TestCharter extends TestDocument {
  readonly charter: Charter;
}

/** How a document is to be signed; the defaults make a good one. */
export interface TestSigningOptions {
  /** Who signs: ids, or that many of the signers; default as many as the threshold demands. */
  readonly signers?: number | readonly string[];
  /** Default: the realm's `now`. */
  readonly issuedMs?: number;
  /** Default: 30 days after `issuedMs`. */
  readonly expiresMs?: number;
}

/** How a release is to be made. */
export interface TestReleaseOptions extends TestSigningOptions {
  /**
   * Builds on this release instead of the newest, or on nothing. The result is then not remembered
   * as the newest: this makes the other branch of a fork.
   */
  readonly after?: TestRelease | 'nothing';
}

/** How a rollout is to be made. */
export interface TestRolloutOptions extends TestSigningOptions {
  /** As in `TestReleaseOptions`. */
  readonly after?: TestRollout | 'nothing';
}
