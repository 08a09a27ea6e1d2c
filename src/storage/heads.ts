/**
 * Where every stream stands, and what a batch changes about it.
 *
 * Planning a batch yields the writes and what changes, which is adopted once it is written, so that
 * a failed write leaves memory as it was. One small record per stream is all that a store keeps in
 * memory.
 *
 * @module
 */
import { sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import {
  NO_PREVIOUS,
  parseSequence,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../core/ids.ts';
import type { Evidence } from '../core/trusted/state.ts';
import type { StoreBatch, StoredDocument, StoredHead } from '../ports/store.ts';
import { Draft } from './draft.ts';
import type { Put } from './key-value.ts';
import { blobKey, bodyKey, documentKey, forkKey, headKey, WRITES_KEY } from './keys.ts';
import {
  encodeDocument,
  encodeFork,
  encodeHead,
  encodeWrites,
  type HeadRecord,
} from './records.ts';

/** Finds the digest of a stored document. */
export type DigestAt = (stream: StreamName, sequence: Sequence) => Promise<Sha256 | undefined>;

/** How a plan reads the store: up to the head, and whatever lies in a place. */
export interface PlanReader {
  readonly digestAt: DigestAt;
  readonly anyDigestAt: DigestAt;
}

/** What a batch comes to; nothing to write when all of it is held. */
export interface AppendPlan {
  readonly puts: readonly Put[];
  readonly removedKeys: readonly string[];
  readonly changes: HeadChanges;
}

/** What a batch changes about heads and forks; an absent fork is over. */
export interface HeadChanges {
  readonly heads: ReadonlyMap<StreamName, HeadRecord>;
  readonly forks: ReadonlyMap<StreamName, Evidence | undefined>;
}

/** The heads and forks of all streams. */
export class Heads {
  readonly #heads: Map<StreamName, HeadRecord>;
  readonly #forks: Map<StreamName, Evidence>;
  #writes: number;

  constructor(
    heads: ReadonlyMap<StreamName, HeadRecord>,
    forks: ReadonlyMap<StreamName, Evidence>,
    writes: number,
  ) {
    this.#writes = writes;
    this.#heads = new Map(heads);
    this.#forks = new Map(forks);
  }

  /** What was planned is written. */
  adopt({ heads, forks }: HeadChanges): void {
    this.advance();
    for (const [stream, head] of heads) this.#heads.set(stream, head);
    for (const [stream, fork] of forks) {
      if (fork === undefined) this.#forks.delete(stream);
      else this.#forks.set(stream, fork);
    }
  }

  /** How often the store was written to. */
  get writes(): number {
    return this.#writes;
  }

  /** One more without a change of heads, and than `beyond`, as it is written. */
  nextWrite(beyond = 0): Put {
    return { key: WRITES_KEY, value: encodeWrites(this.#after(beyond)) };
  }

  /** {@link nextWrite} is written. */
  advance(beyond = 0): void {
    this.#writes = this.#after(beyond);
  }

  /** The sequence of a stream's head; 0 when there is none. */
  sequence(stream: StreamName): number {
    return this.#heads.get(stream)?.sequence ?? 0;
  }

  /** Where a stream stands; sequence 0 when nothing of it is common. */
  last(stream: StreamName): HeadRecord {
    return this.#heads.get(stream) ?? { sequence: 0, digest: NO_PREVIOUS };
  }

  /** All streams by name. */
  list(): readonly StoredHead[] {
    const rows = [...this.#heads].map(
      ([stream, { sequence, digest }]): StoredHead => ({
        stream,
        sequence,
        digest: sequence === 0 ? undefined : digest,
        fork: this.#forks.has(stream) ? 'forked' : 'none',
      }),
    );
    return rows.sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  /** The evidence of all forked streams by name. */
  evidence(): readonly Evidence[] {
    return [...this.#forks.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  /** Checks a batch against the heads. Errors: `BUG`; those of `digestAt`. */
  async plan(batch: StoreBatch, reader: PlanReader): Promise<AppendPlan> {
    const { digestAt } = reader;
    const heads = new Draft(this.#heads);
    const forks = new Draft(this.#forks);
    const puts: Put[] = [];
    const removedKeys: string[] = [];
    const { replaced } = batch;
    if (replaced !== undefined && !(await areHeld(batch.documents, this.#heads, digestAt))) {
      const { stream, sequence, digest } = replaced;
      await requireStored(replaced, reader.anyDigestAt);
      if (forks.get(stream) !== undefined) removedKeys.push(forkKey(stream));
      forks.set(stream, undefined);
      heads.set(stream, { sequence, digest });
    }
    for (const entry of batch.documents) {
      if (await this.#isHeld(entry, heads, digestAt)) continue;
      heads.set(entry.stream, requireNext(entry, heads, forks));
      puts.push(...documentPuts(entry));
    }
    // Without a new document the batch is a repetition, and the streams may have grown since.
    for (const settled of puts.length === 0 ? [] : (batch.settled ?? [])) {
      const { stream, sequence, digest } = settled;
      if (forks.get(stream) !== undefined) removedKeys.push(forkKey(stream));
      forks.set(stream, undefined);
      await requireStored(settled, reader.anyDigestAt);
      heads.set(stream, { sequence, digest });
    }
    for (const { id, der } of batch.blobs) {
      requireDigest('a blob', id, der);
      puts.push({ key: blobKey(id), value: der });
    }
    if (batch.evidence !== undefined) {
      const common = parseSequence(batch.evidence.sequence) - 1;
      requireEarlier(batch.evidence, forks);
      forks.set(batch.evidence.stream, batch.evidence);
      puts.push({ key: forkKey(batch.evidence.stream), value: encodeFork(batch.evidence) });
      heads.set(
        batch.evidence.stream,
        await this.#cutTo(batch.evidence.stream, common, heads, batch, digestAt),
      );
    }
    const changes = { heads: heads.changed(), forks: forks.changes };
    for (const [stream, head] of changes.heads) {
      puts.push({ key: headKey(stream), value: encodeHead(head) });
    }
    if (puts.length > 0) puts.push(this.nextWrite());
    return { puts, removedKeys, changes };
  }

  #after(beyond: number): number {
    return Math.max(this.#writes, beyond) + 1;
  }

  async #isHeld(
    entry: StoredDocument,
    heads: Draft<HeadRecord>,
    digestAt: DigestAt,
  ): Promise<boolean> {
    const { stream, sequence, digest } = entry;
    const head = heads.get(stream);
    if (head === undefined || sequence > head.sequence) return false;
    const held = sequence === head.sequence ? head.digest : await digestAt(stream, sequence);
    if (held === digest) return true;
    throw bug(entry, 'is taken by another statement');
  }

  /** The head after a fork: the common sequence, or less when the store is not that far. */
  async #cutTo(
    stream: StreamName,
    common: number,
    heads: Draft<HeadRecord>,
    batch: StoreBatch,
    digestAt: DigestAt,
  ): Promise<HeadRecord> {
    const head = heads.get(stream);
    if (head !== undefined && head.sequence <= common) return head;
    if (head === undefined || common === 0) return { sequence: 0, digest: NO_PREVIOUS };
    const sequence = parseSequence(common);
    const sameBatch = batch.documents.find((d) => d.stream === stream && d.sequence === common);
    const digest = sameBatch?.digest ?? (await digestAt(stream, sequence));
    if (digest === undefined) throw new KedgeError('BUG', `no head ${stream} ${String(common)}`);
    return { sequence, digest };
  }
}

/** Says whether all of a batch was written before. */
async function areHeld(
  entries: readonly StoredDocument[],
  heads: ReadonlyMap<StreamName, HeadRecord>,
  digestAt: DigestAt,
): Promise<boolean> {
  for (const { stream, sequence, digest } of entries) {
    const head = heads.get(stream);
    if (head === undefined || sequence > head.sequence) return false;
    const held = sequence === head.sequence ? head.digest : await digestAt(stream, sequence);
    if (held !== digest) return false;
  }
  return true;
}

function requireNext(
  entry: StoredDocument,
  heads: Draft<HeadRecord>,
  forks: Draft<Evidence>,
): HeadRecord {
  const { stream, sequence, digest, document } = entry;
  if (sequence !== (heads.get(stream)?.sequence ?? 0) + 1) throw bug(entry, 'would leave a gap');
  const fork = forks.get(stream);
  if (fork !== undefined && sequence >= fork.sequence) throw bug(entry, 'lies behind a fork');
  requireDigest(`${stream} ${String(sequence)}`, digest, document.statement.payload);
  return { sequence, digest };
}

function documentPuts({ stream, sequence, digest, document }: StoredDocument): readonly Put[] {
  const bodyDigest = sha256(document.body);
  const record = encodeDocument({ digest, bodyDigest, statement: document.statement });
  return [
    { key: bodyKey(bodyDigest), value: document.body },
    { key: documentKey(stream, sequence), value: record },
  ];
}

/** A stream goes on after what is there, or from its beginning. */
async function requireStored(
  { stream, sequence, digest }: NonNullable<StoreBatch['settled']>[number],
  anyDigestAt: DigestAt,
): Promise<void> {
  const held = sequence === 0 ? NO_PREVIOUS : await anyDigestAt(stream, parseSequence(sequence));
  if (held === digest) return;
  throw new KedgeError(
    'BUG',
    `${stream} cannot go on after ${String(sequence)}: nothing was stored`,
  );
}

function requireEarlier(evidence: Evidence, forks: Draft<Evidence>): void {
  const held = forks.get(evidence.stream);
  if (held === undefined || evidence.sequence <= held.sequence) return;
  throw new KedgeError('BUG', `${evidence.stream} forked earlier than this evidence says`);
}

function requireDigest(what: string, digest: Sha256, bytes: Uint8Array): void {
  if (sha256(bytes) === digest) return;
  throw new KedgeError('BUG', `${what} does not hash to ${digest}: nothing was stored`);
}

function bug({ stream, sequence }: StoredDocument, what: string): KedgeError {
  return new KedgeError('BUG', `${stream} ${String(sequence)} ${what}: nothing was stored`, {
    detail: { stream, sequence },
  });
}
