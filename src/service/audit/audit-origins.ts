/**
 * Who brought a statement to this node, from its arrival until its entry in the audit log.
 *
 * @module
 */
import type { AuditFact } from '../../core/audit/entry.ts';
import type { PersistBatch } from '../../core/gossip/events.ts';
import type { NodeId, Sha256 } from '../../core/ids.ts';

/** What an entry says of that. */
export type Origin = Pick<AuditFact, 'via' | 'by'>;

/** Statements on their way; of more, the oldest count as found in the store. */
const ORIGINS_MAX = 2_048;
/** Found in the store: who brought it is not known any more. */
const FOUND: Origin = { via: 'store' };

/** The origins of what is on its way to the log. */
export class AuditOrigins {
  readonly #origins: Map<Sha256, Origin> = new Map();
  /** Who submits what, while it is judged. */
  readonly #submitters: Map<Sha256, string> = new Map();

  /** Somebody submits a statement, until the result is disposed. */
  submitting(digest: Sha256, by: string): Disposable {
    this.#submitters.set(digest, by);
    return { [Symbol.dispose]: () => this.#submitters.delete(digest) };
  }

  /** A batch is on its way to the disk. */
  taken({ documents }: PersistBatch, from: NodeId | 'submit'): void {
    for (const { digest } of documents) {
      const origin =
        from === 'submit' ? this.#handedIn(digest) : ({ via: 'peer', by: from } as const);
      this.#origins.set(digest, origin);
    }
    for (const oldest of this.#origins.keys()) {
      if (this.#origins.size <= ORIGINS_MAX) break;
      this.#origins.delete(oldest);
    }
  }

  /** Who brought a statement; forgets it. */
  take(digest: Sha256): Origin {
    const origin = this.#origins.get(digest) ?? FOUND;
    this.#origins.delete(digest);
    return origin;
  }

  /** Without an admin: the node itself, once a proposal had all its signatures. */
  #handedIn(digest: Sha256): Origin {
    const by = this.#submitters.get(digest);
    return by === undefined ? { via: 'node' } : { via: 'admin', by };
  }
}
