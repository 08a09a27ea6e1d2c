/**
 * What is held after steps that came to what they should: heads, decisions and forks of a case,
 * from the outcomes alone.
 */
import { createHash } from 'node:crypto';
import { encodeUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import type { CaseResult, Outcome, StreamResult } from '../format.ts';
import type { Doc, Resolved } from './realm.ts';

interface Accepted {
  readonly doc: Doc;
  readonly valid: number;
}

/** What one party holds. */
export class Ledger {
  /** What is accepted, by stream, ascending. */
  readonly #accepted: Map<string, Accepted[]> = new Map();
  readonly #forks: Map<string, { sequence: number; digests: Set<string> }> = new Map();

  /** The newest accepted of a stream. */
  newest(stream: string): Doc | undefined {
    return this.#accepted.get(stream)?.at(-1)?.doc;
  }

  /** How many of a stream are accepted. */
  count(stream: string): number {
    return this.#accepted.get(stream)?.length ?? 0;
  }

  /** Notes what the offer of some documents came to; `valid`: how many signatures are. */
  take(docs: readonly Doc[], outcome: Outcome, valid?: number): void {
    const last = docs.at(-1);
    if (outcome === 'accepted') for (const doc of docs) this.#accept(doc, valid);
    if (outcome === 'forked' && last !== undefined) this.fork(last, [last.digest]);
  }

  /** A stream stops before the lowest fork; of several statements the two smallest stay. */
  fork({ stream, sequence }: Doc, digests: readonly string[]): void {
    const known = this.#forks.get(stream);
    const held = this.#accepted.get(stream)?.find((one) => one.doc.sequence === sequence);
    const lower = known === undefined || sequence < known.sequence;
    const before = known?.sequence === sequence ? known.digests : [];
    if (!lower && known.sequence !== sequence) return;
    const all = new Set([...before, ...digests, ...(held === undefined ? [] : [held.doc.digest])]);
    this.#forks.set(stream, { sequence, digests: new Set([...all].toSorted().slice(0, 2)) });
  }

  /** Where everybody stands then. */
  result(): CaseResult {
    const names = [...new Set([...this.#accepted.keys(), ...this.#forks.keys()])].toSorted();
    const streams = names.map((name) => this.#stream(name));
    const charters = streams.find(({ stream }) => stream === 'charter');
    const lines = streams.map(({ stream, sequence, digest, evidence }) =>
      evidence === undefined
        ? `${stream}\0${sequence}\0${digest ?? ''}-\n`
        : `${stream}\0${sequence}\0${sha256(encodeUtf8(evidence.join('')))}F\n`,
    );
    return {
      charterVersion: charters?.sequence ?? 0,
      root: treeRoot(lines),
      streams,
    };
  }

  #stream(stream: string): StreamResult {
    const fork = this.#forks.get(stream);
    if (fork !== undefined) {
      const sequence = fork.sequence - 1;
      const common = this.#accepted.get(stream)?.find((one) => one.doc.sequence === sequence);
      const evidence = [...fork.digests].toSorted();
      const stopped = { stream, state: 'forked', sequence, evidence } as const;
      return common === undefined ? stopped : { ...stopped, digest: common.doc.digest };
    }
    const head = this.#accepted.get(stream)?.at(-1);
    if (head === undefined) throw new Error(`nothing is held of ${stream}`);
    const { sequence, digest, replaces } = head.doc;
    const open = { stream, state: 'open', sequence, digest } as const;
    if (stream === 'charter') return open;
    return { ...open, signatures: head.valid, ...(replaces !== undefined && { replaces }) };
  }

  #accept(doc: Doc, valid: number = doc.statement.signatures.length): void {
    const held = this.#accepted.get(doc.stream) ?? [];
    if (held.some((one) => one.doc.digest === doc.digest)) return;
    // A charter of recovery keys takes the place of what was there, and ends a fork.
    if (doc.stream === 'charter') this.#forks.delete('charter');
    const accepted = held.filter((one) => one.doc.sequence < doc.sequence);
    this.#accepted.set(doc.stream, [...accepted, { doc, valid }]);
    for (const resolution of doc.resolutions ?? []) this.#resolve(resolution);
  }

  /** The stream goes on; of what was accepted the side that fell is gone. */
  #resolve({ stream, sequence, digest }: Resolved): void {
    if (this.#forks.get(stream)?.sequence === sequence) this.#forks.delete(stream);
    const accepted = this.#accepted.get(stream) ?? [];
    const there = accepted.find(({ doc }) => doc.sequence === sequence);
    if (there === undefined || there.doc.digest === digest) return;
    this.#accepted.set(
      stream,
      accepted.filter(({ doc }) => doc.sequence < sequence),
    );
  }
}

/** The root over lines of rows, by the definition in docs/replication.md. */
function treeRoot(lines: readonly string[]): string {
  const placed = lines.map((line) => {
    const place = createHash('sha256')
      .update(line.slice(0, line.indexOf('\0')))
      .digest();
    return { line, bits: place.readUInt16BE(0) >> 4 };
  });
  const hashAt = (depth: number, prefix: number): Buffer => {
    const under = placed.filter(({ bits }) => bits >> (12 - depth) === prefix);
    if (under.length === 0) return Buffer.alloc(32);
    const hash = createHash('sha256');
    if (depth === 12) {
      const sorted = under.map(({ line }) => line).toSorted();
      return hash.update(`\0${sorted.join('')}`).digest();
    }
    return hash
      .update('\u0001')
      .update(hashAt(depth + 1, 2 * prefix))
      .update(hashAt(depth + 1, 2 * prefix + 1))
      .digest();
  };
  return hashAt(0, 0).toString('hex');
}
