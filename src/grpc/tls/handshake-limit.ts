/**
 * Remote addresses whose handshakes fail too often, and for how long they are turned away.
 *
 * A handshake costs this side a signature, whoever asks. Failures are borne at a rate that costs
 * little, and as many as there are callers that get in: many may share an address, and some of
 * them hold an old certificate, give up in a storm or are the probes of a load balancer. An address
 * with more is turned away before a handshake, for a time that doubles; a caller from there that
 * gets in takes the doubling back. Connections that are there stay. An IPv6 address counts by its
 * network, since its holder has all of that.
 *
 * @module
 */
import type { Clock } from '../../ports/clock.ts';

/** Failures of one address at one time that are borne. */
export const FAILURES_MAX: number = 256;
/** The time in which one fades, milliseconds. */
const FAILURE_FADES_MS = 62.5;
/** The first time that an address is turned away for, milliseconds, and the longest. */
export const AWAY_MIN_MS: number = 1_000;
const AWAY_MAX_MS = 60_000;
/** The time without being turned away after which the next one is a first one again. */
const FORGOTTEN_AFTER_MS = 300_000;
/** Addresses remembered; the one that failed longest ago gives way. */
export const ADDRESSES_MAX: number = 4096;
/** Groups of 16 bits that name an IPv6 network. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

interface Entry {
  /** Failures that have not faded at `atMs`. */
  open: number;
  atMs: number;
  timesAway: number;
  awayUntilMs: number;
}

/** The failures of one listener. */
export class HandshakeLimit {
  readonly #clock: Clock;
  readonly #entries: Map<string, Entry> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether a caller from there may begin a handshake. */
  admits(address: string): boolean {
    const entry = this.#entries.get(networkOf(address));
    return entry === undefined || entry.awayUntilMs <= this.#clock.monotonicMs();
  }

  /** One from there got in. */
  succeeded(address: string): void {
    const entry = this.#entries.get(networkOf(address));
    if (entry === undefined) return;
    entry.timesAway = 0;
    entry.open = Math.max(0, entry.open - 1);
  }

  /** One did not; says for how long its address is turned away, when that was one too many. */
  failed(address: string): number | undefined {
    const network = networkOf(address);
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#entries.get(network) ?? newEntry(nowMs);
    this.#youngest(network, entry);
    const faded = (nowMs - entry.atMs) / FAILURE_FADES_MS;
    entry.open = Math.max(0, entry.open - faded) + 1;
    entry.atMs = nowMs;
    // What began before counts no second time.
    if (entry.open <= FAILURES_MAX || entry.awayUntilMs > nowMs) return undefined;
    if (nowMs - entry.awayUntilMs > FORGOTTEN_AFTER_MS) entry.timesAway = 0;
    const forMs = Math.min(AWAY_MAX_MS, AWAY_MIN_MS * 2 ** entry.timesAway);
    entry.timesAway += 1;
    entry.awayUntilMs = nowMs + forMs;
    entry.open = FAILURES_MAX / 2;
    return forMs;
  }

  #youngest(network: string, entry: Entry): void {
    const [oldest] = this.#entries.keys();
    const isNew = !this.#entries.delete(network);
    if (isNew && this.#entries.size >= ADDRESSES_MAX && oldest !== undefined) {
      this.#entries.delete(oldest);
    }
    this.#entries.set(network, entry);
  }
}

function newEntry(atMs: number): Entry {
  return { open: 0, atMs, timesAway: 0, awayUntilMs: atMs };
}

/** An IPv4 address as it is, also where it is written as one of IPv6; else the network. */
export function networkOf(address: string): string {
  const text = address.replace(/%.*$/, '').toLowerCase();
  const [mapped] = /\d+\.\d+\.\d+\.\d+$/.exec(text) ?? [];
  if (mapped !== undefined) return mapped;
  const [front = '', back] = text.split('::');
  const before = front.split(':').filter((group) => group !== '');
  const after = back?.split(':').filter((group) => group !== '') ?? [];
  const gap = back === undefined ? 0 : Math.max(0, GROUPS - before.length - after.length);
  const groups = [...before, ...Array.from({ length: gap }, () => '0'), ...after];
  return groups.slice(0, NETWORK_GROUPS).join(':');
}
