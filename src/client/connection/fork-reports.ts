/**
 * Tells a node of the forks that this program saw and that the node has not told of.
 *
 * A thief may show one of two statements to a single program, which is then the only honest party
 * that has both: who keeps that to itself keeps the theft secret. Told once per connection and
 * proof, and after the node has answered for all bundles, since most nodes know by then and say so,
 * or when what it sends is refused for the fork.
 *
 * @module
 */
import { type BundleName, CHARTER_STREAM, releaseStream, type StreamName } from '../../core/ids.ts';
import { WATCH_REQUEST_MAX_BYTES } from '../../core/limits.ts';
import { isSameEvidence, statementsOf } from '../../core/trusted/evidence.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import type { WatchRequest, WatchResponse } from '../../core/watch/messages.ts';

/** Room for what a message has beside statements: numbers, names, a hundred revealed keys. */
const FRAME_BYTES = 16 * 1024;

/** What one node was told, or told itself. */
export class ForkReports {
  readonly #send: (request: WatchRequest) => void;
  readonly #told: Map<StreamName, Evidence> = new Map();
  /** The streams that the node said something of. */
  readonly #heard: Set<StreamName> = new Set();

  constructor(send: (request: WatchRequest) => void) {
    this.#send = send;
  }

  /** The node said something that is verified. */
  heard(response: WatchResponse): void {
    if (response.kind === 'fork') this.#told.set(response.evidence.stream, response.evidence);
    const stream = streamOf(response);
    if (stream !== undefined) this.#heard.add(stream);
  }

  /** Says whether the node had the chance to tell of what stops this bundle. */
  hasSpokenOf(bundle: BundleName): boolean {
    return this.#heard.has(releaseStream(bundle)) || this.#heard.has(CHARTER_STREAM);
  }

  /** Tells what is new of these. */
  tell(forks: readonly Evidence[]): void {
    for (const evidence of forks) {
      const told = this.#told.get(evidence.stream);
      const isTold = told !== undefined && isSameEvidence(told, evidence);
      // Nodes take no larger message; so many signatures only a role of very many signers has.
      if (isTold || sizeOf(evidence) > WATCH_REQUEST_MAX_BYTES - FRAME_BYTES) continue;
      this.#told.set(evidence.stream, evidence);
      this.#send({ kind: 'fork', evidence });
    }
  }
}

/** What a message has the last word of a node about. */
function streamOf(response: WatchResponse): StreamName | undefined {
  switch (response.kind) {
    case 'fork':
      return response.evidence.stream;
    case 'current':
      return releaseStream(response.at.bundle);
    case 'update':
      return releaseStream(response.update.bundle);
    default:
      return undefined;
  }
}

/** Bytes of the statements, with something for each signature. */
function sizeOf(evidence: Evidence): number {
  const parts = statementsOf(evidence).flatMap(({ payload, signatures }) => [
    payload.length,
    ...signatures.map(({ signature }) => signature.length + 64),
  ]);
  return parts.reduce((sum, bytes) => sum + bytes, 0);
}
