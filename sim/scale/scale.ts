/**
 * How fast one release gets to all of many nodes, beside models of other protocols.
 *
 * T: from the submission until the last live node has verified, written and can serve it. D: the
 * longest of the shortest ways from the origin. R = T / D: 1 is the speed of light in the fibre.
 *
 * @module
 */

import { sha256 } from '../../src/core/crypto.ts';
import type { GossipEffect, GossipEvent } from '../../src/core/gossip/events.ts';
import { makePush } from '../../src/core/gossip/replica/push.ts';
import { headOf } from '../../src/core/trusted/state.ts';
import type { Fault } from '../faults/faults.ts';
import { factsOf } from '../network/facts.ts';
import { DELAYS_MS } from '../network/regions.ts';
import { Truth } from '../oracle/truth.ts';
import { createPool, type Pool, type Published } from '../people/pool.ts';
import type { Trace } from '../runs/trace.ts';
import { Draws } from '../world/prf.ts';
import { World } from '../world/world.ts';
import { spreadByPlumtree } from './models/plumtree.ts';
import { spreadBySerf } from './models/serf.ts';
import type { Heard, SpreadScene } from './models/spread.ts';

/** How one protocol did, over several messages. */
export interface Spread {
  readonly median: number;
  readonly p95: number;
  /** Live nodes that never heard. */
  readonly missed: number;
}

/** What was measured in one kind of weather. */
export interface ScaleFigures {
  readonly ours: Spread;
  readonly serf: Spread;
  readonly plumtree: Spread;
  /** Bytes that a node sends for one release, as a multiple of the release. */
  readonly bytesRatio: number;
  /** Bytes that a node sends in a second when there is nothing to say; it receives as many. */
  readonly idleBytes: number;
  readonly links: LinkCounts;
}

/** Open links per node. */
export interface LinkCounts {
  /** In the mean of all nodes, when there are most while they start. */
  readonly starting: number;
  /** In the mean of all nodes at rest, and of the node that has most. */
  readonly resting: number;
  readonly busiest: number;
}

/** A cluster to measure. */
export interface ScaleOptions {
  readonly nodes: number;
  readonly regions: number;
}

/** What may be wrong while it is measured. */
interface Weather {
  readonly deadRatio: number;
  readonly lossRatio: number;
}

const FAIR: Weather = { deadRatio: 0, lossRatio: 0 };
/** The dead are dead for less time than a keep-alive needs to notice. */
const FOUL: Weather = { deadRatio: 0.05, lossRatio: 0.01 };
const WORLDS = 4;
/** Of more nodes than this half as many worlds are measured: each takes minutes. */
const FEW_NODES = 300;
const RELEASES = 4;
/** By then links that only joining took are closed. */
const SETTLE_MS = 80_000;
/** How long the cluster is watched at rest before the first release. */
const REST_MS = 10_000;
/** How often links are counted while nodes start. */
const COUNT_MS = 1000;
const BETWEEN_MS = 2000;
/** Where in the pool four small releases of four bundles follow each other. */
const FIRST_PLACE = 22;

/** Measures without faults, and with undetected dead nodes and loss. */
export function measureScale(options: ScaleOptions): {
  readonly fair: ScaleFigures;
  readonly foul: ScaleFigures;
} {
  const pool = createPool();
  return { fair: measure(options, pool, FAIR), foul: measure(options, pool, FOUL) };
}

function measure(options: ScaleOptions, pool: Pool, weather: Weather): ScaleFigures {
  const worlds = options.nodes > FEW_NODES ? WORLDS / 2 : WORLDS;
  const runs = Array.from({ length: worlds }, (_, index) =>
    new ScaleRun(options, pool, weather, index + 1).run(),
  ).flat();
  const median = (of: (run: Run) => number): number => medianOf(runs.map(of));
  return {
    ours: spreadOf(runs.map(({ ours }) => ours)),
    serf: spreadOf(runs.map(({ serf }) => serf)),
    plumtree: spreadOf(runs.map(({ plumtree }) => plumtree)),
    bytesRatio: median(({ ratio }) => ratio),
    idleBytes: median(({ idleBytes }) => idleBytes),
    links: {
      starting: median(({ links }) => links.starting),
      resting: median(({ links }) => links.resting),
      busiest: median(({ links }) => links.busiest),
    },
  };
}

interface Result {
  readonly r: number;
  readonly missed: number;
}

interface Run {
  readonly ours: Result;
  readonly serf: Result;
  readonly plumtree: Result;
  readonly ratio: number;
  readonly idleBytes: number;
  readonly links: LinkCounts;
}

/** One cluster through which a few releases go. */
class ScaleRun {
  readonly #world: World;
  readonly #regions: readonly number[];
  readonly #dead: ReadonlySet<number>;
  readonly #weather: Weather;
  readonly #arrivals: Arrivals = new Arrivals();
  readonly #draws: Draws;

  constructor(options: ScaleOptions, pool: Pool, weather: Weather, seed: number) {
    const { nodes, regions } = options;
    this.#weather = weather;
    this.#draws = new Draws(seed, 'model');
    this.#regions = Array.from({ length: nodes }, (_, index) => index % regions);
    const dead = this.#draws.sample(Math.round(weather.deadRatio * nodes), nodes - 1);
    this.#dead = new Set(dead.map((node) => node + 1));
    const hosts = this.#regions.map((region) => ({ region, holds: FIRST_PLACE }));
    const profile = 'dense' as const;
    const faults = faultsOf(weather);
    const plan = { seed, profile, hosts, start: 0, publications: [], faults, ...PHASES };
    this.#world = new World(plan, { pool, truth: new Truth(pool), trace: this.#arrivals });
  }

