/**
 * What one process writes down of the others for its next start, as
 * `service/replication/member-memory.ts` does it: whom it knows, and what they signed of their
 * stores.
 *
 * @module
 */

import type { Scene } from '../world/scene.ts';
import type { Machine, SimNode } from './node.ts';

const REMEMBER_MS = 10_000;

/** The process that remembers. */
export interface RememberingProcess {
  readonly host: SimNode;
  readonly machine: Machine;
  readonly isAlive: boolean;
}

/** The memory of one process. */
export class Remembering {
  readonly #scene: Scene;
  readonly #process: RememberingProcess;
  #members = 0;
  #marks = -1;

  constructor(scene: Scene, process: RememberingProcess) {
    this.#scene = scene;
    this.#process = process;
  }

  /** Notes what is new at a steady pace from now on. */
  start(): void {
    const { host } = this.#process;
    this.#scene.after(REMEMBER_MS, host.index, () => {
      if (!this.#process.isAlive) return;
      this.note();
      this.start();
    });
  }

  note(): void {
    const { host, machine } = this.#process;
    const { disk } = host;
    const marks = machine.marks();
    if (marks.version !== this.#marks) {
      this.#marks = marks.version;
      disk.marks = marks.snapshot();
    }
    const { version, snapshot } = machine.memory();
    if (version === this.#members) return;
    this.#members = version;
    disk.memory = snapshot();
  }
}
