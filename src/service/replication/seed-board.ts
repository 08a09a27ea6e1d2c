/**
 * Remembers, for operators, which seeds lead to nobody, and why.
 *
 * A seed is what the configuration says, and the addresses that it stands for: what does not
 * resolve is known by the first, what does not answer by the second.
 *
 * @module
 */
import type { SeedStatus } from '../../core/admin/messages.ts';
import type { KedgeError } from '../../core/errors.ts';
import type { NodeId } from '../../core/ids.ts';
import { PEERS_MAX } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ResolvedSeeds } from './peer-transport.ts';

/** A member, as far as seeds go. */
export interface SeedMember {
  readonly nodeId: NodeId;
  readonly address: string;
  /** `settled`: there is a link to it, or it has left in good order. */
  readonly standing: 'settled' | 'other';
}

type Failure = Omit<SeedStatus, 'address'>;

/** The seeds of one node. */
export class SeedBoard {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #failing: Map<string, Failure> = new Map();
  /** Who answered at an address the last time. */
  readonly #behind: Map<string, NodeId> = new Map();
  #unresolved: ReadonlyMap<string, Failure> = new Map();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** What the seeds stand for now. */
  resolved({ addresses, unresolved }: ResolvedSeeds): void {
    const now = new Set(addresses);
    for (const address of this.#failing.keys()) if (!now.has(address)) this.#forget(address);
    for (const address of this.#behind.keys()) if (!now.has(address)) this.#forget(address);
    const before = this.#unresolved;
    this.#unresolved = new Map(
      unresolved.map(({ seed, reason }) => {
        const known = before.get(seed);
        if (known === undefined) {
          const fields = { event: 'seed.unresolved', seed, reason } as const;
          this.#logger.warn(fields, 'the name of a seed cannot be looked up; will try again');
        }
        return [seed, { sinceMs: known?.sinceMs ?? this.#clock.nowMs(), reason }];
      }),
    );
  }

  /** A dial came to nothing. */
  failed(address: string, { message: reason }: KedgeError): void {
    if (this.#failing.size >= PEERS_MAX && !this.#failing.has(address)) return;
    const sinceMs = this.#failing.get(address)?.sinceMs ?? this.#clock.nowMs();
    this.#failing.set(address, { sinceMs, reason });
  }

  /** Somebody answered. */
  answered(address: string, nodeId: NodeId): void {
    this.#failing.delete(address);
    if (this.#behind.size < PEERS_MAX) this.#behind.set(address, nodeId);
  }

  /** The link to a member has ended: what failed before it was there says nothing of now. */
  lost(nodeId: NodeId, address: string | undefined): void {
    for (const seed of this.#failing.keys()) {
      if (seed === address || this.#behind.get(seed) === nodeId) this.#failing.delete(seed);
    }
  }

  /** Those that lead to nobody, without those of members to which it does not matter. */
  failing(members: readonly SeedMember[]): readonly SeedStatus[] {
    const settled = members.filter(({ standing }) => standing === 'settled');
    const addresses = new Set(settled.map(({ address }) => address));
    const nodeIds = new Set(settled.map(({ nodeId }) => nodeId));
    const all = [...this.#unresolved, ...this.#failing];
    return all.flatMap(([address, failure]) => {
      const behind = this.#behind.get(address);
      const isSettled = addresses.has(address) || (behind !== undefined && nodeIds.has(behind));
      return isSettled ? [] : [{ address, ...failure }];
    });
  }

  #forget(address: string): void {
    this.#failing.delete(address);
    this.#behind.delete(address);
  }
}
