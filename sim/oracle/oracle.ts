/**
 * Checks the invariants after every event, with its own knowledge of what was signed.
 *
 * Looks only at what goes into a machine and comes out of it, and at the disk. A broken invariant
 * throws a {@link Violation}, which ends the seed.
 *
 * @module
 */
import type {
  GossipEffect,
  GossipEvent,
  Notice,
  SubmitResult,
} from '../../src/core/gossip/events.ts';
import type { Frame } from '../../src/core/gossip/frames.ts';
import { hasShownNoMore } from '../../src/core/gossip/restored/serving.ts';
import { CHARTER_STREAM, type Sha256, type StreamName } from '../../src/core/ids.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';
import {
  currentCharter,
  type Evidence,
  type ForkedStream,
  type Head,
  type TrustedState,
} from '../../src/core/trusted/state.ts';
import type { Process, SimNode } from '../nodes/node.ts';
import type { Trace } from '../runs/trace.ts';
import type { Scene } from '../world/scene.ts';
import { Agreement } from './agreement.ts';
import { Attested } from './attested.ts';
import { excessOf } from './bounds.ts';
import { Copies } from './copies.ts';
import { noteCoverage, noteStored } from './events-coverage.ts';
import type { Known, Truth } from './truth.ts';
import { type Invariant, Violation } from './violation.ts';
import { Waves } from './waves.ts';

/** Watches one seed. */
export class Oracle {
  readonly #scene: Scene;
  readonly #trace: Trace | undefined;
  readonly #truth: Truth;
  /** The highest sequence that each host has served, by stream. */
  readonly #floors: Map<SimNode, Map<StreamName, number>> = new Map();
  readonly #proven = new WeakSet<Evidence>();
  readonly #restored: Set<SimNode> = new Set();
  /** The charters of each host that were looked at for decisions. */
  readonly #followed: Map<SimNode, TrustedState['charters']> = new Map();
  /** What admins were told is durable. */
  readonly acknowledged: Map<Sha256, Known> = new Map();
  readonly agreement: Agreement = new Agreement();
  readonly attested: Attested = new Attested();
  readonly copies: Copies;
  readonly waves: Waves;

  constructor(scene: Scene, truth: Truth, trace: Trace | undefined) {
    this.#scene = scene;
    this.#truth = truth;
    this.#trace = trace;
    this.copies = new Copies(scene, this.attested);
    this.waves = new Waves(scene);
  }

