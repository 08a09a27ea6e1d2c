/**
 * What a refusal says about the peer that caused it.
 *
 * Blamed is only what the peer itself must have made: an honest node verifies before it passes on,
 * so it never sends what nobody signed. What depends on what this node holds, on its clock, or on
 * what its charter knows may come from an honest peer that is ahead, behind or older, and is never
 * held against it. Doubtful is what honest peers cause now and then but not all the time.
 *
 * @module
 */
import { type ErrorCode, KedgeError } from '../../errors.ts';
import type { NodeId } from '../../ids.ts';

/** A node, and why something that it sent was refused. */
export interface Refused {
  readonly nodeId: NodeId;
  readonly error: KedgeError;
}

/** Faults that a refusal counts as. */
const WEIGHTS = {
  PARSE: 1,
  TYPE: 1,
  REALM: 1,
  KEY: 1,
  THRESHOLD: 1,
  DIGEST: 1,
  PROOF: 1,
  // Slow or busy peers, races, other charters.
  LIMIT: 0.25,
  ROLLBACK: 0.25,
  LIFECYCLE: 0.25,
  BLAST_RADIUS: 0.25,
  POLICY: 0.25,
  // A newer peer knows more; clocks differ; one of the two is behind; the rest is our own.
  ALGORITHM: 0,
  GAP: 0,
  PREVIOUS: 0,
  FORK: 0,
  EXPIRED: 0,
  QUORUM: 0,
  STALE: 0,
  CONFLICT: 0,
  ACCESS: 0,
  UNAVAILABLE: 0,
  STORE: 0,
  CONFIG: 0,
  BUG: 0,
} as const satisfies Record<ErrorCode, number>;

/** Faults that bytes count as which cannot be read at all; a newer peer may do it now and then. */
const GARBAGE_FAULTS = 4;

/** Faults that an answer counts as which brings nothing, of what its sender said to hold. */
const HOLLOW_FAULTS = 2;

/** The same error, marked as one of bytes from a peer that could not even be read. */
export function asGarbage({ code, message, detail, cause }: KedgeError): KedgeError {
  return new KedgeError(code, message, { detail: { ...detail, garbage: true }, cause });
}

/** Says whether an error is one of bytes that could not be read. */
function isGarbage({ detail }: KedgeError): boolean {
  return detail['garbage'] === true;
}

/** The same error, marked as one of an answer to a fetch that brings nothing of use. */
export function asHollow({ code, message, detail, cause }: KedgeError): KedgeError {
  return new KedgeError(code, message, { detail: { ...detail, hollow: true }, cause });
}

/** The same error, marked as one of an empty answer that an honest peer may give once. */
export function asEmpty({ code, message, detail, cause }: KedgeError): KedgeError {
  return new KedgeError(code, message, { detail: { ...detail, empty: true }, cause });
}

/** Says whether an error is one of an empty answer that counts as a doubt, no more. */
export function isEmptyAnswer({ detail }: KedgeError): boolean {
  return detail['empty'] === true;
}

/** Says whether the end of a fetch with this error is held against the peer. */
export function isFetchFault(error: KedgeError): boolean {
  return isGarbage(error) || isEmptyAnswer(error) || error.detail['hollow'] === true;
}

/** How many faults of its sender a refused frame or a piece of an answer counts as. */
export function faultsOf(error: KedgeError): number {
  const { code, detail } = error;
  if (isGarbage(error)) return GARBAGE_FAULTS;
  if (detail['hollow'] === true) return HOLLOW_FAULTS;
  // Validly signed: whoever passes it on does not know of the charter that changed it, or holds
  // another state of the releases that a rollout names.
  if (detail['standing'] === 'history') return 0;
  // In the place of a fork, and nobody signed it.
  if (code === 'FORK' && detail['standing'] === 'nothing') return 1;
  return WEIGHTS[code];
}
