/**
 * The summary of a table of members, kept up to date with each change.
 *
 * Each alive member (a suspect is alive) adds the hash of its id and incarnation to the sum of its
 * bucket; the root is made of the sums. Failed and left members add nothing: two nodes that know a
 * member as gone agree with one that has forgotten it, so a memory may end at different times. The
 * hash is not cryptographic: a peer that wants to hide a difference can as well lie.
 *
 * @module
 */
import { hashText, mix32 } from '../mix.ts';
import type { MemberRecord } from './record.ts';

/** Number of buckets. */
export const BUCKETS: number = 64;

const TWO_32 = 4_294_967_296;
const HEX_CHARS = 8;

/** Sums over alive members. */
export class MemberDigest {
  readonly #sums: Uint32Array = new Uint32Array(BUCKETS);
  #root: string | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** 16 hex digits; equal for equal tables. */
  get root(): string {
    this.#root ??= rootOf(this.#sums);
    return this.#root;
  }

  /** A copy of the sums of all buckets. */
  sums(): readonly number[] {
    return Array.from(this.#sums);
  }

  add(record: MemberRecord): void {
    this.#count += 1;
    this.#shift(record, rowHash(record));
  }

  remove(record: MemberRecord): void {
    this.#count -= 1;
    this.#shift(record, -rowHash(record));
  }

  /** The buckets whose sums differ from another table's. */
  differing(sums: readonly number[]): readonly number[] {
    const buckets: number[] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      if (this.#sums[bucket] !== sums[bucket]) buckets.push(bucket);
    }
    return buckets;
  }

  #shift(record: MemberRecord, by: number): void {
    const bucket = bucketOf(record.nodeId);
    this.#sums[bucket] = (this.#sums[bucket] ?? 0) + by;
    this.#root = undefined;
  }
}

/** The bucket of a node id. */
export function bucketOf(nodeId: string): number {
  return hashText(nodeId) % BUCKETS;
}

function rowHash({ nodeId, incarnation }: MemberRecord): number {
  const low = mix32(hashText(nodeId), incarnation % TWO_32);
  return mix32(low, Math.floor(incarnation / TWO_32));
}

function rootOf(sums: Uint32Array): string {
  let high = 1;
  let low = 2;
  for (const sum of sums) {
    high = mix32(high, sum);
    low = mix32(sum, low);
  }
  return hex(high) + hex(low);
}

function hex(value: number): string {
  return value.toString(16).padStart(HEX_CHARS, '0');
}
