/**
 * When the node that answers accepted the statements of a stream, as its audit log says.
 *
 * A statement carries the time of its draft, and drafts may wait for signatures for days. So what
 * was signed with an earlier time may have come into force later. The log of a node that was there
 * at that time tells; one that began later does not, because such a node took all history at once.
 *
 * @module
 */
import type { AuditEntry } from '../../core/audit/entry.ts';
import type { Sha256, StreamName } from '../../core/ids.ts';
import type { Realm } from '../realm/realm.ts';
import { readPages, requireNode } from './reading.ts';

/** What the log says of one stream. */
export class Acceptance {
  readonly #beganMs: number;
  readonly #entries: ReadonlyMap<string, AuditEntry>;

  private constructor(beganMs: number, entries: ReadonlyMap<string, AuditEntry>) {
    this.#beganMs = beganMs;
    this.#entries = entries;
  }

  /** Reads the log. Errors: those of the node. */
  static async read(realm: Realm, stream: StreamName): Promise<Acceptance> {
    const node = requireNode(realm);
    const entries = new Map<string, AuditEntry>();
    const query = { order: 'oldest-first', stream, kinds: ['accepted'] } as const;
    for await (const page of readPages(node, query)) {
      for (const { entry } of page.entries) {
        const digest = entry?.digest;
        if (entry !== undefined && digest !== undefined && !entries.has(digest)) {
          entries.set(digest, entry);
        }
      }
    }
    return new Acceptance(await beginOf(realm), entries);
  }

  /** The entry about a statement; absent when the log does not say. */
  entryOf(digest: Sha256): AuditEntry | undefined {
    return this.#entries.get(digest);
  }

  /** Says whether the node, which was there at the time, had it only later. */
  isLater(digest: Sha256, timeMs: number): boolean {
    const entry = this.#entries.get(digest);
    return entry !== undefined && this.#beganMs <= timeMs && entry.timeMs > timeMs;
  }
}

/** The time of the oldest entry that is kept. */
async function beginOf(realm: Realm): Promise<number> {
  const query = { order: 'oldest-first', kinds: [] } as const;
  for await (const { entries } of readPages(requireNode(realm), query)) {
    const first = entries.find(({ entry }) => entry !== undefined);
    if (first?.entry !== undefined) return first.entry.timeMs;
  }
  return Number.POSITIVE_INFINITY;
}
