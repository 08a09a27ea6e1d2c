/**
 * What honest nodes hold of the lines by keys of other nodes, and whether such a key signs although
 * a peer with a link could have said that its store lacks one.
 *
 * @module
 */
import type { GossipEffect } from '../../src/core/gossip/events.ts';
import { CHARTER_STREAM } from '../../src/core/ids.ts';
import { verifyCosignature } from '../../src/core/log/cosignature.ts';
import type { CosignedHead } from '../../src/core/log/regions.ts';
import { otherEnd } from '../network/link.ts';
import type { Process, SimNode } from '../nodes/node.ts';
import { regionKeyOf } from '../people/keys.ts';
import type { Scene } from '../world/scene.ts';
import { isBackward, nameOfLine } from './attested.ts';
import { Violation } from './violation.ts';

/** A peer with a link that was asked for so long without an answer is waited for no longer. */
const PATIENCE_MS = 14_000;

/** What was asked and answered, by the node that asks and the peer. */
type Times = Map<SimNode, Map<SimNode, number>>;

/** The lines of one seed. */
export class KnownLines {
  readonly #scene: Scene;
  /** When the present process asked first. */
  readonly #asked: Times = new Map();
  /** When the peer said last that this is all. */
  readonly #answered: Times = new Map();
  /** When a node heard of a line. */
  readonly #heard: Map<SimNode, Map<string, number>> = new Map();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A process begins, or has to ask again. */
  begins(host: SimNode): void {
    this.#asked.delete(host);
    this.#answered.delete(host);
  }

  /** A process did this. */
  handled({ host, links }: Process, effects: readonly GossipEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'unvouched') this.begins(host);
      if (effect.kind === 'attested' && effect.said.kind === 'cosigned') {
        const heard = this.#heard.get(host) ?? new Map<string, number>();
        this.#heard.set(host, heard.set(nameOfLine(effect.said.head), this.#scene.nowMs));
      }
      if (effect.kind !== 'send') continue;
      const { kind } = effect.frame;
      if (kind !== 'lines-ask' && kind !== 'lines') continue;
      const known = links.get(effect.linkId);
      const peer = known && this.#scene.hosts[otherEnd(known.link, known.end).host];
      if (peer === undefined) continue;
      if (kind === 'lines-ask') note(this.#asked, host, peer, this.#scene.nowMs, 'first');
      else if (effect.frame.upTo === undefined) note(this.#answered, peer, host, this.#scene.nowMs);
    }
  }

  /** The key of a node begins to sign: no peer that it could ask knows a line that it lacks. */
  vouched(host: SimNode): void {
    const { nowMs } = this.#scene;
    for (const [peer, head] of this.#foreign(host)) {
      const askedMs = this.#asked.get(host)?.get(peer) ?? nowMs;
      const answeredMs = this.#answered.get(host)?.get(peer) ?? nowMs;
      const heardMs = this.#heard.get(peer)?.get(nameOfLine(head)) ?? 0;
      if (nowMs - askedMs >= PATIENCE_MS || heardMs > answeredMs) continue;
      throw new Violation('lines-asked', nowMs, textOf(host, peer, head));
    }
  }

  /** A node that attests although an honest peer holds a line by its key that its store lacks. */
  unheard(): string | undefined {
    for (const host of this.#scene.core()) {
      if (!host.attests || host.driver?.standing.isWaiting === true) continue;
      const [first] = this.#foreign(host);
      if (first !== undefined) return textOf(host, ...first);
    }
    return undefined;
  }

  /** Lines that the store of a node lacks, and the honest peers with a link that hold them. */
  *#foreign(host: SimNode): Generator<readonly [SimNode, CosignedHead]> {
    const key = regionKeyOf(host.identity.region).publicKey;
    for (const peer of this.#scene.core()) {
      const { machine } = peer.driver ?? {};
      const isLinked = host.driver?.machine.isLinked(peer.identity.nodeId) === true;
      if (machine === undefined || peer === host || !isLinked) continue;
      for (const stream of [CHARTER_STREAM, ...machine.durable.streams.keys()]) {
        for (const head of machine.attestations.cosigned(stream)) {
          const timeSeconds = verifyCosignature(head.checkpoint, key, head.line);
          if (timeSeconds === undefined) continue;
          const held = host.disk.cosigned.get(stream);
          if (held === undefined || isBackward({ ...head, timeSeconds }, held)) yield [peer, head];
        }
      }
    }
  }
}

function note(times: Times, at: SimNode, peer: SimNode, nowMs: number, which?: 'first'): void {
  const known = times.get(at) ?? new Map<SimNode, number>();
  times.set(at, known);
  if (which !== 'first' || !known.has(peer)) known.set(peer, nowMs);
}

function textOf(host: SimNode, peer: SimNode, { checkpoint }: CosignedHead): string {
  const line = `${checkpoint.stream} ${String(checkpoint.size)}`;
  return `the key of ${host.identity.nodeId} signs, and ${peer.identity.nodeId} holds its ${line}`;
}