  run(): readonly Run[] {
    const { hosts, pool } = this.#world;
    const { idleBytes, links } = this.#rest();
    for (const node of this.#dead) hosts[node]?.die('power');
    const live = hosts.filter(({ driver }) => driver !== undefined);
    return Array.from({ length: RELEASES }, (_, index): Run => {
      const origin = live[(index * 7) % live.length]?.index ?? 0;
      const published = pool.documents[FIRST_PLACE + index];
      if (published === undefined) throw new Error('the pool is too small');
      const before = this.#bytes();
      const ours = this.#judge(this.#publish(origin, published), origin);
      const size = sizeOf(pool, published);
      const ratio = (this.#bytes() - before) / live.length / size;
      const scene: SpreadScene = {
        regions: this.#regions,
        origin,
        dead: this.#dead,
        lossRatio: this.#weather.lossRatio,
        draws: this.#draws,
      };
      return {
        ours,
        serf: this.#judge(spreadBySerf(scene), origin),
        plumtree: this.#judge(spreadByPlumtree(scene), origin),
        ratio,
        idleBytes,
        links,
      };
    });
  }

  /** Lets the cluster settle and watches it at rest: bytes per node and second. */
  #rest(): Pick<Run, 'idleBytes' | 'links'> {
    let starting = 0;
    for (let atMs = COUNT_MS; atMs <= SETTLE_MS; atMs += COUNT_MS) {
      this.#world.runUntil(atMs);
      starting = Math.max(starting, meanOf(this.#links()));
    }
    const before = this.#bytes();
    this.#world.runUntil(SETTLE_MS + REST_MS);
    const idleBytes = (this.#bytes() - before) / this.#regions.length / (REST_MS / 1000);
    const atRest = this.#links();
    return {
      idleBytes,
      links: { starting, resting: meanOf(atRest), busiest: Math.max(...atRest) },
    };
  }

  #links(): readonly number[] {
    return this.#world.hosts.map(({ driver }) => driver?.links.size ?? 0);
  }

  #publish(origin: number, published: Published): Heard {
    const startMs = this.#world.nowMs;
    const heard = this.#arrivals.await(published, startMs);
    this.#world.hosts[origin]?.driver?.submit(published, () => undefined);
    this.#world.runUntil(startMs + BETWEEN_MS);
    return heard;
  }

  #judge(heard: Heard, origin: number): Result {
    const live = this.#regions.flatMap((_, node) => (this.#dead.has(node) ? [] : [node]));
    const times = live.flatMap((node) => heard.get(node) ?? []);
    const longest = Math.max(...live.map((node) => this.#shortestMs(origin, node)));
    return { r: Math.max(...times) / longest, missed: live.length - times.length };
  }

  /** The shortest way, which may lead over a third region. */
  #shortestMs(from: number, to: number): number {
    const [a, b] = [this.#regions[from] ?? 0, this.#regions[to] ?? 0];
    const direct = DELAYS_MS[a]?.[b] ?? 0;
    if (from === to || a === b) return from === to ? 0 : direct;
    const between = [...new Set(this.#regions)];
    return Math.min(
      direct,
      ...between.map(
        (via) => (DELAYS_MS[a]?.[via] ?? Infinity) + (DELAYS_MS[via]?.[b] ?? Infinity),
      ),
    );
  }

  #bytes(): number {
    return [...this.#world.traffic.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** The bytes of a push of a release to those who hold the one before. */
function sizeOf(pool: Pool, { stream, sequence, document, blobs }: Published): number {
  const before = pool.documents.find(
    (one) => one.stream === stream && one.sequence === sequence - 1,
  );
  const base = before && {
    sequence: before.sequence,
    bodyDigest: sha256(before.document.body),
    bodyBytes: before.document.body,
  };
  return factsOf({ push: makePush(base, document, blobs) }).bytes;
}

/** Notes when each host serves what is awaited. */
class Arrivals implements Trace {
  #published: Published | undefined;
  #startMs = 0;
  #heard = new Map<number, number>();

  await(published: Published, startMs: number): Heard {
    this.#published = published;
    this.#startMs = startMs;
    this.#heard = new Map();
    return this.#heard;
  }

  add(host: number, nowMs: number, _: GossipEvent, effects: readonly GossipEffect[]): void {
    const awaited = this.#published;
    if (awaited === undefined) return;
    for (const effect of effects) {
      if (effect.kind !== 'serve' || !effect.streams.includes(awaited.stream)) continue;
      const { digest } = headOf(effect.state, awaited.stream) ?? {};
      if (digest === awaited.digest) this.#heard.set(host, nowMs - this.#startMs);
    }
  }
}

const PHASES = { healAtMs: Infinity, endMs: Infinity };

function faultsOf({ lossRatio }: Weather): readonly Fault[] {
  if (lossRatio === 0) return [];
  const window = { fromMs: SETTLE_MS + REST_MS - 1, untilMs: Infinity };
  return [{ id: 0, kind: 'frames', what: 'loss', host: -1, rate: lossRatio, ...window }];
}

function spreadOf(results: readonly Result[]): Spread {
  const values = results.map(({ r }) => r);
  const rounded = (share: number): number => Math.round(percentile(values, share) * 1000) / 1000;
  const missed = results.reduce((sum, each) => sum + each.missed, 0);
  return { median: rounded(0.5), p95: rounded(0.95), missed };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function medianOf(values: readonly number[]): number {
  return Math.round(percentile(values, 0.5) * 100) / 100;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
