/**
 * Remembers what was published, promised and shown, and says when a node breaks a promise.
 *
 * What it holds nodes to: nothing that was acknowledged is lost; what a node shows never goes back,
 * also not across restarts; one place in a stream has one content everywhere.
 *
 * @module
 */
import type { StreamStatus } from '../../src/core/admin/messages.ts';
import type { TestRelease } from '../../src/testing/realm.ts';

/** Violations beyond this are only counted. */
const TOLD_MAX = 20;

/** The memory of a run. */
export class Oracle {
  readonly #made: Map<string, TestRelease[]> = new Map();
  readonly #acknowledged: Map<string, number> = new Map();
  /** Highest sequence that a node has shown, by node, then stream. */
  readonly #shown: Map<string, Map<string, number>> = new Map();
  /** What was violated, in words. */
  readonly told: string[] = [];
  violations = 0;
  acknowledgements = 0;

  /** All releases of a stream, ascending. */
  made(stream: string): readonly TestRelease[] {
    return this.#made.get(stream) ?? [];
  }

  /** The highest sequence that was acknowledged by any node; 0 for none. */
  acknowledged(stream: string): number {
    return this.#acknowledged.get(stream) ?? 0;
  }

  /** A release was signed, and may have been offered to a node. */
  noteMade(release: TestRelease): void {
    this.#made.set(release.stream, [...this.made(release.stream), release]);
  }

  noteAcknowledged(node: string, stream: string, sequence: number): void {
    this.acknowledgements += 1;
    this.#acknowledged.set(stream, Math.max(this.acknowledged(stream), sequence));
    this.#raise(node, stream, sequence);
  }

  /** What a node has shown up to now. Taken before it is asked again, since answers may cross. */
  floors(node: string): ReadonlyMap<string, number> {
    return new Map(this.#shown.get(node));
  }

  /** Judges what a node shows. */
  judge(node: string, floors: ReadonlyMap<string, number>, heads: readonly StreamStatus[]): void {
    for (const [stream, floor] of floors) {
      const head = heads.find((each) => each.stream === stream)?.sequence ?? 0;
      if (head < floor) this.#violated(`${node} went back on ${stream}: ${floor} to ${head}`);
    }
    for (const { stream, sequence, digest, fork } of heads) {
      if (fork !== undefined) this.#violated(`${node} says that ${stream} is forked`);
      const made = this.made(stream)[sequence - 1];
      if (made !== undefined && made.digest !== digest) {
        this.#violated(`${node} has another ${stream} ${sequence}`);
      }
      this.#raise(node, stream, sequence);
    }
  }

  /** Once all nodes agree: each must hold all that was acknowledged. */
  judgeWhole(node: string, heads: readonly StreamStatus[]): void {
    for (const [stream, sequence] of this.#acknowledged) {
      const head = heads.find((each) => each.stream === stream)?.sequence ?? 0;
      if (head >= sequence) continue;
      this.#violated(`${node} lost ${stream} ${sequence}, which was acknowledged: has ${head}`);
    }
  }

  #violated(what: string): void {
    this.violations += 1;
    if (this.told.length < TOLD_MAX) this.told.push(what);
  }

  #raise(node: string, stream: string, sequence: number): void {
    const shown = this.#shown.get(node) ?? new Map<string, number>();
    shown.set(stream, Math.max(shown.get(stream) ?? 0, sequence));
    this.#shown.set(node, shown);
  }
}
