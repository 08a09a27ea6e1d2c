/**
 * Changes of a map that may still come to nothing.
 *
 * @module
 */
import type { StreamName } from '../core/ids.ts';

/** A map with changes that are not made yet: as cheap as what changes. */
export class Draft<Value> {
  readonly #base: ReadonlyMap<StreamName, Value>;
  readonly #changes: Map<StreamName, Value | undefined> = new Map();

  constructor(base: ReadonlyMap<StreamName, Value>) {
    this.#base = base;
  }

  get changes(): ReadonlyMap<StreamName, Value | undefined> {
    return this.#changes;
  }

  get(stream: StreamName): Value | undefined {
    return this.#changes.has(stream) ? this.#changes.get(stream) : this.#base.get(stream);
  }

  set(stream: StreamName, value: Value | undefined): void {
    this.#changes.set(stream, value);
  }

  /** What is there and another one than before. */
  changed(): ReadonlyMap<StreamName, Value> {
    const changed = new Map<StreamName, Value>();
    for (const [stream, value] of this.#changes) {
      if (value !== undefined && value !== this.#base.get(stream)) changed.set(stream, value);
    }
    return changed;
  }
}
