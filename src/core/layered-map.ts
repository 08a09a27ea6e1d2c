/**
 * An immutable map of which the next version costs little, however large it is.
 *
 * A node with 10,000 streams makes a new trusted state with each statement, and copying a map of
 * that size takes longer than verifying the statement. So versions share a large layer, and each
 * has a small one of what was set since, which is all that is copied; when that is full it becomes
 * part of a new large one. The order is that of a `Map`: the one in which keys were added first.
 *
 * @module
 */

/** Entries in the small layer: copying so many costs about what a full one costs per entry. */
const UPPER_MAX = 128;

/** A copy of `map` with one entry set; the map itself stays as it is. */
export function withEntry<Key, Value extends object>(
  map: ReadonlyMap<Key, Value>,
  key: Key,
  value: Value,
): ReadonlyMap<Key, Value> {
  if (LayeredMap.isOne(map)) return map.with(key, value);
  if (map.size <= UPPER_MAX) return new Map(map).set(key, value);
  return new LayeredMap(map, new Map([[key, value]]));
}

class LayeredMap<Key, Value extends object> implements ReadonlyMap<Key, Value> {
  readonly size: number;
  /** Shared between versions. */
  readonly #lower: ReadonlyMap<Key, Value>;
  readonly #upper: ReadonlyMap<Key, Value>;

  static isOne<Key, Value extends object>(
    map: ReadonlyMap<Key, Value>,
  ): map is LayeredMap<Key, Value> {
    return map instanceof LayeredMap;
  }

  constructor(lower: ReadonlyMap<Key, Value>, upper: ReadonlyMap<Key, Value>) {
    let added = 0;
    for (const key of upper.keys()) if (!lower.has(key)) added += 1;
    this.size = lower.size + added;
    this.#lower = lower;
    this.#upper = upper;
  }

  with(key: Key, value: Value): ReadonlyMap<Key, Value> {
    const upper = new Map(this.#upper).set(key, value);
    if (upper.size <= UPPER_MAX) return new LayeredMap(this.#lower, upper);
    const lower = new Map(this.#lower);
    for (const [each, its] of upper) lower.set(each, its);
    return lower;
  }

  get(key: Key): Value | undefined {
    return this.#upper.get(key) ?? this.#lower.get(key);
  }

  has(key: Key): boolean {
    return this.#upper.has(key) || this.#lower.has(key);
  }

  forEach(visit: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }

  *entries(): MapIterator<[Key, Value]> {
    const upper = this.#upper;
    for (const [key, value] of this.#lower) yield [key, upper.get(key) ?? value];
    for (const entry of upper) if (!this.#lower.has(entry[0])) yield entry;
  }

  *keys(): MapIterator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries();
  }
}
