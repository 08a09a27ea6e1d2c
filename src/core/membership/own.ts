/**
 * What this node says about itself: its record, its refutations, its farewell.
 *
 * A node that hears that it is suspected, or that finds an older life of itself in the cluster,
 * signs a record with a higher incarnation. That is rationed: somebody who keeps calling it failed
 * makes it sign no faster than once a second.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import { Budget } from './budget.ts';
import type { Outbox } from './outbox.ts';
import {
  type MemberRecord,
  type MemberSigner,
  type MemberStatus,
  type SignedMember,
  signMember,
} from './record.ts';
import type { Spreader } from './spreader.ts';
import type { MemberTable } from './table.ts';

const REFUTE_BURST = 5;
const REFUTE_PER_SECOND = 1;

/** This node's own membership. */
export class Own {
  readonly #outbox: Outbox;
  readonly #table: MemberTable;
  readonly #spreader: Spreader;
  readonly #sign: MemberSigner;
  readonly #budget: Budget = new Budget(REFUTE_BURST, REFUTE_PER_SECOND);
  #stranger: Pick<MemberRecord, 'bootId' | 'incarnation'> | undefined;

  constructor(outbox: Outbox, table: MemberTable, spreader: Spreader, sign: MemberSigner) {
    this.#outbox = outbox;
    this.#table = table;
    this.#spreader = spreader;
    this.#sign = sign;
  }

  get nodeId(): NodeId {
    return this.record.nodeId;
  }

  get record(): MemberRecord {
    return this.#table.self.record;
  }

  get signed(): SignedMember {
    return this.#table.self.signed;
  }

  get hasLeft(): boolean {
    return this.record.status === 'left';
  }

  /** Goes beyond an incarnation that somebody holds against this node. */
  refute(incarnation: number, nowMs: number): void {
    if (this.hasLeft || incarnation < this.record.incarnation) return;
    if (incarnation === Number.MAX_SAFE_INTEGER || !this.#budget.take(1, nowMs)) return;
    this.#restate(incarnation + 1, 'alive', nowMs);
  }

  /** Another record with this node's id and key: of an earlier life, or of a second process. */
  meet({ bootId, incarnation }: MemberRecord, nowMs: number): void {
    const before = this.#stranger;
    if (bootId !== this.record.bootId) {
      // An earlier life has said its last word; a second process answers to ours.
      if (before?.bootId === bootId && before.incarnation < incarnation) {
        this.#outbox.notice({ kind: 'duplicate', bootId });
      }
      this.#stranger = { bootId, incarnation };
    }
    this.refute(incarnation, nowMs);
  }

  leave(nowMs: number): void {
    if (!this.hasLeft) this.#restate(this.record.incarnation + 1, 'left', nowMs);
  }

  #restate(incarnation: number, status: MemberStatus, nowMs: number): void {
    const record = { ...this.record, incarnation, status };
    const signed = signMember(record, this.#sign, this.signed.software);
    this.#table.restate(signed, record, nowMs);
    this.#outbox.emit({ kind: 'self', signed });
    this.#spreader.tell(this.#table.self);
  }
}
