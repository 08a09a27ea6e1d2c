/**
 * A whole realm in the memory of a test: signers, a node, time. A program under test opens its
 * source here and gets what it would get in production, verified by the same code; the test then
 * rotates, revokes, forks, goes offline and lets time pass.
 *
 * @module
 */
import type { BundleSourceOptions } from '../../client/options.ts';
import { type BundleSource, openSource } from '../../client/source.ts';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, parseBundleName } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import type { EditPoint } from '../../core/releases/edit.ts';
import { acceptDocument, acceptEvidence } from '../../core/trusted/accept.ts';
import { emptyTrustedState, type TrustedState } from '../../core/trusted/state.ts';
import { createTestRealm, type TestRealm as Signers, type TestDocument } from '../realm.ts';
import { evidenceOf } from '../watch-messages.ts';
import { type TestAuthority, testAuthority } from './authority.ts';
import { TestClock } from './clock.ts';
import { editContent, type TestContent } from './content.ts';
import { listenOnLoopback, type TestEndpoint } from './loopback.ts';
import { MemoryCall } from './memory-call.ts';
import { TestNode } from './node.ts';
import { TestRegions } from './regions.ts';

/** How a test realm is made. */
export interface TestRealmOptions {
  /** Default `test.example.org`. */
  readonly realm?: string;
  /** What its sources watch; default one, `payments.test.example.org`. */
  readonly bundles?: readonly string[];
  /**
   * After how long without the word of the node, or of the regions that a source demands, a bundle
   * is stale, milliseconds; default 600000.
   */
  readonly staleAfterMs?: number;
  /** Regions that vouch for releases, for sources with `requireRegions`; default none. */
  readonly regions?: readonly string[];
}

/** Options of a source of a test realm: whatever the realm does not decide itself. */
export type TestSourceOptions = Partial<
  Omit<
    BundleSourceOptions,
    | 'realm'
    | 'firstCharterDigest'
    | 'endpoints'
    | 'tls'
    | 'insecure'
    | 'staleAfterMs'
    | 'knownCharterDigest'
    | 'clock'
    | 'random'
  >
>;

/** A release as it was published. */
export interface TestPublication {
  readonly bundle: string;
  readonly sequence: number;
  /** SHA-256 of the signed statement: `Bundle.digest` of whoever uses it. */
  readonly digest: string;
}

/** What the charter of a test realm promises. */
const STALE_AFTER_MS = 600_000;
/** Sources of memory wait for ever. */
const SILENCE_MS = 2 ** 31 - 1;

/** Makes a realm. Dispose it at the end: it closes its sources and endpoints. */
export function testRealm(options: TestRealmOptions = {}): TestRealm {
  return new TestRealm(options);
}

/** A realm in memory. Get one from {@link testRealm}. */
export class TestRealm implements AsyncDisposable {
  /** The time of its sources. Stands still until the test moves it. */
  readonly clock: TestClock = new TestClock();
  readonly name: string;
  /** The pin. */
  readonly firstCharterDigest: string;
  readonly bundles: readonly string[];
  /** Ascending. */
  readonly regions: readonly string[];
  readonly #signers: Signers;
  readonly #authorities: Set<TestAuthority> = new Set();
  readonly #node: TestNode;
  readonly #open: Set<AsyncDisposable> = new Set();
  readonly #options: TestRealmOptions;
  readonly #regions: TestRegions;
  #state: TrustedState;

