/**
 * What regions cosigned last: never less than before, nor two roots for one size, nor at an earlier
 * time.
 *
 * @module
 */
import { encodeHex } from '../../src/core/bytes.ts';
import type { StreamName } from '../../src/core/ids.ts';
import type { Checkpoint } from '../../src/core/log/checkpoint.ts';
import type { CosignedRecord } from '../../src/core/log/cosigner.ts';
import { compareLogs, logOrigin } from '../../src/core/log/log-name.ts';
import type { CosignedHead } from '../../src/core/log/regions.ts';
import type { SimNode } from '../nodes/node.ts';
import { Violation } from './violation.ts';

/** What was cosigned last of each stream, by the host that attests for its region. */
export class Attested {
  readonly #said: Map<SimNode, Map<StreamName, CosignedRecord>> = new Map();
  /** All of it, also what was forgotten. */
  readonly #lines: Map<SimNode, Set<string>> = new Map();

  /** A region says what it cosigned. */
  says(host: SimNode, record: CosignedRecord, nowMs: number): void {
    const { stream } = record.checkpoint;
    const said = this.#said.get(host) ?? new Map<StreamName, CosignedRecord>();
    const before = said.get(stream);
    if (before !== undefined && isBackward(before, record)) {
      const what = `${host.identity.nodeId} cosigns ${stream} ${textOf(record)}`;
      throw new Violation('cosigned-once', nowMs, `${what} after ${textOf(before)}`);
    }
    this.#said.set(host, said.set(stream, record));
    this.#lines.set(host, (this.#lines.get(host) ?? new Set()).add(nameOfLine(record)));
  }

  /** Says whether the key of a node once signed this. */
  hasSaid(host: SimNode, line: CosignedHead): boolean {
    return this.#lines.get(host)?.has(nameOfLine(line)) === true;
  }

  /** Its disk went back, and nobody can know: it may say less than before. */
  forget(host: SimNode): void {
    this.#said.delete(host);
  }

  /** What was said last of a stream. */
  newest(host: SimNode, stream: StreamName): Checkpoint | undefined {
    return this.#said.get(host)?.get(stream)?.checkpoint;
  }

  /** All that was said last. */
  *[Symbol.iterator](): Generator<readonly [SimNode, Checkpoint]> {
    for (const [host, said] of this.#said) {
      for (const { checkpoint } of said.values()) yield [host, checkpoint];
    }
  }
}

/** Names a line of one key. */
export function nameOfLine({ checkpoint, line }: CosignedHead): string {
  const { size, root } = checkpoint;
  return `${logOrigin(checkpoint)} ${String(size)} ${root} ${encodeHex(line.signature)}`;
}

/** Says whether a region that says the second after the first goes back. */
export function isBackward(before: CosignedRecord, record: CosignedRecord): boolean {
  if (record.timeSeconds < before.timeSeconds) return true;
  const [{ size, root }, held] = [record.checkpoint, before.checkpoint];
  // Each decision about the stream, and each recovery, begins another log.
  const later = compareLogs(record.checkpoint, held);
  return (
    later < 0 || (later === 0 && (size < held.size || (size === held.size && root !== held.root)))
  );
}

function textOf({ checkpoint: { size }, timeSeconds }: CosignedRecord): string {
  return `${size} at ${timeSeconds}`;
}
