/**
 * What is still to happen in simulated time: a binary heap by time, then by order of adding.
 *
 * @module
 */

/** Something that happens at a time. */
export interface Task {
  readonly atMs: number;
  readonly order: number;
  /** The host whose process does it, and which must be running freely; -1: nobody's. */
  readonly host: number;
  readonly run: () => void;
}

/** Tasks in the order in which they happen. */
export class TaskQueue {
  readonly #heap: Task[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The next task, which stays. */
  peek(): Task | undefined {
    return this.#heap[0];
  }

  push(atMs: number, host: number, run: () => void): void {
    this.#order += 1;
    const task = { atMs, order: this.#order, host, run };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(task);
    while (at > 0) {
      const up = (at - 1) >>> 1;
      const parent = heap[up];
      if (parent === undefined || isBefore(parent, task)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = task;
  }

  pop(): Task | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    this.#sink(last);
    return first;
  }

  /** Places a task that took the place of the first one. */
  #sink(task: Task): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      let child = heap[left];
      if (child === undefined) break;
      let down = left;
      const right = heap[left + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        down = left + 1;
      }
      if (isBefore(task, child)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = task;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
