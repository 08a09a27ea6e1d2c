/**
 * A fleet of lean clients to which releases come in waves: some are canaries by their label.
 *
 * What a client was sent is its truth: tests and measurements ask it, not the nodes.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminClient } from '../client/admin-client.ts';
import { type BundleName, parseBundleName } from '../core/ids.ts';
import type { ReleaseBody } from '../core/releases/body.ts';
import type { Gates, RolloutBody } from '../core/rollouts/body.ts';
import type { RolloutStatus } from '../core/rollouts/status.ts';
import { addActive, createTestAnchor, type TestAnchor, type TestEdit } from './anchors.ts';
import { type LeanChannels, LeanClient } from './lean-clients.ts';
import type { TestRealm, TestRelease } from './realm.ts';

/** What a fleet works with: of each node a connection for admins and some for clients. */
export interface WavedFleetOptions {
  readonly realm: TestRealm;
  readonly admins: readonly AdminClient[];
  readonly channels: readonly LeanChannels[];
  readonly canaries: number;
  readonly others: number;
}

const BUNDLE = parseBundleName('waves.test.example.org');
const CANARY = new Map([['tier', 'canary']]);
/** A canary proves nothing unless all its clients use the release. */
const GATES: Gates = { minReporters: 1, loadedPercent: 100, maxFailures: 0, soakSeconds: 0 };
const WITHIN_MS = 60_000;
const POLL_EVERY_MS = 10;

/** Clients of all nodes, and an admin of each. */
export class WavedFleet implements Disposable {
  readonly bundle: BundleName = BUNDLE;
  readonly canaries: readonly LeanClient[];
  readonly others: readonly LeanClient[];
  readonly #options: WavedFleetOptions;
  #anchors = 0;

  constructor(options: WavedFleetOptions) {
    const { realm, canaries, others } = options;
    const { name, firstCharterDigest } = realm;
    const common = { realm: name, firstCharterDigest, bundle: BUNDLE };
    this.#options = options;
    this.canaries = Array.from({ length: canaries }, () => {
      return new LeanClient({ ...common, labels: CANARY });
    });
    this.others = Array.from({ length: others }, () => new LeanClient(common));
  }

  get clients(): readonly LeanClient[] {
    return [...this.canaries, ...this.others];
  }

  /** Connects all of them, spread over the nodes. */
  async connect(): Promise<void> {
    const { channels } = this.#options;
    await Promise.all(
      this.clients.map(async (client, index) => {
        const own = channels[index % channels.length];
        if (own !== undefined) await client.connect(own);
      }),
    );
  }

  /** Publishes the next release at a node: one more anchor, or what `edit` makes of it. */
  async publish(how: {
    readonly delivery?: 'waves';
    readonly edit?: TestEdit;
    readonly at?: number;
  }): Promise<TestRelease & { readonly anchor: TestAnchor }> {
    const { realm } = this.#options;
    this.#anchors += 1;
    const anchor = createTestAnchor(`CA ${String(this.#anchors)}`, Date.now());
    const edit = how.edit ?? addActive(anchor);
    const { delivery } = how;
    const release = realm.nextRelease(BUNDLE, (body, point): ReleaseBody => {
      const { delivery: _, ...next } = edit(body, point);
      return delivery === undefined ? next : { ...next, delivery };
    });
    const blobs = how.edit === undefined ? [anchor.der] : [];
    await this.#admin(how.at ?? 0).submit({ document: release.document, blobs });
    return { ...release, anchor };
  }

  /** Publishes a rollout: first the canaries, then all. */
  async roll(
    from: TestRelease,
    to: TestRelease,
    gates: Partial<Gates> = {},
    state: RolloutBody['state'] = 'running',
  ): Promise<void> {
    const wave = { percent: 100, gates: { ...GATES, ...gates } };
    const { document } = this.#options.realm.nextRollout(BUNDLE, {
      note: '',
      state,
      from: { sequence: from.sequence, digest: from.digest },
      to: { sequence: to.sequence, digest: to.digest },
      waves: [
        { ...wave, name: 'canary', match: CANARY },
        { ...wave, name: 'everybody', match: new Map() },
      ],
    });
    await this.#admin(0).submit({ document, blobs: [] });
  }

  /** What each node says of the rollout. */
  async status(): Promise<readonly RolloutStatus[]> {
    return await Promise.all(this.#options.admins.map((admin) => admin.rollout(BUNDLE)));
  }

  /** Waits until all these clients run a release. Errors: they do not. */
  async loaded(clients: readonly LeanClient[], { sequence }: TestRelease): Promise<void> {
    await this.until(`release ${String(sequence)}`, () => {
      return clients.every(({ held }) => held?.sequence === sequence);
    });
  }

  /** Waits for something. Errors: it does not come. */
  async until(what: string, reached: () => boolean | Promise<boolean>): Promise<void> {
    const startedMs = performance.now();
    while (!(await reached())) {
      if (performance.now() - startedMs > WITHIN_MS) throw new Error(`waited in vain for ${what}`);
      await sleep(POLL_EVERY_MS);
    }
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client.close();
  }

  #admin(index: number): AdminClient {
    const admin = this.#options.admins[index];
    if (admin === undefined) throw new Error(`no node ${String(index)}`);
    return admin;
  }
}