  /** A machine took an event; its effects are about to be carried out. */
  handled(driver: Process, event: GossipEvent, effects: readonly GossipEffect[]): void {
    this.#trace?.add(driver.host.index, this.#scene.nowMs, event, effects);
    noteCoverage(this.#scene.coverage, event, effects);
    this.copies.handled(driver, event, effects);
    const excess = excessOf(driver, effects.length, this.#scene.hosts.length);
    if (excess !== undefined) {
      throw this.#violation('bounded', `${name(driver.host)} has ${excess}`);
    }
    for (const effect of effects) {
      if (effect.kind === 'persist') this.#stores(driver, effect);
      if (effect.kind === 'notice') this.#notices(driver, effect.notice);
    }
  }

  machineThrew(driver: Process, event: GossipEvent, thrown: unknown): never {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    throw this.#violation('no-bug', `${name(driver.host)} threw on ${event.kind}: ${text}`);
  }

  /** A process starts and serves what its disk holds, unless it holds back. */
  boots(host: SimNode, state: TrustedState, holding: string | undefined): void {
    if (holding === undefined) this.serves(host, state, []);
    else this.#scene.coverage.hit('holds-back');
  }

  /**
   * What a host held is gone, and what nobody else has cannot be demanded any more: a node that
   * acknowledges promises its own disk, not that of others.
   */
  diskReplaced(host: SimNode): void {
    this.#restored.add(host);
    this.#followed.delete(host);
    this.waves.forget(host);
    // It looks like itself, and serves what it holds until it is found out.
    if (hasShownNoMore(host.disk.origin)) this.#floors.delete(host);
    for (const one of this.#restored) if (one.disk.origin !== 'intact') this.#lower(one);
    const others = this.#scene.core();
    for (const [digest, { stream, sequence }] of this.acknowledged) {
      const isHeld = others.some((other) => other.disk.entry(stream, sequence)?.digest === digest);
      if (!isHeld) this.acknowledged.delete(digest);
    }
    this.agreement.forget(others.map(({ disk }) => disk));
  }

  /** A restored node compares with two others: it finds what all but one of the honest hold. */
  #lower(host: SimNode): void {
    const others = this.#scene.core().filter((other) => other !== host);
    const liars = this.#scene.hosts.filter(({ isHonest }) => !isHonest).length;
    const floors = this.#floorsOf(host);
    for (const [stream, floor] of floors) {
      const held = others.map(({ disk }) => disk.headOf(stream)).toSorted((x, y) => x - y);
      floors.set(stream, Math.min(floor, held[liars === 0 ? 1 : 0] ?? 0));
    }
  }

  /** The durable state is for clients; without streams: all of it. */
  serves(host: SimNode, state: TrustedState, streams: readonly StreamName[]): void {
    this.#follows(host, state);
    const all = streams.length > 0 ? streams : [CHARTER_STREAM, ...state.streams.keys()];
    for (const stream of all) {
      const held = state.streams.get(stream);
      if (held?.kind === 'forked') this.#servesFork(host, held);
      else if (held !== undefined) this.#servesHead(host, stream, held.head);
      else if (stream === CHARTER_STREAM) this.#servesCharter(host, state);
    }
  }

  /** The durable state moved, and is not for clients yet. */
  holds(host: SimNode, state: TrustedState, streams: readonly StreamName[]): void {
    for (const stream of streams) {
      const head = state.streams.get(stream)?.head;
      if (!head || this.#truth.recognise(head.statement)?.digest === head.digest) continue;
      throw this.#violation('stored-verified', `${name(host)} holds ${stream} without a quorum`);
    }
  }

  /** An admin got an answer. */
  replied(host: SimNode, result: SubmitResult): void {
    if (result.kind === 'refused') return;
    const { stream, sequence, digest } = result;
    const known = this.#truth.byDigest(digest);
    if (known === undefined || !this.#isOnDisk(host, stream, sequence, digest)) {
      const what = `${stream} ${sequence}`;
      throw this.#violation('reply-durable', `${name(host)} answered ${what}, not on its disk`);
    }
    this.acknowledged.set(digest, known);
  }

  /** A machine sends a frame, with these statements in it. */
  sends(host: SimNode, frame: Frame, statements: readonly SignedStatement[]): void {
    if (frame.kind === 'digest' && frame.digest.mark) this.copies.said(frame.digest.mark);
    for (const signed of statements) {
      if (!this.#truth.isSendable(signed, frame.kind)) {
        const what = `${name(host)} sent a ${frame.kind} with a statement without a quorum`;
        throw this.#violation('sent-verified', what);
      }
    }
    if (frame.kind !== 'held' || frame.row.forked) return;
    const { stream, sequence, digest } = frame.row;
    if (!this.#isOnDisk(host, stream, sequence, digest)) {
      const what = `${name(host)} acknowledged ${stream} ${sequence}, not on its disk`;
      throw this.#violation('claimed-durable', what);
    }
  }

  #stores(driver: Process, { batch }: Extract<GossipEffect, { kind: 'persist' }>): void {
    noteStored(this.#scene.coverage, driver.machine.verified, batch);
    for (const { stream, sequence, digest, document } of batch.documents) {
      const known = this.#truth.recogniseQuorum(document.statement);
      const isKnown =
        known?.digest === digest && known.stream === stream && known.sequence === sequence;
      if (known === undefined || !isKnown || !this.#truth.isBody(known, document.body)) {
        throw this.#violation('stored-verified', `${stream} ${sequence} was not signed so`);
      }
    }
    if (batch.evidence !== undefined) this.#proves(batch.evidence);
  }

  /**
   * A charter's decision may take back what was served from its place on, once; one that took the
   * place of others may take back all that stood on those.
   */
  #follows(host: SimNode, { charters }: TrustedState): void {
    const followed = this.#followed.get(host) ?? [];
    this.#followed.set(host, charters);
    const apart = charters.findIndex(({ digest }, at) => digest !== followed[at]?.digest);
    if (apart < 0) return;
    if (apart < followed.length) this.#floors.delete(host);
    for (const { charter } of charters.slice(apart)) {
      for (const one of charter.resolutions ?? []) {
        const floors = this.#floorsOf(host);
        // What stands may build on another side of a fork that lies deeper.
        const held = (at: number): Sha256 | undefined => host.disk.anyEntry(one.stream, at)?.digest;
        const common = this.#truth.commonBelow(one, held);
        floors.set(one.stream, Math.min(floors.get(one.stream) ?? 0, common));
      }
    }
  }

  #servesCharter(host: SimNode, state: TrustedState): void {
    const charter = currentCharter(state);
    if (charter === undefined) return;
    const { statement, body } = charter.document;
    const { version: sequence, digest } = charter;
    this.#servesHead(host, CHARTER_STREAM, { sequence, digest, statement, bodyBytes: body });
  }

  #servesHead(
    host: SimNode,
    stream: StreamName,
    head: Pick<Head, 'digest' | 'statement' | 'bodyBytes'> & { readonly sequence: number },
  ): void {
    const { sequence, digest } = head;
    const known = this.#truth.recogniseQuorum(head.statement);
    const what = `${name(host)} serves ${stream} ${sequence}`;
    if (known?.digest !== digest || !this.#truth.isBody(known, head.bodyBytes)) {
      throw this.#violation('served-verified', `${what}, which was not signed so`);
    }
    if (known.stream !== stream || known.sequence !== sequence) {
      throw this.#violation('served-verified', `${what}, which was signed for another place`);
    }
    if (!this.#isOnDisk(host, stream, sequence, digest)) {
      throw this.#violation('served-durable', `${what}, which is not on its disk`);
    }
    this.#rise(host, stream, sequence);
    if (host.isHonest) this.agreement.served(stream, sequence, digest);
  }