  /** For {@link testRealm}. */
  constructor(options: TestRealmOptions) {
    this.#options = options;
    this.#regions = new TestRegions(options.regions ?? []);
    this.regions = this.#regions.names;
    this.#signers = createTestRealm({
      regions: this.#regions.listed,
      ...(options.realm !== undefined && { realm: options.realm }),
      now: () => this.clock.nowMs(),
    });
    const { name, firstCharterDigest, charter } = this.#signers;
    this.name = name;
    this.firstCharterDigest = firstCharterDigest;
    this.bundles = options.bundles ?? ['payments.test.example.org'];
    this.#node = new TestNode({
      realm: this.#signers,
      authorities: this.#authorities,
      clock: this.clock,
      regions: this.#regions,
      vouched: () => ({
        realm: this.#signers,
        state: this.#state,
        nowMs: this.clock.nowMs(),
      }),
      keepAliveMs: Math.max(1, Math.floor((options.staleAfterMs ?? STALE_AFTER_MS) / 3)),
    });
    this.#state = emptyTrustedState(name, firstCharterDigest);
    this.#state = this.#accept(charter);
  }

  /** Makes a CA that can be published, and that issues certificates. */
  authority(name: string): TestAuthority {
    const made = testAuthority(name);
    this.#authorities.add(made);
    return made;
  }

  /**
   * Signs and publishes the next release of a bundle. Resolves when every connected source has it
   * in use or has refused it, or waits with it for regions that are silent. Errors: those that a
   * node would give (`LIFECYCLE`, `BLAST_RADIUS`, …) and `CONFIG` for content that contradicts
   * itself, with nothing published; `FORK` after {@link fork}; `UNAVAILABLE` when a program does
   * not react within ten seconds.
   */
  async publish(content: TestContent): Promise<TestPublication> {
    const bundle = this.#bundleOf(content);
    if (this.#node.isForked(bundle)) {
      throw new KedgeError('FORK', `${bundle} is forked: it takes nothing new`);
    }
    const options = this.#expiry(content);
    const edit = (body: ReleaseBody, point: EditPoint): ReleaseBody =>
      editContent(body, content, point);
    const newest = this.#signers.releases(bundle).at(-1);
    const after = newest ?? 'nothing';
    // Judged before it counts, so that a refused one leaves nothing behind.
    this.#state = this.#accept(this.#signers.nextRelease(bundle, edit, { ...options, after }));
    const { sequence, digest } = this.#signers.nextRelease(bundle, edit, options);
    await this.#node.spread(bundle, digest);
    await settle();
    return { bundle, sequence, digest };
  }

  /**
   * Signs a second, different release for the newest sequence, as signers must never do, and shows
   * the proof to every source. Nothing newer of the bundle is taken from then on.
   */
  async fork(bundle: string | undefined = this.bundles[0]): Promise<void> {
    const name = this.#bundleOf({ ...(bundle !== undefined && { bundle }) });
    const releases = this.#signers.releases(name);
    const [before, newest] = [releases.at(-2), releases.at(-1)];
    if (newest === undefined) throw new KedgeError('CONFIG', `publish ${name} before you fork it`);
    const rival = this.#signers.nextRelease(
      name,
      () => ({ ...newest.body, note: 'signed twice' }),
      { after: before ?? 'nothing' },
    );
    const evidence = evidenceOf(newest, rival);
    this.#state = acceptEvidence(this.#state, evidence).state;
    this.#node.fork(name, evidence);
    await settle();
  }

  /**
   * From now on a region vouches for nothing: neither for what is published, nor that it is the
   * newest. Errors: `CONFIG` for one that the realm does not have.
   */
  silenceRegion(region: string): void {
    this.#regions.silence(region, this.bundles.map(parseBundleName), this.#signers);
  }

  /** It vouches again, at once also for what it missed. Errors: as {@link silenceRegion}. */
  async restoreRegion(region: string): Promise<void> {
    this.#regions.restore(region);
    await this.#node.attest();
    await settle();
  }

  /**
   * Cuts every connection. Sources notice that no node is there with their next attempt: advance
   * the clock by a second.
   */
  async goOffline(): Promise<void> {
    this.#node.goOffline();
    await settle();
  }

  /** Takes connections again. Sources that had noticed come back at once. */
  async goOnline(): Promise<void> {
    this.#node.goOnline();
    await settle();
  }

  /**
   * Opens a source over memory, with the clock of the realm. Like `openBundleSource` it resolves
   * before anything came: use `ready`. It tries again after a second at most. Errors: `CONFIG`,
   * also for a bundle that the realm does not have, for which `ready` would wait for ever.
   */
  async source(options: TestSourceOptions = {}): Promise<BundleSource> {
    const { staleAfterMs } = this.#options;
    for (const bundle of options.bundles ?? []) this.#bundleOf({ bundle });
    if (options.requireRegions !== undefined && this.regions.length === 0) {
      throw new KedgeError('CONFIG', 'the test realm has no regions: name some in regions');
    }
    const source = await openSource(
      {
        realm: this.name,
        firstCharterDigest: this.firstCharterDigest,
        endpoints: ['memory:1'],
        tls: { cert: 'memory', key: 'memory' },
        bundles: this.bundles,
        backoff: { initialMs: 100, maxMs: 1000 },
        // The node speaks seldom.
        silenceTimeoutMs: SILENCE_MS,
        staleAfterMs: staleAfterMs ?? STALE_AFTER_MS,
        ...options,
        clock: this.clock,
      },
      dialer(this.#node, options.requireRegions),
    );
    this.#open.add(source);
    return source;
  }

  /**
   * Serves the realm over gRPC with mTLS on a loopback port, for programs that open their source
   * themselves, also in other processes. These have the machine's clock.
   */
  async listen(): Promise<TestEndpoint> {
    const { name: realm, firstCharterDigest, bundles } = this;
    const endpoint = await listenOnLoopback(this.#node, { realm, firstCharterDigest, bundles });
    this.#open.add(endpoint);
    return endpoint;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((one) => one[Symbol.asyncDispose]()));
  }

  #bundleOf({ bundle = this.bundles[0] ?? '' }: Pick<TestContent, 'bundle'>): BundleName {
    if (this.bundles.includes(bundle)) return parseBundleName(bundle);
    throw new KedgeError('CONFIG', `the test realm has no bundle ${bundle}: name it in bundles`);
  }

  #expiry({ validForMs }: TestContent): { readonly expiresMs?: number } {
    if (validForMs === undefined) return {};
    return { expiresMs: Math.floor((this.clock.nowMs() + validForMs) / 1000) * 1000 };
  }

  #accept({ document }: TestDocument): TrustedState {
    const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
    return acceptDocument(this.#state, offer, this.clock.nowMs()).state;
  }
}

/**
 * Connects to the node of a realm. The first attempt of an outage fails; the next waits for its
 * end, so that a clock which is moved by days does not see an attempt for every second.
 */
function dialer(
  node: TestNode,
  requireRegions: number | undefined,
): NonNullable<Parameters<typeof openSource>[1]> {
  let noticed = 0;
  return async ({ signal }) => {
    const { outage } = node;
    if (outage !== 0 && outage === noticed) await node.backOnline(signal);
    noticed = outage;
    return new MemoryCall(node, requireRegions);
  };
}

/** Lets everything that is under way in this process go on until it waits. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
