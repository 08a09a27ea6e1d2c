/**
 * An admin who keeps publishing while nodes die, and who remembers what was promised.
 *
 * A document is made once and offered until some node takes it, with the same bytes each time: an
 * admin who does not know whether a submit took effect repeats it. So nothing here can make a fork.
 */
import type { AdminClient } from '../../../src/client/admin-client.ts';
import type { StreamStatus } from '../../../src/core/admin/messages.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import type { Sha256, StreamName } from '../../../src/core/ids.ts';
import { addActive, type TestAnchor } from '../../../src/testing/anchors.ts';
import type { TestRealm, TestRelease } from '../../../src/testing/realm.ts';

/** What was promised or shown by one node. */
interface Seen {
  /** Highest sequence that a submit there returned, by stream. */
  readonly acknowledged: Map<StreamName, number>;
  /** Highest sequence that it listed, by stream. */
  readonly served: Map<StreamName, number>;
}

/** What of a stream exists. */
interface Published {
  readonly bundle: string;
  readonly releases: TestRelease[];
}

export interface PublisherOptions {
  readonly realm: TestRealm;
  readonly anchor: TestAnchor;
  readonly bundles: readonly string[];
}

/** Publishes and keeps the oracle. */
export class Publisher {
  readonly #realm: TestRealm;
  readonly #anchor: TestAnchor;
  readonly #streams: readonly Published[];
  readonly #nodes: Map<string, Seen> = new Map();
  /** What went wrong, in words; empty in a good run. */
  readonly violations: string[] = [];
  acknowledged = 0;
  repeated = 0;
  refused = 0;

  constructor({ realm, anchor, bundles }: PublisherOptions) {
    this.#realm = realm;
    this.#anchor = anchor;
    this.#streams = bundles.map((bundle) => ({ bundle, releases: [] }));
  }

  /** All that was made, by stream. */
  get published(): readonly TestRelease[] {
    return this.#streams.flatMap(({ releases }) => releases);
  }

  /**
   * Publishes to one node: what it lacks, then one more. `stream` picks the bundle. Never throws;
   * a node that dies in the middle is what this is about.
   */
  async publish(node: string, admin: AdminClient, stream: number): Promise<void> {
    const published = this.#streams[stream % this.#streams.length];
    if (published === undefined) return;
    try {
      const heads = await this.read(node, admin);
      const name = `release/${published.bundle}`;
      const held = heads.find((head) => head.stream === name)?.sequence ?? 0;
      const missing = published.releases.slice(held);
      this.repeated += missing.length;
      for (const release of missing) await this.#submit(node, admin, release);
      await this.#submit(node, admin, this.#next(published));
    } catch (thrown) {
      this.#note(node, thrown);
    }
  }

  /** Lists the streams of a node and compares them with what it promised and showed before. */
  async read(node: string, admin: AdminClient): Promise<readonly StreamStatus[]> {
    const seen = this.#seen(node);
    // What is known when the question is asked: answers may overtake each other.
    const floors = new Map([...seen.served, ...higher(seen.acknowledged, seen.served)]);
    const heads = await admin.streams();
    for (const [stream, floor] of floors) {
      const head = heads.find((each) => each.stream === stream);
      if ((head?.sequence ?? 0) < floor) {
        this.violations.push(`${node} went back on ${stream}: ${floor} to ${head?.sequence ?? 0}`);
      }
    }
    for (const { stream, sequence, digest, fork } of heads) {
      const expected = this.digestOf(stream, sequence);
      if (fork !== undefined) this.violations.push(`${node} says that ${stream} is forked`);
      if (expected !== undefined && expected !== digest) {
        this.violations.push(`${node} has another ${stream} ${sequence}`);
      }
      raise(seen.served, stream, sequence);
    }
    return heads;
  }

  /** The digest of what was made for a place; undefined for the charter. */
  digestOf(stream: string, sequence: number): Sha256 | undefined {
    const published = this.#streams.find(({ bundle }) => `release/${bundle}` === stream);
    return published?.releases[sequence - 1]?.digest;
  }

  #next(published: Published): TestRelease {
    const { bundle, releases } = published;
    const note = `release ${releases.length + 1}`;
    const release = this.#realm.nextRelease(bundle, (body, point) =>
      body.anchors.length === 0 ? addActive(this.#anchor)(body, point) : { ...body, note },
    );
    releases.push(release);
    return release;
  }

  async #submit(node: string, admin: AdminClient, release: TestRelease): Promise<void> {
    const { document } = release;
    const receipt = await admin.submit({ document, blobs: [this.#anchor.der] });
    if (receipt.digest !== release.digest) {
      this.violations.push(`${node} acknowledged another ${release.stream} ${release.sequence}`);
    }
    this.acknowledged += 1;
    raise(this.#seen(node).acknowledged, receipt.stream, receipt.sequence);
  }

  #note(node: string, thrown: unknown): void {
    const { code, message } = KedgeError.from(thrown);
    if (code === 'UNAVAILABLE') return;
    this.refused += 1;
    // Somebody else's repetition, or gossip, may have been faster: the same bytes are no conflict.
    if (code === 'GAP') return;
    this.violations.push(`${node} refused ${code}: ${message}`);
  }

  #seen(node: string): Seen {
    const seen = this.#nodes.get(node) ?? { acknowledged: new Map(), served: new Map() };
    this.#nodes.set(node, seen);
    return seen;
  }
}

function raise(map: Map<StreamName, number>, stream: StreamName, sequence: number): void {
  map.set(stream, Math.max(map.get(stream) ?? 0, sequence));
}

/** The entries of `a` that are higher than in `b`. */
function higher(
  a: ReadonlyMap<StreamName, number>,
  b: ReadonlyMap<StreamName, number>,
): readonly (readonly [StreamName, number])[] {
  return [...a].filter(([stream, sequence]) => sequence > (b.get(stream) ?? 0));
}
