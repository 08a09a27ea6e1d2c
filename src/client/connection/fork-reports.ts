/**
 * Tells a node of the forks that this program saw and that the node has not told of.
 *
 * A thief may show one of two statements to a single program, which is then the only honest party
 * that has both: who keeps that to itself keeps the theft secret. Told after the node has answered
 * for all bundles, since most nodes know by then and say so, or when what it sends is refused for
 * the fork. A node that does not say so afterwards could not judge it, as it lacked charters or had
 * no room: it is told again, ever more seldom.
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

/** How long a node has before it is told again: so long at first, twice as long each time. */
const AGAIN_MIN_MS = 60_000;
const AGAIN_MAX_MS = 3_600_000;

/** What a node knows of one fork. */
interface Told {
  readonly evidence: Evidence;
  /** When it is told again, and after what a pause; absent: the node itself told of it. */
  readonly again?: { readonly atMs: number; readonly pauseMs: number };
}

/** What one node was told, or told itself; times are of a monotonic clock. */
export class ForkReports {
  readonly #send: (request: WatchRequest) => void;
  readonly #told: Map<StreamName, Told> = new Map();
  /** The streams that the node said something of. */
  readonly #heard: Set<StreamName> = new Set();

  constructor(send: (request: WatchRequest) => void) {
    this.#send = send;
  }

  /** The node said something that is verified. */
  heard(response: WatchResponse): void {
    if (response.kind === 'fork') {
      const { evidence } = response;
      this.#told.set(evidence.stream, { evidence });
    }
    const stream = streamOf(response);
    if (stream !== undefined) this.#heard.add(stream);
  }

  /** Says whether the node had the chance to tell of what stops this bundle. */
  hasSpokenOf(bundle: BundleName): boolean {
    return this.#heard.has(releaseStream(bundle)) || this.#heard.has(CHARTER_STREAM);
  }

  /** Says whether the node is to be told of something again. */
  isDue(nowMs: number): boolean {
    return [...this.#told.values()].some(({ again }) => again !== undefined && nowMs >= again.atMs);
  }

  /** Tells what is new of these forks, which are all that there are, and what is due again. */
  tell(forks: readonly Evidence[], nowMs: number): void {
    const streams = new Set(forks.map(({ stream }) => stream));
    for (const [stream, { again }] of this.#told) {
      // It was decided since.
      if (again !== undefined && !streams.has(stream)) this.#told.delete(stream);
    }
    for (const evidence of forks) {
      const told = this.#told.get(evidence.stream);
      const isTold = told !== undefined && isSameEvidence(told.evidence, evidence);
      if (isTold && (told.again === undefined || nowMs < told.again.atMs)) continue;
      // Nodes take no larger message; so many signatures only a role of very many signers has.
      if (sizeOf(evidence) > WATCH_REQUEST_MAX_BYTES - FRAME_BYTES) continue;
      const before = isTold ? told.again?.pauseMs : undefined;
      const pauseMs = before === undefined ? AGAIN_MIN_MS : Math.min(2 * before, AGAIN_MAX_MS);
      this.#told.set(evidence.stream, { evidence, again: { atMs: nowMs + pauseMs, pauseMs } });
      this.#send({ kind: 'fork', evidence });
    }
  }
}

/** What a message has the last word of a node about. */
function streamOf(response: WatchResponse): StreamName | undefined {
  if (response.kind === 'fork') return response.evidence.stream;
  if (response.kind === 'current') return releaseStream(response.at.bundle);
  return response.kind === 'update' ? releaseStream(response.update.bundle) : undefined;
}

/** Bytes of the statements, with something for each signature. */
function sizeOf(evidence: Evidence): number {
  const parts = statementsOf(evidence).flatMap(({ payload, signatures }) => [
    payload.length,
    ...signatures.map(({ signature }) => signature.length + 64),
  ]);
  return parts.reduce((sum, bytes) => sum + bytes, 0);
}
