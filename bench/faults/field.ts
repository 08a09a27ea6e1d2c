/**
 * Fifteen nodes at work: an admin who keeps publishing, and an observer who keeps asking.
 *
 * The admin makes a document once and offers the same bytes until a node takes them, so nothing
 * here can make a fork. What a node lacks because others have not told it yet is not offered to it:
 * bringing it is the nodes' work.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminClient } from '../../src/client/admin-client.ts';
import type { StreamStatus } from '../../src/core/admin/messages.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { parseBundleName, releaseStream } from '../../src/core/ids.ts';
import { addActive, createTestAnchor } from '../../src/testing/anchors.ts';
import type { WanCluster, WanNode } from '../wan/cluster.ts';
import { Oracle } from './oracle.ts';

const BUNDLES = ['one', 'two', 'three', 'four'];
const PUBLISH_EVERY_MS = 200;
const OBSERVE_EVERY_MS = 500;
const CALL_WITHIN_MS = 2000;
const ANSWER_WITHIN_MS = 30_000;
const EQUAL_WITHIN_MS = 60_000;
const EQUAL_EVERY_MS = 50;

/** The nodes and who works with them. */
export class Field implements AsyncDisposable {
  readonly cluster: WanCluster;
  readonly oracle: Oracle = new Oracle();
  /** What was seen that is neither good nor bad. */
  readonly notes: string[] = [];
  readonly #anchor = createTestAnchor('faults', Date.now());
  readonly #admins: Map<string, AdminClient>;
  readonly #loops: readonly Promise<void>[];
  #publishers: readonly WanNode[];
  #isOver = false;
  #publishing: Promise<void> = Promise.resolve();
  #turn = 0;

  private constructor(cluster: WanCluster, admins: Map<string, AdminClient>) {
    this.cluster = cluster;
    this.#admins = admins;
    this.#publishers = [];
    this.#loops = [this.#keepPublishing(), this.#keepObserving()];
  }

  static async open(cluster: WanCluster): Promise<Field> {
    const admins = new Map<string, AdminClient>();
    for (const node of cluster.nodes) {
      admins.set(node.host.name, await cluster.openAdmin(node, CALL_WITHIN_MS));
    }
    return new Field(cluster, admins);
  }

  node(name: string): WanNode {
    const found = this.cluster.nodes.find(({ host }) => host.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** Publishes at these nodes in turn from now on; at none to pause. */
  async publishAt(...names: readonly string[]): Promise<void> {
    this.#publishers = names.map((name) => this.node(name));
    await this.#publishing;
  }

  /**
   * Milliseconds until all nodes hold the same, and all that was acknowledged; waits a minute at
   * most and then gives infinity. Nothing is published meanwhile.
   */
  async untilEqual(): Promise<number> {
    await this.publishAt();
    const startMs = performance.now();
    while (performance.now() - startMs < EQUAL_WITHIN_MS) {
      if (await this.#isEqual()) {
        const tookMs = performance.now() - startMs;
        for (const { host } of this.cluster.nodes) {
          this.oracle.judgeWhole(host.name, await this.observe(host.name));
        }
        return tookMs;
      }
      await sleep(EQUAL_EVERY_MS);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** How many acknowledged statements a node lacks; it must serve. */
  async behind(name: string): Promise<number> {
    const heads = await this.observe(name);
    const lacks = heads.map(({ stream, sequence }) =>
      Math.max(0, this.oracle.acknowledged(stream) - sequence),
    );
    return lacks.reduce((sum, count) => sum + count, 0);
  }

  /**
   * Asks a node what it holds, and judges the answer. A node that holds back until it has compared
   * its store, or that is late, is asked again.
   */
  async observe(name: string): Promise<readonly StreamStatus[]> {
    const deadlineMs = performance.now() + ANSWER_WITHIN_MS;
    for (;;) {
      try {
        return await this.#observe(name);
      } catch (thrown) {
        if (performance.now() > deadlineMs) throw thrown;
        await sleep(EQUAL_EVERY_MS);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    for (const admin of this.#admins.values()) admin[Symbol.dispose]();
  }

  async #isEqual(): Promise<boolean> {
    const answers = await Promise.allSettled(
      [...this.#admins.keys()].map(async (name) => this.#ask(name, (admin) => admin.status())),
    );
    const roots = answers.map((answer) =>
      answer.status === 'fulfilled' ? answer.value.root : undefined,
    );
    return new Set(roots).size === 1 && roots[0] !== undefined;
  }

  async #keepPublishing(): Promise<void> {
    while (!this.#isOver) {
      const node = this.#publishers[this.#turn % Math.max(1, this.#publishers.length)];
      const bundle = BUNDLES[this.#turn % BUNDLES.length] ?? '';
      this.#turn += 1;
      if (node !== undefined) {
        this.#publishing = this.#publish(node.host.name, `${bundle}.kedge.test`);
        await this.#publishing;
      }
      await sleep(PUBLISH_EVERY_MS);
    }
  }

  async #publish(name: string, bundle: string): Promise<void> {
    const stream = releaseStream(parseBundleName(bundle));
    const { oracle } = this;
    try {
      const heads = await this.#observe(name);
      const held = heads.find((head) => head.stream === stream)?.sequence ?? 0;
      if (held < oracle.acknowledged(stream)) return;
      const offered = oracle.made(stream)[held] ?? this.#make(bundle);
      const submission = { document: offered.document, blobs: [this.#anchor.der] };
      const { sequence } = await this.#ask(name, (admin) => admin.submit(submission));
      oracle.noteAcknowledged(name, stream, sequence);
    } catch (thrown) {
      // A node that is down, stopped or full says so; what it acknowledged is what counts.
      KedgeError.from(thrown);
    }
  }

  #make(bundle: string): ReturnType<Oracle['made']>[number] {
    const count = this.oracle.made(releaseStream(parseBundleName(bundle))).length;
    const release = this.cluster.realm.nextRelease(bundle, (body, point) =>
      body.anchors.length === 0
        ? addActive(this.#anchor)(body, point)
        : { ...body, note: `release ${count + 1}` },
    );
    this.oracle.noteMade(release);
    return release;
  }

  async #keepObserving(): Promise<void> {
    while (!this.#isOver) {
      await Promise.allSettled([...this.#admins.keys()].map(async (name) => this.#observe(name)));
      await sleep(OBSERVE_EVERY_MS);
    }
  }

  async #observe(name: string): Promise<readonly StreamStatus[]> {
    const floors = this.oracle.floors(name);
    const heads = await this.#ask(name, (admin) => admin.streams());
    this.oracle.judge(name, floors, heads);
    return heads;
  }

  /** One call. After a failure the next one uses a new connection, which does not wait to dial. */
  async #ask<T>(name: string, call: (admin: AdminClient) => Promise<T>): Promise<T> {
    const admin = this.#admins.get(name);
    if (admin === undefined) throw new Error(`no node ${name}`);
    try {
      return await call(admin);
    } catch (thrown) {
      if (this.#admins.get(name) === admin && KedgeError.from(thrown).code === 'UNAVAILABLE') {
        this.#admins.set(name, await this.cluster.openAdmin(this.node(name), CALL_WITHIN_MS));
        admin[Symbol.dispose]();
      }
      throw thrown;
    }
  }
}
