/**
 * How each peer behaves, across its links: what it got wrong, and for how long it is refused.
 *
 * Faults count per node, as its certificate names it, so that a new link is no new start. A few in
 * a while are borne. One too many cuts the peer off: it is refused for a time that doubles with
 * each cut-off and has a maximum, since a broken peer may be mended and a mistaken node must not
 * split a cluster for good. Good behaviour is forgiveness: faults fade, and so do cut-offs. The
 * table is bounded; it is not kept across a restart. What counts as a fault is in `blame.ts`.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import type { NodeId } from '../../ids.ts';
import { PEERS_MAX } from '../../limits.ts';
import { faultsOf } from './blame.ts';

/** Faults at one time that cut a peer off. */
export const FAULTS_MAX: number = 16;
/** The time in which one fault fades, milliseconds. */
const FAULT_FADES_MS = 30_000;
/** The first refusal, milliseconds; doubles with each cut-off that is remembered. */
export const REFUSAL_MIN_MS: number = 10_000;
/** The longest refusal, milliseconds. */
export const REFUSAL_MAX_MS: number = 600_000;
/** The time without refusal in which one cut-off is forgiven, milliseconds. */
const CUT_OFF_FADES_MS = 1_800_000;

/** What is remembered of a peer that got something wrong. */
export interface PeerConduct {
  /** Faults since this node started, as far as it remembers the peer. */
  readonly faults: number;
  /** Cut-offs that are not forgiven. */
  readonly cutOffs: number;
  /** For how long it is still refused; 0 when it is not. */
  readonly refusedForMs: number;
  /** What it got wrong last. */
  readonly lastFault: string;
}

/** What a fault led to: the peer is cut off with `error`, for `forMs`. */
export interface CutOff {
  readonly nodeId: NodeId;
  readonly error: KedgeError;
  readonly forMs: number;
  readonly cutOffs: number;
}

interface Entry {
  /** Faults that have not faded at `atMs`. */
  open: number;
  atMs: number;
  faults: number;
  cutOffs: number;
  refusedUntilMs: number;
  lastFault: string;
  refusal: KedgeError | undefined;
}

/** The conduct of all peers of one node. */
export class Conduct {
  readonly #entries: Map<NodeId, Entry> = new Map();
  #nowMs = 0;

  /** Tells the time of the event that is handled now; it never goes back. */
  tick(monotonicMs: number): void {
    this.#nowMs = monotonicMs;
  }

  /** A peer caused a refusal; says whether that was one fault too many. */
  refused(nodeId: NodeId, error: KedgeError): CutOff | undefined {
    const weight = faultsOf(error);
    return weight === 0 ? undefined : this.#fault(nodeId, error, weight);
  }

  /** Why a peer is refused now. */
  refusal(nodeId: NodeId): KedgeError | undefined {
    return this.refusedForMs(nodeId) > 0 ? this.#entries.get(nodeId)?.refusal : undefined;
  }

  /** For how long a peer is still refused; 0 when it is not. */
  refusedForMs(nodeId: NodeId): number {
    return Math.max(0, (this.#entries.get(nodeId)?.refusedUntilMs ?? 0) - this.#nowMs);
  }

  /** What is remembered of a peer; absent for one that got nothing wrong. */
  view(nodeId: NodeId): PeerConduct | undefined {
    const entry = this.#entries.get(nodeId);
    if (entry === undefined || this.#isForgiven(entry)) return undefined;
    const { faults, lastFault } = entry;
    const cutOffs = entry.cutOffs - this.#forgivenCutOffs(entry);
    return { faults, cutOffs, lastFault, refusedForMs: this.refusedForMs(nodeId) };
  }

  #fault(nodeId: NodeId, error: KedgeError, weight: number): CutOff | undefined {
    const entry = this.#entries.get(nodeId) ?? this.#add(nodeId);
    this.#fade(entry);
    entry.open += weight;
    entry.faults += 1;
    entry.lastFault = `${error.message} (${error.code})`;
    // A little of each has faded already.
    if (entry.open <= FAULTS_MAX - 1) return undefined;
    entry.open = 0;
    entry.cutOffs += 1;
    const forMs = Math.min(REFUSAL_MAX_MS, REFUSAL_MIN_MS * 2 ** (entry.cutOffs - 1));
    entry.refusedUntilMs = this.#nowMs + forMs;
    entry.refusal = new KedgeError(
      'LIMIT',
      `${nodeId} is refused for ${forMs / 1000} s for its faults; the last: ${entry.lastFault}`,
      { detail: { nodeId, faults: entry.faults, cutOffs: entry.cutOffs } },
    );
    return { nodeId, error: entry.refusal, forMs, cutOffs: entry.cutOffs };
  }

  /** Brings an entry up to now. */
  #fade(entry: Entry): void {
    entry.open = Math.max(0, entry.open - (this.#nowMs - entry.atMs) / FAULT_FADES_MS);
    entry.atMs = this.#nowMs;
    const forgiven = this.#forgivenCutOffs(entry);
    if (forgiven === 0) return;
    entry.cutOffs -= forgiven;
    entry.refusedUntilMs += forgiven * CUT_OFF_FADES_MS;
  }

  #forgivenCutOffs({ cutOffs, refusedUntilMs }: Entry): number {
    const goodMs = this.#nowMs - refusedUntilMs;
    return Math.min(cutOffs, Math.max(0, Math.floor(goodMs / CUT_OFF_FADES_MS)));
  }

  #isForgiven(entry: Entry): boolean {
    const isFaded = entry.open <= (this.#nowMs - entry.atMs) / FAULT_FADES_MS;
    return isFaded && this.#forgivenCutOffs(entry) === entry.cutOffs;
  }

  #add(nodeId: NodeId): Entry {
    if (this.#entries.size >= PEERS_MAX) this.#makeRoom();
    const entry: Entry = {
      open: 0,
      atMs: this.#nowMs,
      faults: 0,
      cutOffs: 0,
      refusedUntilMs: 0,
      lastFault: '',
      refusal: undefined,
    };
    this.#entries.set(nodeId, entry);
    return entry;
  }

  /** Forgets all that are forgiven, or else the one with the fewest cut-offs, longest ago. */
  #makeRoom(): void {
    let least: [NodeId, Entry] | undefined;
    for (const [nodeId, entry] of this.#entries) {
      if (this.#isForgiven(entry)) this.#entries.delete(nodeId);
      else if (least === undefined || isLess(entry, least[1])) least = [nodeId, entry];
    }
    if (this.#entries.size >= PEERS_MAX && least !== undefined) this.#entries.delete(least[0]);
  }
}

function isLess(a: Entry, b: Entry): boolean {
  return a.cutOffs === b.cutOffs ? a.atMs < b.atMs : a.cutOffs < b.cutOffs;
}
