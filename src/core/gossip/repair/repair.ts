/**
 * Repair: two nodes find out what one of them lacks, by digest, whatever was lost on the way.
 *
 * A digest goes out when a link is ready and to one link every 2 s; every 16 s once all links were
 * found equal and have acknowledged what moved since. Equal roots: done. Otherwise a node asks
 * for the rows that changed since the last revision of the peer that it saw: one row per change.
 * When both have seen all revisions of each other, or nothing is known of a peer's since it
 * started, they walk down the hash tree (`row-tree.ts`), 16 children at a time. A row only says
 * what is worth asking for; what is fetched is verified. Source: docs/replication.md.
 *
 * @module
 */
import type { NodeId } from '../../ids.ts';
import { PEERS_MAX } from '../../limits.ts';
import type { Fetching } from '../fetching/fetching.ts';
import type { RowsAnswer, StoreDigest } from '../frames.ts';
import type { Link, LinkTable } from '../links/links.ts';
import type { Outbox } from '../outbox.ts';
import type { Replica } from '../replica/replica.ts';
import type { MarkNews } from '../restored/marks.ts';
import type { Row } from '../rows.ts';
import { compareRow } from '../rows.ts';
import { isBucket, type TreeNode } from './row-tree.ts';

/** How often one peer is asked to compare, milliseconds. */
export const REPAIR_INTERVAL_MS: number = 2000;
/** Of so many turns to compare one is taken while all is equal and still. */
const CALM_TURNS = 8;
/** Rows in one frame. */
const ROWS_PER_FRAME = 1000;
/** Nodes in one frame. */
const NODES_PER_FRAME = 256;
/** Below this number of rows all are sent to a peer that has seen none: cheaper than a walk. */
const WALK_MIN_ROWS = 16;
const TREE_ROOT = 1;

/** Which revision of a peer's rows is known here. */
interface Cursor {
  readonly bootId: string;
  readonly revision: number;
}

/** What a digest says of its sender beside the rows. */
export type Introduction = Pick<StoreDigest, 'others' | 'standing'> & MarkNews;

/** What repair works with. */
export interface RepairParts {
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly replica: Replica;
  readonly fetching: Fetching;
  /** What a digest says of this node beside its rows. */
  readonly introduction: (link: Link) => Introduction;
  /** False while this node is held back and looks for others to compare with. */
  readonly isServing: () => boolean;
}

/** The comparing of one node with its peers. */
export class Repair {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #replica: Replica;
  readonly #fetching: Fetching;
  readonly #introduction: RepairParts['introduction'];
  readonly #isServing: RepairParts['isServing'];
  readonly #cursors: Map<NodeId, Cursor> = new Map();
  #turn = 0;
  #differingTurn = 0;
  #ticks = 0;
  /** Peers whose root was equal since something moved, whoever of the two asked. */
  readonly #equal: Set<NodeId> = new Set();
  /** The revision at the last turn. */
  #revision = 0;

  constructor(parts: RepairParts) {
    this.#outbox = parts.outbox;
    this.#links = parts.links;
    this.#replica = parts.replica;
    this.#fetching = parts.fetching;
    this.#introduction = parts.introduction;
    this.#isServing = parts.isServing;
  }

