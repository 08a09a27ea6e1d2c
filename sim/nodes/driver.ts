/**
 * One process of a simulated node: drives the production machine as
 * `service/replication/replicator.ts` does.
 *
 * The same in what matters: events one at a time, effects in order, an effect that closes a link
 * reports it before the next one, what lies at or below a head waits for the store, writes run in
 * order. A crash is no exception: between any two effects the process is not there any more.
 *
 * @module
 */
import type {
  GossipEffect,
  GossipEvent,
  Recall,
  SubmitResult,
} from '../../src/core/gossip/events.ts';
import type { Frame } from '../../src/core/gossip/frames.ts';
import type { NodeId } from '../../src/core/ids.ts';
import type { Updates } from '../../src/core/membership/frames.ts';
import type { DialTarget } from '../../src/core/peer.ts';
import type { TrustedState } from '../../src/core/trusted/state.ts';
import type { CharterRow } from '../../src/service/replication/charter-row.ts';
import { type Judged, judgedIn } from '../../src/service/replication/judged.ts';
import { type Crash, crashPoint } from '../faults/crash.ts';
import { frameFacts } from '../network/facts.ts';
import { type LinkEnd, otherEnd, type SimLink } from '../network/link.ts';
import type { Network } from '../network/network.ts';
import type { Oracle } from '../oracle/oracle.ts';
import type { Published } from '../people/pool.ts';
import type { Scene } from '../world/scene.ts';
import { Delivering } from './delivering.ts';
import { Fetcher } from './fetcher.ts';
import { Keeping } from './keeping.ts';
import type { Machine, Process, SimNode } from './node.ts';
import { Recalls } from './recall.ts';
import { Remembering } from './remembering.ts';
import { Standing } from './standing.ts';
import { Timers } from './timers.ts';
import { Writer } from './writer.ts';

const NONE: Recall = {};
const RESOLVE_MS = 5;

/** What a process runs in. */
export interface Surroundings {
  readonly scene: Scene;
  readonly network: Network;
  readonly oracle: Oracle;
}

/** A running process. */
export class Driver implements Process {
  readonly host: SimNode;
  readonly machine: Machine;
  readonly writer: Writer;
  readonly fetcher: Fetcher;
  readonly keeping: Keeping;
  readonly standing: Standing;
  /** Absent where nothing waits for rollouts. */
  delivering: Delivering | undefined;
  readonly links: Map<string, { readonly link: SimLink; readonly end: LinkEnd }> = new Map();
  readonly #scene: Scene;
  readonly #network: Network;
  readonly #oracle: Oracle;
  readonly #timers: Timers;
  readonly #recalls: Recalls;
  readonly #remembering: Remembering;
  readonly #submitters: Map<number, (result: SubmitResult) => void> = new Map();
  #isAlive = true;
  #nextRequestId = 1;
  #crash: Crash | undefined;