  #servesFork(host: SimNode, { stream, evidence, commonSequence, head }: ForkedStream): void {
    this.#proves(evidence);
    if (host.disk.fork(stream) === undefined) {
      const what = `${name(host)} stopped ${stream} without evidence on its disk`;
      throw this.#violation('served-durable', what);
    }
    const known = head && this.#truth.recognise(head.statement);
    if (head !== undefined && known?.digest !== head.digest) {
      throw this.#violation('served-verified', `${name(host)} serves ${stream} below a fork`);
    }
    // A fork alone takes back what was beyond it; who is behind has served less than all below it.
    const floors = this.#floorsOf(host);
    floors.set(stream, Math.min(floors.get(stream) ?? 0, commonSequence));
  }

  #proves(evidence: Evidence): void {
    if (this.#proven.has(evidence)) return;
    const { stream, sequence } = evidence;
    const first = this.#truth.recogniseQuorum(evidence.first);
    const second = this.#truth.recogniseQuorum(evidence.second);
    const isProof =
      first !== undefined &&
      second !== undefined &&
      first.digest !== second.digest &&
      [first, second].every((one) => one.stream === stream && one.sequence === sequence);
    if (!isProof) throw this.#violation('fork-proven', `${stream} ${sequence} is no fork`);
    this.#proven.add(evidence);
  }

  #rise(host: SimNode, stream: StreamName, sequence: number): void {
    const floors = this.#floorsOf(host);
    const floor = floors.get(stream) ?? 0;
    if (sequence < floor) {
      const what = `${name(host)} serves ${stream} ${sequence} after ${floor}`;
      throw this.#violation(this.#restored.has(host) ? 'restored-waits' : 'served-monotonic', what);
    }
    floors.set(stream, sequence);
  }

  #isOnDisk(host: SimNode, stream: StreamName, sequence: number, digest: Sha256): boolean {
    const held = host.disk.entry(stream, sequence)?.digest;
    return held === undefined ? host.disk.fork(stream) !== undefined : held === digest;
  }

  #notices(driver: Process, notice: Notice): void {
    if ('error' in notice && notice.error.code === 'BUG') {
      throw this.#violation('no-bug', notice.error.stack ?? notice.error.message);
    }
    if (notice.kind === 'copy') this.copies.noticed(driver.host, notice);
    if (notice.kind !== 'region-split') return;
    throw this.#violation('cosigned-once', `${name(driver.host)} has the proof of two roots`);
  }

  #floorsOf(host: SimNode): Map<StreamName, number> {
    const floors = this.#floors.get(host) ?? new Map<StreamName, number>();
    this.#floors.set(host, floors);
    return floors;
  }

  #violation(invariant: Invariant, message: string): Violation {
    return new Violation(invariant, this.#scene.nowMs, message);
  }
}

function name(host: SimNode): string {
  return `${host.identity.nodeId}[${host.index}]`;
}