  /** Shows the next peer our digest if it is time; called every {@link REPAIR_INTERVAL_MS}. */
  tick(): void {
    const links = this.#links.ready();
    for (const each of links) each.repairBudget.refill();
    this.#ticks += 1;
    if (this.#isCalm(links) && this.#ticks % CALM_TURNS !== 0) return;
    const link = this.#next(links);
    if (link !== undefined) this.show(link, 'answer');
  }

  /** Something is on its way: all peers are to be compared with again. */
  stirred(): void {
    this.#equal.clear();
  }

  /** A link is gone, and what its peer said with it: what was not fetched has to be said again. */
  lost({ nodeId, held }: Link): void {
    const { rows } = this.#replica.rows;
    const isMissing = (row: Row): boolean => compareRow(rows.get(row.stream), row) === 'fetch';
    if ([...held.values()].some(isMissing)) this.#cursors.delete(nodeId);
  }

  /** A peer says what it holds of a stream: where that is the same, nothing is on its way. */
  heard(row: Row): void {
    const ours = this.#replica.rows.rows.get(row.stream);
    if (ours === undefined || compareRow(ours, row) !== 'same') this.stirred();
  }

  /** Shows a peer our digest. */
  show(link: Link, ask: StoreDigest['ask']): void {
    const { root, rows, revision } = this.#replica.rows;
    const seen = this.#cursorOf(link);
    const digest = { root, count: rows.size, revision, seen, ask, ...this.#introduction(link) };
    this.#outbox.send(link, { kind: 'digest', digest });
  }

  /** The peer shows its digest: ask for what it has more. */
  digest(link: Link, digest: StoreDigest): void {
    link.root = digest.root;
    if (digest.ask === 'answer') this.show(link, 'note');
    const ours = this.#replica.rows;
    if (digest.root === ours.root) {
      this.#equal.add(link.nodeId);
      return this.#saw(link, digest.revision);
    }
    this.stirred();
    const cursor = this.#cursorOf(link);
    if (cursor === 0 && digest.count >= WALK_MIN_ROWS && ours.rows.size > 0) {
      return this.#walk(link, [TREE_ROOT]);
    }
    if (cursor !== digest.revision) {
      return this.#outbox.send(link, { kind: 'rows-ask', since: cursor });
    }
    // All changes are known to both, and none is on its way here: something was lost.
    const isSettled = !this.#replica.isWriting && !this.#fetching.isBusy;
    if (digest.seen === ours.revision && isSettled) this.#walk(link, [TREE_ROOT]);
  }

  /** The peer asks for rows that changed after a revision. Errors: `LIMIT`. */
  rowsAsk(link: Link, since: number): void {
    this.stirred();
    const { revision } = this.#replica.rows;
    const rows = this.#replica.rows.since(since);
    let start = 0;
    do {
      const part = rows.slice(start, start + ROWS_PER_FRAME);
      start += ROWS_PER_FRAME;
      const isLast = start >= rows.length;
      this.#sendRows(
        link,
        isLast ? { rows: part, revision, buckets: [] } : { rows: part, buckets: [] },
      );
    } while (start < rows.length);
  }

  /** The peer shows nodes of its tree: go on below those that differ. Errors: `LIMIT`. */
  tree(link: Link, nodes: readonly TreeNode[]): void {
    this.stirred();
    const differing = nodes.flatMap((node) => this.#replica.rows.differing(node));
    this.#walk(
      link,
      differing.filter((index) => !isBucket(index)),
    );
    let rows: Row[] = [];
    let buckets: number[] = [];
    for (const bucket of differing.filter(isBucket)) {
      rows.push(...this.#replica.rows.rowsIn(bucket));
      buckets.push(bucket);
      if (rows.length < ROWS_PER_FRAME) continue;
      this.#sendRows(link, { rows, buckets });
      rows = [];
      buckets = [];
    }
    if (buckets.length > 0) this.#sendRows(link, { rows, buckets });
  }

  /** Rows of the peer: fetch what it has more; in whole buckets, tell it what we have more. */
  rows(link: Link, { rows, revision, buckets }: RowsAnswer, nowMs: number): void {
    this.stirred();
    for (const row of rows) link.noteHeld(row);
    this.#fetching.announced(link, rows, nowMs);
    if (revision !== undefined) this.#saw(link, revision);
    const theirs = new Map(rows.map((row) => [row.stream, row]));
    for (const row of buckets.flatMap((bucket) => this.#replica.rows.rowsIn(bucket))) {
      const their = theirs.get(row.stream);
      if (their === undefined || compareRow(row, their) === 'tell') this.#tell(link, row, their);
    }
  }

  /** What the peer acknowledges is its next revision when we saw all before. */
  acknowledged(link: Link, revision: number): void {
    if (this.#cursorOf(link) === revision - 1) this.#saw(link, revision);
  }

  /**
   * Every other turn is for those who were found to differ, where there are some: what was lost on
   * the way to or from them shows only when all changes are known to both. The rest is for all,
   * since who differs for ever, or lies, must not keep the others from being compared with.
   */
  #next(links: readonly Link[]): Link | undefined {
    const { root } = this.#replica.rows;
    const differing = links.filter((link) => link.root !== undefined && link.root !== root);
    const isForThem = differing.length > 0 && this.#ticks % 2 === 0;
    if (isForThem) return differing[this.#differingTurn++ % differing.length];
    return links[this.#turn++ % Math.max(1, links.length)];
  }

  /** All peers are equal, with nothing under way here and nobody held back from clients. */
  #isCalm(links: readonly Link[]): boolean {
    const { rows, isWriting } = this.#replica;
    if (rows.revision !== this.#revision) this.#changed(links, rows.since(this.#revision));
    this.#revision = rows.revision;
    if (isWriting || this.#fetching.isBusy || !this.#isServing()) this.stirred();
    return links.every(({ nodeId }) => this.#equal.has(nodeId));
  }

  /** Whoever was equal before and acknowledged what changed since is equal now. */
  #changed(links: readonly Link[], rows: readonly Row[]): void {
    for (const { nodeId, held } of links) {
      const isSame = rows.every((row) => {
        const theirs = held.get(row.stream);
        return theirs !== undefined && compareRow(row, theirs) === 'same';
      });
      if (!isSame) this.#equal.delete(nodeId);
    }
  }

  #walk(link: Link, indices: readonly number[]): void {
    link.repairBudget.spend(indices.length, 0);
    for (let start = 0; start < indices.length; start += NODES_PER_FRAME) {
      const part = indices.slice(start, start + NODES_PER_FRAME);
      const nodes = part.map((index) => this.#replica.rows.node(index));
      this.#outbox.send(link, { kind: 'tree', nodes });
    }
  }

  #sendRows(link: Link, rows: RowsAnswer): void {
    link.repairBudget.spend(0, rows.rows.length);
    this.#outbox.send(link, { kind: 'rows', rows });
  }

  #tell(link: Link, row: Row, their: Row | undefined): void {
    const stream = this.#replica.durable.streams.get(row.stream);
    if (stream?.kind === 'forked' && their?.digest !== row.digest) {
      this.#outbox.send(link, { kind: 'fork', evidence: stream.evidence });
    }
    // Of a fork that is known this says what lies below.
    this.#outbox.send(link, { kind: 'held', row });
  }

  #cursorOf({ nodeId, hello }: Link): number {
    const cursor = this.#cursors.get(nodeId);
    return cursor?.bootId === hello.bootId ? cursor.revision : 0;
  }

  #saw({ nodeId, hello }: Link, revision: number): void {
    if (this.#cursors.size >= PEERS_MAX && !this.#cursors.has(nodeId)) this.#cursors.clear();
    this.#cursors.set(nodeId, { bootId: hello.bootId, revision });
  }
}
