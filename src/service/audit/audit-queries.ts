/**
 * What admins may read of the audit log of a node.
 *
 * What happened before the question is in the answer: what waits for the disk is written first. A
 * node that holds back answers too, since its log is its own.
 *
 * @module
 */
import { readAuditEntry } from '../../core/audit/entry.ts';
import {
  type AuditItem,
  type AuditPage,
  type AuditProofQuery,
  type AuditQuery,
  isWanted,
} from '../../core/audit/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  completeProof,
  type ProofPlan,
  planConsistency,
  planInclusion,
} from '../../core/log/plan.ts';
import type { ProofHashes } from '../../core/log/proof.ts';
import { perfectSubtrees } from '../../core/log/tree.ts';
import type { AuditStore } from '../../ports/audit-store.ts';
import type { AuditFeed } from './audit-feed.ts';
import type { AuditLog } from './audit-log.ts';

/** What queries read from. */
export interface AuditQueriesOptions {
  readonly log: AuditLog;
  readonly feed: Pick<AuditFeed, 'idle'>;
  readonly store: AuditStore;
}

/** Entries read at once. */
const CHUNK = 500;
/** Entries looked at for one page; the page says where to go on. */
const LOOKED_AT_MAX = 5_000;
/** Bytes of entries in one page: half a message. */
const PAGE_MAX_BYTES = 2 * 1024 * 1024;

/** Reads of the audit log of one node. Errors of all also: `STORE`. */
export class AuditQueries {
  readonly #options: AuditQueriesOptions;

  constructor(options: AuditQueriesOptions) {
    this.#options = options;
  }

  /** One page of entries. */
  async list(query: AuditQuery): Promise<AuditPage> {
    const { log, feed } = this.#options;
    await feed.idle();
    await log.flush();
    const checkpoint = log.checkpoint();
    const { first, tree } = log.durable;
    const { order, start } = query;
    const items: AuditItem[] = [];
    let bytes = 0;
    const end = Math.min(tree.size, order === 'newest-first' ? (start ?? tree.size) : tree.size);
    let place = order === 'newest-first' ? end : Math.max(first, start ?? first);
    let lookedAt = 0;
    const isDone = (): boolean => (order === 'newest-first' ? place <= first : place >= end);
    while (!isDone() && lookedAt < LOOKED_AT_MAX) {
      const chunk = await this.#chunk(order, { first, place, end });
      if (chunk.length === 0) return { checkpoint, first, items };
      for (const item of chunk) {
        const entry = readAuditEntry(item.bytes);
        const isOver = (entry?.timeMs ?? Infinity) < (query.sinceMs ?? 0);
        if (isOver && order === 'newest-first') return { checkpoint, first, items };
        const isFull = items.length >= query.limit || bytes + item.bytes.length > PAGE_MAX_BYTES;
        if (isFull) return { checkpoint, first, items, next: place };
        place = order === 'newest-first' ? item.index : item.index + 1;
        lookedAt += 1;
        if (!isWanted(entry, query)) continue;
        items.push(item);
        bytes += item.bytes.length;
      }
    }
    return { checkpoint, first, items, ...(!isDone() && { next: place }) };
  }

  /** Hashes of a proof. Errors: `UNAVAILABLE` when the log is not that long. */
  async proof(query: AuditProofQuery): Promise<ProofHashes> {
    const { store, log } = this.#options;
    const { size } = query;
    const part =
      query.kind === 'inclusion' ? query.index + 1 : query.kind === 'consistency' ? query.from : 0;
    if (size > log.durable.tree.size || part > size) {
      const has = log.durable.tree.size;
      throw new KedgeError('UNAVAILABLE', `the audit log of this node has ${has} entries`);
    }
    switch (query.kind) {
      case 'inclusion':
        return await this.#complete(planInclusion(query.index, size));
      case 'consistency':
        return await this.#complete(planConsistency(query.from, size));
      case 'peaks':
        return await store.subtrees(perfectSubtrees(0, size));
    }
  }

  async #chunk(
    order: AuditQuery['order'],
    { first, place, end }: Readonly<Record<'first' | 'place' | 'end', number>>,
  ): Promise<readonly AuditItem[]> {
    const { store } = this.#options;
    if (order === 'oldest-first') return await store.entries(place, Math.min(end, place + CHUNK));
    return (await store.entries(Math.max(first, place - CHUNK), place)).toReversed();
  }

  async #complete(plan: ProofPlan): Promise<ProofHashes> {
    const subtrees = plan.flat();
    const hashes = await this.#options.store.subtrees(subtrees);
    return completeProof(plan, (at) => {
      const hash = hashes[subtrees.indexOf(at)];
      if (hash === undefined) throw new KedgeError('BUG', 'a hash of a proof was not read');
      return hash;
    });
  }
}
