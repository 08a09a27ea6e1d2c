/**
 * What regions cosigned last: never less than before, nor two roots for one size.
 *
 * @module
 */
import type { StreamName } from '../../src/core/ids.ts';
import { type Checkpoint, decisionOf } from '../../src/core/log/checkpoint.ts';
import type { SimNode } from '../nodes/node.ts';
import { Violation } from './violation.ts';

/** The last checkpoint of each stream, by the host that attests for its region. */
export class Attested {
  readonly #said: Map<SimNode, Map<StreamName, Checkpoint>> = new Map();

  /** A region says what it cosigned. */
  says(host: SimNode, checkpoint: Checkpoint, nowMs: number): void {
    const { stream, size, root } = checkpoint;
    const said = this.#said.get(host) ?? new Map<StreamName, Checkpoint>();
    const before = said.get(stream);
    // Each decision about the stream begins another log.
    const later = before === undefined ? 1 : decisionOf(checkpoint) - decisionOf(before);
    const isLess = before !== undefined && size < before.size;
    const isOther = before !== undefined && size === before.size && root !== before.root;
    if (later < 0 || (later === 0 && (isLess || isOther))) {
      const what = `${host.identity.nodeId} cosigns ${stream} ${size} after ${before?.size}`;
      throw new Violation('cosigned-once', nowMs, what);
    }
    this.#said.set(host, said.set(stream, checkpoint));
  }

  /** Its disk went back, and nobody can know: it may say less than before. */
  forget(host: SimNode): void {
    this.#said.delete(host);
  }

  /** All that was said last. */
  *[Symbol.iterator](): Generator<readonly [SimNode, Checkpoint]> {
    for (const [host, said] of this.#said) {
      for (const checkpoint of said.values()) yield [host, checkpoint];
    }
  }
}
