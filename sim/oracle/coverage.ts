/**
 * "Sometimes": what has to happen now and then, or the run says little.
 *
 * An invariant that holds because its case never came up is worth nothing, so a run fails when one
 * of these was never hit that so many seeds show for certain. What is rare is demanded of long runs
 * only, and of batches when they are judged together (`runs/joined.ts`).
 *
 * @module
 */

/** What must come up; each says when. */
export const SOMETIMES = {
  'push-adopted': 'a statement is adopted from a push',
  'fetch-adopted': 'a statement is adopted from a fetch',
  'history-adopted': 'several statements are adopted together, on the word of the last',
  'push-led-to-fetch': 'a push that cannot be opened or does not follow is fetched (base mismatch)',
  'repair-led-to-fetch': 'a comparison finds something missing',
  'pull-moves-on': 'an announcer does not deliver in time and another one is asked',
  'bucket-fallback': 'two nodes compare their tables by buckets',
  refutation: 'a live node hears that it is suspected',
  'fork-freeze': 'a stream stops on evidence',
  'fork-heals': 'all nodes agree on a fork after healing',
  'fork-decided': 'a charter decides about a fork when all is calm',
  'fork-decided-early': 'a charter decides about a fork while faults strike',
  'stream-settled': 'a decision opens or moves a stream',
  recovered: 'recovery keys take the realm back from a thief of the charter quorum',
  cosigned: 'a region cosigns a head',
  'cosigned-another-log': 'a region cosigns the log that a decision about a fork began',
  'cosigned-recovered': 'a region cosigns a log that a recovery began',
  'link-replaced': 'a link gives way to a better one of the same nodes',
  'hang-up': 'a link is closed for what its peer sent',
  'keep-alive': 'a silent link is given up',
  'link-reset': 'a link breaks with a frame on the way',
  'half-open': 'a link is up for one end only',
  'undecodable-frame': 'a frame does not decode',
  'duplicate-frame': 'a frame arrives twice',
  'peer-dark': 'a way between two nodes is cut',
  'crash-between-effects': 'a process dies between two effects of one event',
  'power-cut': 'a machine dies without telling its peers',
  restart: 'a node starts again from what its disk holds',
  'torn-write': 'a crash cuts a write in the middle',
  'lost-write': 'a crash loses a write that nobody was told of',
  'unanswered-write': 'a crash comes after a write and before its answer',
  'group-write': 'several batches are written as one',
  'failed-write': 'the disk refuses',
  'failed-but-written': 'the disk says that it refused, and wrote',
  'write-failed-submit': 'an admin is told that the disk refused',
  'submit-conflict': 'two admins race for one sequence',
  'submit-held': 'a statement is submitted again',
  proposed: 'an admin hands one signature of several in',
  completed: 'a node sees the last signature of a proposal',
  'rollout-early': 'a rollout comes before the release that it names',
  'rollout-on-fork': 'a rollout is accepted while the releases of its bundle are forked',
  'wave-opened': 'a wave after the first one opens',
  'rollout-stopped': 'a rollout stops by itself',
  'wave-timed': 'a wave opens at a time before which it was closed',
  'wave-closed': 'a wave whose gates hold waits for its hours',
  'wave-doubted': 'a node does not rely on its clock, and keeps a wave closed',
  recall: 'the store is asked for what the machine cannot remember',
  'backup-restored': 'an old copy of a store comes back',
  'copy-restored': 'an old copy of a store comes back and looks like itself',
  'copy-found': 'a node learns from its own signature that its store is an old copy',
  'copy-cosigned':
    'a node learns from a line by the key of its region that its store is an old copy',
  unvouched: 'a node that attests loses all its links, and its key signs nothing for a while',
  'copy-noticed': 'a node learns that another process runs on a copy of its store',
  'copy-outrun': 'a store is made to count beyond what a process on a copy of it signed',
  'original-goes-on': 'a node whose store was copied starts again, and is not taken for the copy',
  'holds-back': 'a node with another store than before starts and serves nobody yet',
  'store-lost': 'a store comes back empty',
  'clock-back': 'a clock is set back a day',
  'clock-forward': 'a clock is set forward a day',
  'refused-expired': 'a node whose clock is wrong refuses a statement',
  pause: 'a process stands still for seconds',
  slow: 'a node is a hundred times slower',
  'duplicate-id': 'a second process uses the id of a node',
  'newer-version': 'a node speaks a newer protocol version',
  'rolling-restart': 'all nodes are restarted in turn while admins publish',
  'lie-forged': 'a peer sends what nobody signed',
  'lie-stripped': 'a peer sends too few signatures',
  'lie-replayed': 'a peer repeats what it sent long ago',
  'lie-equivocated': 'a peer tells two nodes two validly signed things',
  'lie-rows': 'a peer lies about what it holds',
  'lie-copy': 'a peer shows a node marks that do not prove a copy',
  'lie-flood': 'a peer floods',
  'lie-oversize': 'a peer sends more than any limit allows',
  'lie-fetch': 'a peer answers fetches with garbage',
  'lie-invented': 'a peer tells of members that do not exist',
} as const;

