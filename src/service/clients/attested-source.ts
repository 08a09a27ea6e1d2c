/**
 * What regions attest, made ready for readers: cosigned heads with the place of the last statement,
 * and heartbeats with proofs of single rows.
 *
 * Everything that is given out was verified by the replication machine; readers verify it again.
 * Spec section 8.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { Attestations } from '../../core/gossip/attestations.ts';
import { rowIn } from '../../core/gossip/rows.ts';
import type { RegionName, StreamName } from '../../core/ids.ts';
import { NOTE_SIGNATURES_MAX } from '../../core/limits.ts';
import type { AttestedRows, CosignedLeaf, StreamAttestation } from '../../core/log/attested.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { type HeadRow, type HeadTree, proveHead } from '../../core/log/heads.ts';
import type { Heartbeat } from '../../core/log/heartbeat.ts';
import { isSameLog, type LogName, logOrigin } from '../../core/log/log-name.ts';
import { completeProof, planInclusion } from '../../core/log/plan.ts';
import type { ProofHashes } from '../../core/log/proof.ts';
import type { RegionSplit } from '../../core/log/split.ts';
import { perfectSubtrees, treeRoot } from '../../core/log/tree.ts';
import { logOf } from '../../core/trusted/decisions.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import type { Store } from '../../ports/store.ts';
import { HeadTrees } from '../attesting/head-trees.ts';
import { Prepared } from './prepared.ts';

/** Places of last statements that are kept for readers that ask for the same. */
const LEAVES_KEPT = 256;
/** Sets of rows that are kept per heartbeat. */
const ROW_SETS_KEPT = 64;

/** A head and its place in the log. */
interface Leaf {
  readonly checkpoint: Checkpoint;
  readonly proof: ProofHashes;
  /** As in {@link CosignedLeaf}. */
  readonly sequence?: number;
}

/** The place of a last statement, and what was last shown of it. */
interface KnownLeaf {
  readonly place: string;
  readonly leaf: Prepared<Leaf>;
  shown: CosignedLeaf | undefined;
}

/** A heartbeat whose rows this node can prove. */
interface Provable {
  readonly heartbeat: Heartbeat;
  readonly tree: HeadTree;
  /** Made once per set of streams, so that a transport can encode each once. */
  readonly made: Map<string, AttestedRows>;
}

/** Says whether a reader knows a line already. */
type IsTold = (line: CosignedLeaf['lines'][number]) => boolean;

/** What a source works with. */
export interface AttestedSourceOptions {
  /** What is on disk at start. */
  readonly state: TrustedState;
  readonly store: Store;
  readonly attestations: () => Pick<Attestations, 'cosigned' | 'heartbeats' | 'splits'>;
}

/** The attestations of one node, for readers. */
export class AttestedSource {
  readonly #options: AttestedSourceOptions;
  readonly #trees: HeadTrees;
  readonly #provable: Map<RegionName, Provable> = new Map();
  /** Heartbeats over rows that this node does not have yet. */
  readonly #ahead: Map<RegionName, Heartbeat> = new Map();
  readonly #leaves: Map<string, KnownLeaf> = new Map();
  #state: TrustedState;

  constructor(options: AttestedSourceOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#trees = new HeadTrees(options.state);
  }

