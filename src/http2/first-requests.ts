/**
 * The first requests of connections. Programs of a fleet mostly send the very same bytes, so what
 * they mean is read once: the request, and the table that the peer has from then on.
 *
 * @module
 */
import type { DynamicTable } from './hpack/dynamic-table.ts';
import type { Request } from './request.ts';

/** Different ones that are remembered; the oldest gives way. */
const KNOWN_MAX = 64;
const BLOCK_MAX_BYTES = 1_024;

/** What a block means that is the first of its connection. */
export interface FirstRequest {
  readonly request: Request;
  /** Shared: never changed. */
  readonly table: DynamicTable;
}

/** Those that were read; for connections with equal limits. */
export class FirstRequests {
  readonly #known: Map<string, FirstRequest> = new Map();

  /** What the same bytes meant before. */
  find(block: Buffer): FirstRequest | undefined {
    return block.length > BLOCK_MAX_BYTES ? undefined : this.#known.get(keyOf(block));
  }

  /** Remembers what a block means, if it is of the usual size. */
  keep(block: Buffer, first: FirstRequest): void {
    if (block.length > BLOCK_MAX_BYTES) return;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(keyOf(block), first);
  }
}

function keyOf(block: Buffer): string {
  return block.toString('latin1');
}