/** What belongs to parts that the machine does not have yet; reported, not demanded. */
export const PENDING: readonly string[] = [
  'both relays of a region dead: in clusters this small every node is a relay',
];

/** A name of {@link SOMETIMES}. */
export type Sometimes = keyof typeof SOMETIMES;

/** With fewer dense seeds something may well not come up by chance. */
export const COVERAGE_SEEDS: number = 500;
/**
 * At least this share of dense seeds shows what is rare; all else comes up in more of them.
 * Reckoned from how much counts differed over 100 runs of 1,000 seeds, which tells no more than is
 * so.
 */
const RARE_SHARES: Readonly<Partial<Record<Sometimes, number>>> = {
  'copy-cosigned': 0.0005,
  'rollout-on-fork': 0.001,
  'lie-fetch': 0.002,
  'fork-decided-early': 0.0025,
  'lie-equivocated': 0.0035,
  'lie-stripped': 0.0035,
  'cosigned-another-log': 0.004,
  'lie-forged': 0.005,
  'lie-invented': 0.005,
  'lie-oversize': 0.005,
  'copy-outrun': 0.006,
  'cosigned-recovered': 0.006,
  'lie-flood': 0.006,
  'lie-replayed': 0.006,
  'wave-timed': 0.006,
  'lie-copy': 0.007,
  'original-goes-on': 0.007,
  'fork-decided': 0.0075,
  'lie-rows': 0.0075,
  'wave-closed': 0.008,
  'copy-noticed': 0.01,
  'wave-doubted': 0.012,
  'failed-but-written': 0.013,
  'failed-write': 0.013,
  'pull-moves-on': 0.014,
  'fork-heals': 0.015,
  'rollout-early': 0.017,
  'write-failed-submit': 0.017,
};
/**
 * What a run is expected to show in so many seeds, on average, it must show: it is missing by
 * chance in one run of 150,000.
 */
const CERTAIN_SEEDS = 12;

/** Counts what happened. */
export class Coverage {
  readonly #hits: Map<Sometimes, number> = new Map();
  /** In how many seeds. */
  readonly #seeds: Map<Sometimes, number> = new Map();

  hit(name: Sometimes): void {
    this.#hits.set(name, (this.#hits.get(name) ?? 0) + 1);
  }

  get hits(): ReadonlyMap<Sometimes, number> {
    return this.#hits;
  }

  /** In how many seeds each happened that were added. */
  get seeds(): ReadonlyMap<Sometimes, number> {
    return this.#seeds;
  }

  /** Adds what one seed counted. */
  add(seed: Coverage): void {
    for (const [name, count] of seed.#hits) {
      this.#hits.set(name, (this.#hits.get(name) ?? 0) + count);
      this.#seeds.set(name, (this.#seeds.get(name) ?? 0) + 1);
    }
  }
}

/** From how many dense seeds on a run must show this. */
export function demandedFrom(name: Sometimes): number {
  const share = RARE_SHARES[name] ?? 1;
  return Math.max(COVERAGE_SEEDS, Math.ceil(CERTAIN_SEEDS / share));
}

/** What never happened, and must have in so many dense seeds. */
export function missingIn(
  hits: ReadonlyMap<Sometimes, number>,
  denseSeeds: number,
): readonly Sometimes[] {
  return neverIn(hits).filter((name) => denseSeeds >= demandedFrom(name));
}

/** What never happened, demanded or not. */
export function neverIn(hits: ReadonlyMap<Sometimes, number>): readonly Sometimes[] {
  return Object.keys(SOMETIMES)
    .filter(isSometimes)
    .filter((name) => !hits.has(name));
}

/** Says whether a text names something that must come up. */
export function isSometimes(name: string): name is Sometimes {
  return Object.hasOwn(SOMETIMES, name);
}
