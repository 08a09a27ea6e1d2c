/**
 * The newest verified row of each node, and a summary by which two nodes compare.
 *
 * A row is taken only of a member whose key is known, and only of the process that its member
 * record names. So memory is bounded by the members, and a row that was replayed from an earlier
 * life of a node is never taken. Merging: the higher version holds, so the order does not matter.
 *
 * @module
 */
import type { NodeId, RealmName } from '../ids.ts';
import type { MemberView } from '../membership/view.ts';
import { hashText, mix32 } from '../mix.ts';
import { type AdoptionRow, isLater, type RowVersion, type SignedRow, verifyRow } from './row.ts';

/** A row that is held. */
export interface HeldRow {
  readonly signed: SignedRow;
  readonly row: AdoptionRow;
}

/** What became of a row; `unknown`: nobody here knows that process of that node yet. */
export type RowOutcome = 'new' | 'held' | 'unknown';

const TWO_32 = 4_294_967_296;
const HEX_CHARS = 8;

/** Rows by node. */
export class RowTable {
  readonly #realm: RealmName;
  readonly #memberOf: (nodeId: NodeId) => MemberView | undefined;
  readonly #rows: Map<NodeId, HeldRow> = new Map();

  constructor(realm: RealmName, memberOf: (nodeId: NodeId) => MemberView | undefined) {
    this.#realm = realm;
    this.#memberOf = memberOf;
  }

  get rows(): ReadonlyMap<NodeId, HeldRow> {
    return this.#rows;
  }

  /** The row of a process of a node that is a member now. */
  current(nodeId: NodeId): HeldRow | undefined {
    const held = this.#rows.get(nodeId);
    return held?.row.bootId === this.#memberOf(nodeId)?.record.bootId ? held : undefined;
  }

  /** True for the row that is held of that process, and for earlier ones of it. */
  holds(signed: RowVersion): boolean {
    const held = this.#rows.get(signed.nodeId)?.row;
    return held?.bootId === signed.bootId && !isLater(signed, held);
  }

  /**
   * Takes a row in. Errors: those of `verifyRow`; the table is unchanged. What is held already
   * costs no check.
   */
  take(signed: SignedRow): RowOutcome {
    const { nodeId, bootId } = signed;
    if (this.holds(signed)) return 'held';
    const member = this.#memberOf(nodeId)?.record;
    if (member?.bootId !== bootId) return 'unknown';
    const { publicKey } = member;
    const row = verifyRow(signed, { realm: this.#realm, publicKey });
    this.#rows.set(nodeId, { signed, row });
    return 'new';
  }

  /** The rows without those that count by waves: nodes from before refuse them. */
  withoutWaves(rows: readonly SignedRow[]): readonly SignedRow[] {
    return rows.filter(({ nodeId }) => {
      const bundles = this.#rows.get(nodeId)?.row.bundles ?? [];
      return bundles.every(({ rollout }) => rollout === undefined);
    });
  }

  /** Forgets rows of nodes that are no members any more. */
  reap(): void {
    for (const nodeId of this.#rows.keys()) {
      if (this.#memberOf(nodeId) === undefined) this.#rows.delete(nodeId);
    }
  }

  /** 16 hex digits; equal for equal rows, whatever their order. */
  get root(): string {
    let high = 0;
    let low = 0;
    for (const signed of this.#compared()) {
      const hash = mix32(hashText(`${signed.nodeId} ${signed.bootId}`), signed.version % TWO_32);
      high = (high + hash) >>> 0;
      low = (low + mix32(hash, signed.version)) >>> 0;
    }
    return hex(high) + hex(low);
  }

  /** Which row of each node is held. */
  vector(): readonly RowVersion[] {
    return this.#compared().map(({ nodeId, bootId, version }) => ({ nodeId, bootId, version }));
  }

  /** What somebody with that vector lacks, and whether it has something that is lacking here. */
  compare(vector: readonly RowVersion[]): {
    readonly newer: readonly SignedRow[];
    readonly isBehind: boolean;
  } {
    const theirs = new Map(vector.map((one) => [one.nodeId, one]));
    const newer: SignedRow[] = [];
    for (const signed of this.#compared()) {
      const other = theirs.get(signed.nodeId);
      // Of two processes the reader finds out which one it is now.
      const isOther = other === undefined || other.bootId !== signed.bootId;
      if (isOther || isLater(signed, other)) newer.push(signed);
    }
    const isBehind = vector.some((other) => {
      const held = this.#rows.get(other.nodeId)?.signed;
      return held === undefined || held.bootId !== other.bootId || isLater(other, held);
    });
    return { newer, isBehind };
  }

  /** Rows of processes that run: nodes forget those that are gone at different times. */
  #compared(): readonly SignedRow[] {
    return [...this.#rows.values()].flatMap(({ signed }) => {
      const member = this.#memberOf(signed.nodeId);
      const isAlive = member?.state === 'alive' || member?.state === 'suspect';
      return isAlive && member.record.bootId === signed.bootId ? [signed] : [];
    });
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(HEX_CHARS, '0');
}
