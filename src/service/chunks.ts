/**
 * Groups things into messages of bounded count and size, in order.
 *
 * @module
 */

/** The bounds of one chunk. A single item larger than `maxBytes` gets a chunk of its own. */
export interface ChunkOptions<Item> {
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly bytesOf: (item: Item) => number;
}

/** Splits `items` into chunks; none for no items. */
export function chunk<Item>(items: readonly Item[], options: ChunkOptions<Item>): Item[][] {
  const { maxCount, maxBytes, bytesOf } = options;
  const chunks: Item[][] = [];
  let open: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (open.length === 0 || open.length >= maxCount || bytes + size > maxBytes) {
      open = [];
      chunks.push(open);
      bytes = 0;
    }
    open.push(item);
    bytes += size;
  }
  return chunks;
}