  constructor({ scene, network, oracle }: Surroundings, host: SimNode, machine: Machine) {
    this.#scene = scene;
    this.#network = network;
    this.#oracle = oracle;
    this.host = host;
    this.machine = machine;
    this.writer = new Writer(scene, host, (event) => this.handle(event));
    this.fetcher = new Fetcher(scene, network, this);
    this.keeping = new Keeping(scene, this);
    this.standing = new Standing({
      ...{ scene, oracle, host, machine },
      handle: (event) => this.handle(event),
      isAlive: () => this.#isAlive,
    });
    this.#recalls = new Recalls(scene.coverage);
    this.#remembering = new Remembering(scene, this);
    this.#timers = new Timers({
      after: (delayMs, run) => scene.after(delayMs, host.index, run),
      due: (timer) => this.handle({ kind: 'timer', timer }),
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get timerCount(): number {
    return this.#timers.count;
  }

  start(): void {
    this.handle({ kind: 'start' });
    this.#remembering.start();
  }

  /** Gives the node's programs what is due to them, from what is served on. */
  deliver(state: TrustedState): void {
    const { waves } = this.#oracle;
    const isAlive = (): boolean => this.#isAlive;
    this.delivering = new Delivering({ scene: this.#scene, waves, host: this.host, isAlive });
    if (this.machine.holding === undefined) this.delivering.serve(state, []);
  }

  /** Says good-bye: the node is about to stop. */
  leave(): void {
    this.handle({ kind: 'leave' });
    this.#remembering.note();
  }

  /** Dies in the middle of the effects of the next such event: after this share of them. */
  crashSoon(crash: Crash): void {
    this.#crash = crash;
  }

  /** The process is gone. */
  stop(): void {
    this.#isAlive = false;
  }

  submit(
    { document, blobs }: Pick<Published, 'document' | 'blobs'>,
    done: (result: SubmitResult) => void,
  ): void {
    const requestId = this.#nextRequestId++;
    this.#submitters.set(requestId, done);
    this.withRecall(document, (recall) =>
      this.handle({ kind: 'submit', requestId, document, blobs, recall }),
    );
  }

  /** A connection is there; `target`: it was dialled from here. */
  linkUp(link: SimLink, end: LinkEnd, nodeId: NodeId, target?: DialTarget): void {
    if (!this.#isAlive) return;
    const { linkId } = link;
    this.links.set(linkId, { link, end });
    const dialled = target === undefined ? {} : { target };
    this.handle({ kind: 'link-up', linkId, nodeId, ...dialled });
  }

  linkFrame(linkId: string, frame: Frame): void {
    if (!this.#isAlive) return;
    if ('updates' in frame) this.#noteSuspicion(frame.updates);
    const judged = judgedIn(frame);
    if (judged === undefined) return this.handle({ kind: 'frame', linkId, frame, recall: NONE });
    this.withRecall(judged, (recall) => this.handle({ kind: 'frame', linkId, frame, recall }));
  }

  /** Something came that is no frame: the transport closes the link. */
  linkGarbage(linkId: string): void {
    this.#close(linkId);
  }

  linkDown(linkId: string): void {
    if (!this.#isAlive || !this.links.delete(linkId)) return;
    this.handle({ kind: 'link-down', linkId });
  }

  linkFailed(target: DialTarget): void {
    this.handle({ kind: 'dial-failed', target });
  }

  /** Adds what only the store knows and judging needs, as `service/replication/recall.ts` does. */
  withRecall(judged: Judged | undefined, next: (recall: Recall) => void, row?: CharterRow): void {
    const read = judged && this.#recalls.find(judged, this.machine.verified, row);
    if (read === undefined) return next(NONE);
    this.#scene.coverage.hit('recall');
    this.writer.whenIdle(() => next(read(this.host.disk)));
  }

  handle(event: GossipEvent): void {
    if (!this.#isAlive) return;
    const effects = this.#ask(event);
    this.#oracle.handled(this, event, effects);
    const crashAt = this.#crash && crashPoint(this.#crash, effects);
    if (crashAt !== undefined) this.#crash = undefined;
    let index = 0;
    for (const effect of effects) {
      if (index++ === crashAt) break;
      this.#perform(effect);
      if (!this.isAlive) return;
    }
    if (crashAt !== undefined) this.host.die();
  }

  #ask(event: GossipEvent): readonly GossipEffect[] {
    try {
      return this.machine.handle(event, this.host.wallMs, this.#scene.nowMs);
    } catch (thrown) {
      return this.#oracle.machineThrew(this, event, thrown);
    }
  }

  #noteSuspicion({ observations }: Updates): void {
    const { nodeId } = this.host.identity;
    if (observations.some((one) => one.nodeId === nodeId)) this.#scene.coverage.hit('refutation');
  }

  // eslint-disable-next-line complexity -- one case per kind of effect
  #perform(effect: GossipEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.linkId, effect.frame);
      case 'close':
        return this.#close(effect.linkId);
      case 'dial':
        return this.#network.dial(this, effect.target);
      case 'resolve':
        return this.#resolve();
      case 'vouched':
      case 'unvouched':
      case 'renew':
        return this.standing.perform(effect.kind);
      case 'advance':
        return this.standing.advance(effect.beyond);
      case 'fetch':
        return this.fetcher.start(effect.fetchId, effect.target, effect.requests);
      case 'cancel-fetch':
        return this.fetcher.cancel(effect.fetchId);
      case 'persist':
        return this.writer.add(effect.batchId, effect.batch);
      case 'serve':
        return this.#serve(effect);
      case 'hold':
        return this.#oracle.holds(this.host, effect.state, effect.streams);
      case 'attested':
      case 'arrived':
      case 'fork-judged':
        return;
      case 'keep-proposals':
      case 'complete':
      case 'proposed':
        return this.keeping.perform(effect);
      case 'reply':
        return this.#reply(effect.requestId, effect.result);
      case 'arm':
        return this.#timers.arm(effect.timer, effect.delayMs);
      case 'notice':
        if (effect.notice.kind === 'serving') this.host.disk.origin = 'intact';
        return;
    }
  }

  #serve({ state, streams }: Extract<GossipEffect, { kind: 'serve' }>): void {
    this.standing.serve(state, streams);
    this.#oracle.serves(this.host, state, streams);
    this.delivering?.serve(state, streams);
  }

  #resolve(): void {
    this.#scene.after(RESOLVE_MS, this.host.index, () => {
      this.handle({ kind: 'resolved', addresses: this.#scene.seeds });
    });
  }

  #send(linkId: string, frame: Frame): void {
    const known = this.links.get(linkId);
    if (known === undefined) return;
    const { bytes, statements } = frameFacts(frame);
    this.#oracle.sends(this.host, frame, statements);
    // What a peer that does not keep up has no room for is dropped; repair brings it.
    if (this.host.isHonest) {
      this.#network.send(known.link, known.end, { frame, bytes });
      return;
    }
    const reader = this.#scene.hosts[otherEnd(known.link, known.end).host] ?? this.host;
    for (const sent of this.host.tamper(frame, reader)) {
      const size = sent === frame ? bytes : frameFacts(sent).bytes;
      this.#network.send(known.link, known.end, { frame: sent, bytes: size });
    }
  }

  #close(linkId: string): void {
    const known = this.links.get(linkId);
    if (known === undefined) return;
    this.#network.close(known.link, known.end);
    this.linkDown(linkId);
  }

  #reply(requestId: number, result: SubmitResult): void {
    const done = this.#submitters.get(requestId);
    this.#submitters.delete(requestId);
    this.#oracle.replied(this.host, result);
    done?.(result);
  }
}
