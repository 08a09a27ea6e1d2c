/**
 * A value that is made once for many: who comes later takes it at once, and who has to wait for the
 * same value waits together.
 *
 * @module
 */

/** A value that is being made, or is there. */
export class Prepared<T> {
  /** Settles when it is made. */
  readonly settled: Promise<T>;
  #made: { readonly value: T } | undefined;

  constructor(making: Promise<T>) {
    this.settled = making.then((value) => {
      this.#made = { value };
      return value;
    });
    // Whoever waits is told of a failure; nobody need wait.
    this.settled.catch(() => undefined);
  }

  /** Absent while it is being made. */
  get value(): T | undefined {
    return this.#made?.value;
  }
}

/**
 * Makes something of an object once while the object lives, for all who ask. What else `make` is
 * told must follow from the object.
 */
export function oncePer<K extends object, A extends readonly unknown[], V>(
  make: (key: K, ...also: A) => V,
): (key: K, ...also: A) => V {
  const known = new WeakMap<K, { readonly made: V }>();
  return (key, ...also) => {
    const found = known.get(key);
    if (found !== undefined) return found.made;
    const made = make(key, ...also);
    known.set(key, { made });
    return made;
  };
}
