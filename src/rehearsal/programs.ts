/**
 * The programs of a rehearsal: one per region, a server and a client that calls it, with a source
 * of their own.
 *
 * @module
 */
import { type BundleSource, openBundleSource } from '../client/source.ts';
import type { BundleStatus } from '../client/states/status.ts';
import { KedgeError } from '../core/errors.ts';
import type { Desk } from './desk.ts';
import { BUNDLE, REALM } from './names.ts';
import type { NodeProcess } from './node-process.ts';
import { type HandshakeCount, Pair, Traffic } from './traffic.ts';
import { until } from './unmet.ts';

/** How programs are opened. */
export interface ProgramTerms {
  /** How many regions they demand; absent: none, and a node's word is enough. */
  readonly requireRegions?: number;
  /** Whether they may go to nodes of other regions when their own does not answer. */
  readonly reach: 'any' | 'own';
}

/** With these no two programs can be shown different releases, whatever one region does. */
export const USUAL_TERMS: ProgramTerms = { requireRegions: 2, reach: 'any' };

/** One program. */
export interface Program {
  readonly region: string;
  readonly source: BundleSource;
  readonly pair: Pair;
}

const READY_MAX_MS = 30_000;

/** All of them, and their calls. Disposing it ends everything. */
export class Programs implements AsyncDisposable {
  readonly #desk: Desk;
  readonly #terms: ProgramTerms;
  readonly #all: Program[] = [];
  readonly #sources: BundleSource[] = [];
  #traffic: Traffic | undefined;

  constructor(desk: Desk, terms: ProgramTerms) {
    this.#desk = desk;
    this.#terms = terms;
  }

  get all(): readonly Program[] {
    return this.#all;
  }

  get pairs(): readonly Pair[] {
    return this.#all.map(({ pair }) => pair);
  }

  /** The program of a region. */
  of(region: string): Program {
    const found = this.#all.find((program) => program.region === region);
    if (found === undefined) throw new KedgeError('BUG', `no program in ${region}`);
    return found;
  }

  /** How a program is with the bundle. */
  status({ source }: Program): BundleStatus {
    const [status] = source.status().bundles;
    if (status === undefined) throw new KedgeError('BUG', 'a program without a bundle');
    return status;
  }

  /** Starts a program at each node, which begins there. */
  async open(ca: string, nodes: readonly NodeProcess[]): Promise<void> {
    const { requireRegions, reach } = this.#terms;
    for (const [index, own] of nodes.entries()) {
      const others = reach === 'own' ? [] : nodes.filter((node) => node !== own);
      const source = await openBundleSource({
        realm: REALM,
        firstCharterDigest: this.#desk.pin,
        endpoints: [own, ...others].map(({ clients }) => clients),
        insecure: true,
        bundles: [BUNDLE],
        labels: { service: `program-${index + 1}` },
        backoff: { initialMs: 100, maxMs: 500 },
        ...(requireRegions !== undefined && { requireRegions }),
      });
      this.#sources.push(source);
      await source.ready({ timeoutMs: READY_MAX_MS, signal: this.#desk.signal });
      const leaf = await this.#desk.leaf(ca, `program-${index + 1}`);
      const pair = await Pair.open(source, BUNDLE, leaf);
      this.#all.push({ region: own.place.region, source, pair });
    }
  }

  /** Waits until every program knows that what it uses is the newest. */
  async fresh(): Promise<string> {
    return await until(
      'every program is fresh',
      () => ({
        holds: this.#all.every((one) => this.status(one).state === 'fresh'),
        found: this.describe(),
      }),
      this.#desk,
    );
  }

  /** What each uses and how it is, in words. */
  describe(): string {
    const said = this.#all.map((one) => {
      const { sequence, digest = '', state } = this.status(one);
      const release = sequence === undefined ? 'nothing' : `release ${sequence}`;
      return { region: one.region, is: `${release} (${digest.slice(0, 8)}), ${state}` };
    });
    const kinds = [...new Set(said.map(({ is }) => is))];
    return kinds
      .map((is) => {
        const regions = said.filter((one) => one.is === is).map(({ region }) => region);
        return `${regions.length === 1 ? 'program' : 'programs'} in ${regions.join(', ')}: ${is}`;
      })
      .join('; ');
  }

  /** Lets programs call each other from now on; all, unless some are named. */
  startTraffic(pairs: readonly Pair[] = this.pairs): void {
    this.#traffic = new Traffic(pairs);
  }

  /** Waits until some more calls were made, and gives the count. */
  async moreCalls(): Promise<string> {
    const before = this.#traffic?.count.made ?? 0;
    return await until(
      'programs go on shaking hands',
      () => {
        const { made = 0, failed = 0 } = this.#traffic?.count ?? {};
        const enough = before + CALLS_EACH * this.#all.length;
        return { holds: made >= enough, found: `${made} handshakes so far, ${failed} failed` };
      },
      this.#desk,
    );
  }

  /** Ends the calls and says how they went. */
  async stopTraffic(): Promise<HandshakeCount> {
    const traffic = this.#traffic;
    this.#traffic = undefined;
    await traffic?.[Symbol.asyncDispose]();
    return traffic?.count ?? { made: 0, failed: 0, failures: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopTraffic();
    await Promise.all(this.pairs.map((pair) => pair[Symbol.asyncDispose]()));
    await Promise.all(this.#sources.map((source) => source.close()));
  }
}

const CALLS_EACH = 10;