  /** The durable state moved; returns the heartbeats whose rows can be shown from now on. */
  moved(state: TrustedState, streams: readonly StreamName[]): readonly Heartbeat[] {
    this.#state = state;
    this.#trees.moved(state, streams);
    const ahead = [...this.#ahead.values()];
    for (const heartbeat of ahead) this.heard(heartbeat);
    return ahead.filter(({ region }) => !this.#ahead.has(region));
  }

  /** A region's newest heartbeat is known. */
  heard(heartbeat: Heartbeat): void {
    const { region } = heartbeat;
    const tree = this.#trees.find(heartbeat.heads);
    if (tree === undefined) {
      this.#ahead.set(region, heartbeat);
    } else {
      this.#ahead.delete(region);
      this.#provable.set(region, { heartbeat, tree, made: new Map() });
    }
  }

  /** Proofs against regions. */
  get splits(): readonly RegionSplit[] {
    return this.#options.attestations().splits;
  }

  /** The newest heartbeat of each region whose rows can be shown here. */
  heartbeats(): readonly Heartbeat[] {
    const counting = this.#options.attestations().heartbeats;
    return [...this.#provable.values()]
      .map(({ heartbeat }) => heartbeat)
      .filter(({ region, keyId }) => counting.get(region)?.keyId === keyId);
  }

  /** A region's newest heartbeat with its rows of these streams, those that it has. */
  rows(region: RegionName, streams: readonly StreamName[]): AttestedRows | undefined {
    const provable = this.#provable.get(region);
    if (provable === undefined) return undefined;
    const { heartbeat, tree, made } = provable;
    const key = streams.join(' ');
    const known = made.get(key);
    if (known !== undefined) return known;
    const rows = streams
      .map((stream) => proveHead(tree, stream))
      .filter((row) => row !== undefined);
    const said = { heartbeat, rows };
    if (made.size < ROW_SETS_KEPT) made.set(key, said);
    return said;
  }

  /**
   * The durable head of a stream with the lines of regions that cosigned it, but for those that
   * `isTold` knows; absent when there are none. Errors: `STORE`.
   */
  async cosigned(
    stream: StreamName,
    isTold: IsTold = () => false,
  ): Promise<CosignedLeaf | undefined> {
    while (true) {
      const shown = this.shown(stream, isTold);
      if (!(shown instanceof Prepared)) return shown;
      await shown.settled;
    }
  }

  /**
   * The same, of the statement `at` (absent: the last one) and without waiting: what has to be read
   * first, or what there is. Readers that were told
   * the same get the very same object, so that a transport can encode it once.
   */
  shown(
    stream: StreamName,
    isTold: IsTold,
    at?: number,
  ): CosignedLeaf | Prepared<unknown> | undefined {
    const row = rowIn(this.#state, stream);
    if (row === undefined || row.forked || row.sequence === 0) return undefined;
    const log = logOf(this.#state, stream);
    const heads = this.#options
      .attestations()
      .cosigned(stream)
      .filter(({ checkpoint, line }) => checkpoint.size === row.sequence && !isTold(line))
      .filter(({ checkpoint }) => isSameLog(checkpoint, log));
    if (heads.length === 0) return undefined;
    const known = this.#leaf(log, row, at);
    if (known.leaf.value === undefined) return known.leaf;
    const { checkpoint, ...leaf } = known.leaf.value;
    const lines = heads
      .filter((head) => head.checkpoint.root === checkpoint.root)
      .map(({ line }) => line)
      .slice(0, NOTE_SIGNATURES_MAX);
    if (lines.length === 0) return undefined;
    if (!hasLines(known.shown, lines)) known.shown = { checkpoint, lines, ...leaf };
    return known.shown;
  }

  /**
   * All that is attested of a stream. Errors: `UNAVAILABLE` when nothing is held of it, or no
   * region has cosigned it yet; `STORE`.
   */
  async of(stream: StreamName): Promise<StreamAttestation> {
    const size = rowIn(this.#state, stream)?.sequence ?? 0;
    if (size === 0) throw new KedgeError('UNAVAILABLE', `this node holds nothing of ${stream}`);
    const leaf = await this.cosigned(stream);
    if (leaf === undefined) {
      throw new KedgeError('UNAVAILABLE', `no region has cosigned ${stream} at ${size} yet`);
    }
    const heartbeats = this.heartbeats()
      .map(({ region }) => this.rows(region, [stream]))
      .filter((said) => said !== undefined);
    return { leaf, heartbeats };
  }

  #leaf(log: LogName, { stream, sequence, digest }: HeadRow, at: number | undefined): KnownLeaf {
    const place = `${logOrigin(log)} ${digest}`;
    const key = at === undefined ? stream : `${stream} ${String(at)}`;
    const known = this.#leaves.get(key);
    if (known?.place === place) return known;
    const leaf = new Prepared(this.#makeLeaf(log, sequence, at));
    const made: KnownLeaf = { place, leaf, shown: undefined };
    this.#leaves.delete(key);
    this.#leaves.set(key, made);
    leaf.settled.catch(() => this.#leaves.delete(key));
    const [oldest] = this.#leaves.keys();
    if (this.#leaves.size > LEAVES_KEPT && oldest !== undefined) this.#leaves.delete(oldest);
    return made;
  }

  async #makeLeaf(log: LogName, size: number, at: number | undefined): Promise<Leaf> {
    const { store } = this.#options;
    const { stream } = log;
    const peaks = await store.subtrees(stream, perfectSubtrees(0, size));
    const plan = planInclusion((at ?? size) - 1, size);
    const subtrees = plan.flat();
    const hashes = await store.subtrees(stream, subtrees);
    const proof = completeProof(plan, (at) => {
      const hash = hashes[subtrees.indexOf(at)];
      if (hash === undefined) throw new KedgeError('BUG', 'a hash of a proof was not read');
      return hash;
    });
    const root = treeRoot({ size, peaks });
    const head = { checkpoint: { ...log, size, root }, proof };
    return at === undefined ? head : { ...head, sequence: at };
  }
}

function hasLines(shown: CosignedLeaf | undefined, lines: CosignedLeaf['lines']): boolean {
  return shown?.lines.length === lines.length && lines.every((line, i) => line === shown.lines[i]);
}
