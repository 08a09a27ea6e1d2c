/**
 * A second node with clients of its own, to which something is published all the time.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCa } from '../../demo/certificates.ts';
import type { AdminClient } from '../../src/client/admin-client.ts';
import { type AnchorId, parseBundleName, releaseStream } from '../../src/core/ids.ts';
import { addAnchor, changeAnchor } from '../../src/core/releases/edit.ts';
import type { TestRealm } from '../../src/testing/realm.ts';
import { percentile } from '../claim.ts';
import type { Certificates } from '../fanout/certificates.ts';
import type { BenchNodes } from '../fanout/nodes.ts';
import { nowUs } from '../swarm/clock.ts';
import { mark } from '../swarm/requests.ts';
import { Swarm } from '../swarm/swarm.ts';

const INDEX = 1;
const CLIENTS = 200;
const AT_ONCE = 16;
const PAUSE_MS = 200;
const WITHIN_MS = 60_000;
const BEAT = parseBundleName('beat.kedge.test');

/** The node, watched. */
export class Neighbour implements AsyncDisposable {
  readonly #realm: TestRealm;
  readonly #admin: AdminClient;
  readonly #swarm: Swarm;
  readonly #anchor: AnchorId;
  readonly #ending = new AbortController();
  #delays: number[] = [];
  #running: Promise<void> = Promise.resolve();

  private constructor(parts: {
    readonly realm: TestRealm;
    readonly admin: AdminClient;
    readonly swarm: Swarm;
    readonly anchor: AnchorId;
  }) {
    this.#realm = parts.realm;
    this.#admin = parts.admin;
    this.#swarm = parts.swarm;
    this.#anchor = parts.anchor;
  }

  /** Connects its clients and begins to publish. */
  static async start(
    nodes: BenchNodes,
    setting: { readonly program: string; readonly certificates: Certificates },
  ): Promise<Neighbour> {
    const { program, certificates } = setting;
    const { realm } = nodes;
    const { id, der } = makeCa('beat').facts;
    const first = realm.nextRelease(BEAT, (body, point) =>
      addAnchor(body, { id, label: 'first', purposes: ['tls-server'] }, 'active', point),
    );
    // Through the other node: when this one has it the two are linked.
    using other = await nodes.openAdmin();
    await other.submit({ document: first.document, blobs: [der] });
    await nodes.node(INDEX).accepted(releaseStream(BEAT), first.sequence);
    const held = { sequence: first.sequence, digest: first.digest };
    const dialogue = nodes.dialogue([{ bundle: BEAT, held }], INDEX);
    const swarm = new Swarm(program, { dialogue, certificates });
    const admin = await nodes.openAdmin(INDEX);
    const neighbour = new Neighbour({ realm, admin, swarm, anchor: id });
    try {
      await swarm.open(CLIENTS, AT_ONCE, WITHIN_MS);
    } catch (thrown) {
      await neighbour[Symbol.asyncDispose]();
      throw thrown;
    }
    neighbour.#running = neighbour.#publishAll();
    // A failure is told when this is disposed of.
    neighbour.#running.catch(() => undefined);
    return neighbour;
  }

  /** Time until a client had a change, 99th percentile since the last time this was asked. */
  takeP99Ms(): number {
    const delays = this.#delays;
    this.#delays = [];
    return percentile(delays, 0.99);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    try {
      await this.#running;
    } finally {
      this.#admin[Symbol.dispose]();
      await this.#swarm[Symbol.asyncDispose]();
    }
  }

  async #publishAll(): Promise<void> {
    for (let round = 1; !this.#ending.signal.aborted; round += 1) {
      const { document } = this.#realm.nextRelease(BEAT, (body) =>
        changeAnchor(body, this.#anchor, { label: mark(round) }),
      );
      const startUs = nowUs();
      await this.#admin.submit({ document, blobs: [] });
      const { us } = await this.#swarm.round(round, WITHIN_MS);
      for (const each of us) this.#delays.push((each - startUs) / 1000);
      await sleep(PAUSE_MS);
    }
  }
}
