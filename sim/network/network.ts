/**
 * The simulated network: dialling, links with delay and bandwidth, cuts, keep-alives.
 *
 * What a link does is what gRPC over TCP does: order is kept, nothing is lost without the link
 * being lost, a peer that dies with its machine is noticed by the keep-alive only.
 *
 * @module
 */
import type { DialTarget } from '../../src/core/peer.ts';
import type { Fates } from '../faults/fates.ts';
import { draw } from '../world/prf.ts';
import type { Scene } from '../world/scene.ts';
import {
  type Endpoint,
  isBetween,
  type LinkEnd,
  makeEnd,
  otherEnd,
  type Parcel,
  type SimLink,
} from './link.ts';
import { Ways } from './ways.ts';

/** A dial or a link over which nothing comes ends after this time. */
const CONNECT_WITHIN_MS = 5000;
const KEEPALIVE_MS = { min: 10_000, max: 15_000 };
/** TCP tries again in growing steps once a way is free. */
const RETRANSMIT_MAX_MS = 3000;
const WAITING_MAX = 4096;
const WAITING_MAX_BYTES = 8 * 1024 * 1024;
/** Bytes per millisecond: 100 Mbit/s. */
const BANDWIDTH = 12_500;

/** All links of a world. */
export class Network {
  /** What becomes of frames, dials and items. */
  readonly fates: Fates;
  readonly #scene: Scene;
  readonly #ways: Ways;
  readonly #links: Set<SimLink> = new Set();
  #linkCount = 0;

  constructor(scene: Scene, fates: Fates, hosts: number) {
    this.#scene = scene;
    this.fates = fates;
    this.#ways = new Ways(scene, hosts);
  }

  delayMs(from: number, to: number): number {
    return this.#ways.delayMs(from, to);
  }

  isBlocked(from: number, to: number): boolean {
    return this.#ways.isBlocked(from, to);
  }

  /** Nothing passes from one host to another until as many `unblock`s. */
  block(from: number, to: number): void {
    if (!this.#ways.block(from, to)) return;
    for (const link of this.#links) {
      if (isBetween(link, from, to)) this.#watch(link);
    }
  }

  unblock(from: number, to: number): void {
    if (!this.#ways.unblock(from, to)) return;
    for (const link of this.#links) {
      for (const end of [link.dialler, link.acceptor]) {
        if (end.host === from && otherEnd(link, end).host === to) this.#flush(link, end);
      }
    }
  }

  /** Starts to connect, as `grpc/peers/peer-links.ts` does; ends in `linkUp` or `linkFailed`. */
  dial(driver: Endpoint, target: DialTarget): void {
    const from = driver.host.index;
    const to = this.#scene.hostAt(target.address);
    const failed = (afterMs: number): void =>
      this.#scene.after(afterMs, from, () => driver.linkFailed(target));
    const fate = this.fates.dial(from);
    if (to === undefined || fate === 'lost' || this.#isDark(from, to)) {
      return failed(CONNECT_WITHIN_MS);
    }
    const peer = this.#scene.hosts[to]?.driver;
    if (peer === undefined || fate === 'refused') {
      return failed(2 * this.delayMs(from, to));
    }
    const slowMs = fate === 'slow' ? CONNECT_WITHIN_MS * 0.6 : 0;
    // TCP and TLS take one and a half round trips, the answer another half.
    const arriveMs = slowMs + 3 * this.delayMs(from, to);
    if (arriveMs + this.delayMs(to, from) > CONNECT_WITHIN_MS) return failed(CONNECT_WITHIN_MS);
    this.#connect(driver, peer, { arriveMs, target, failed });
  }

  /** Sends from one end; `full`: the peer does not keep up. */
  send(link: SimLink, end: LinkEnd, parcel: Parcel): 'sent' | 'full' {
    const { frame, bytes } = parcel;
    if (end.waitingCount >= WAITING_MAX || end.waitingBytes + bytes > WAITING_MAX_BYTES) {
      return 'full';
    }
    end.sent += 1;
    this.#scene.tally(frame.kind, bytes);
    if (end.isBroken) return 'sent';
    const fate = this.fates.frame(end.host, otherEnd(link, end).host);
    if (fate === 'drop' || fate === 'reset' || fate === 'half-open') {
      this.#break(link, end, fate);
      return 'sent';
    }
    if (fate === 'flip') {
      this.#transmit(link, end, () => this.#garbage(link, end));
      return 'sent';
    }
    if (typeof fate === 'number') end.freeAtMs = Math.max(end.freeAtMs, this.#scene.nowMs) + fate;
    this.#transmit(link, end, parcel);
    if (fate === 'duplicate') this.#duplicate(link, end, parcel);
    return 'sent';
  }

  /** An end is closed by its process; the other one hears of it when the way is free. */
  close(link: SimLink, end: LinkEnd): void {
    if (!end.isUp) return;
    end.isUp = false;
    const peer = otherEnd(link, end);
    this.#transmit(link, end, () => {
      if (!this.isBlocked(end.host, peer.host)) this.#down(link, peer);
    });
    this.#forgetWhenOver(link);
  }

  /** A process is gone; `told`: its machine lives and resets its connections. */
  vanish(driver: Endpoint, peers: 'told' | 'untold'): void {
    for (const link of this.#links) {
      for (const end of [link.dialler, link.acceptor]) {
        if (end.driver !== driver) continue;
        end.isUp = false;
        if (peers === 'untold') {
          this.#watch(link);
          continue;
        }
        const peer = otherEnd(link, end);
        this.#scene.after(this.delayMs(end.host, peer.host), -1, () => {
          if (!this.isBlocked(end.host, peer.host)) this.#down(link, peer);
        });
      }
      this.#forgetWhenOver(link);
    }
  }

  #connect(
    driver: Endpoint,
    peer: Endpoint,
    way: {
      readonly arriveMs: number;
      readonly target: DialTarget;
      readonly failed: (afterMs: number) => void;
    },
  ): void {
    const { index: from, identity } = driver.host;
    const { index: to, identity: found } = peer.host;
    this.#linkCount += 1;
    const link = {
      linkId: `link-${this.#linkCount}`,
      dialler: makeEnd(driver),
      acceptor: makeEnd(peer),
    };
    const { arriveMs, target, failed } = way;
    const startedMs = this.#scene.nowMs;
    const timedOut = (): void => failed(startedMs + CONNECT_WITHIN_MS - this.#scene.nowMs);
    this.#scene.after(arriveMs, to, () => {
      if (!driver.isAlive) return;
      if (!peer.isAlive || this.isBlocked(from, to)) return timedOut();
      this.#links.add(link);
      link.acceptor.isUp = true;
      link.dialler.isUp = true;
      // The answer, ahead of all frames.
      this.#transmit(link, link.acceptor, () => {
        if (!link.dialler.isUp) return failed(0);
        if (!this.isBlocked(to, from)) {
          return driver.linkUp(link, link.dialler, found.nodeId, target);
        }
        link.dialler.isUp = false;
        this.#watch(link);
        timedOut();
      });
      peer.linkUp(link, link.acceptor, identity.nodeId);
    });
  }

  /** Sends a frame, or has something else happen in its place in the stream. */
  #transmit(link: SimLink, end: LinkEnd, what: Parcel | (() => void)): void {
    const peer = otherEnd(link, end);
    const bytes = typeof what === 'function' ? 0 : what.bytes;
    end.freeAtMs = Math.max(end.freeAtMs, this.#scene.nowMs) + bytes / BANDWIDTH;
    const atMs = end.freeAtMs + this.delayMs(end.host, peer.host);
    end.lastArrivalMs = Math.max(end.lastArrivalMs, atMs);
    end.waitingBytes += bytes;
    end.waitingCount += 1;
    this.#scene.at(end.lastArrivalMs, peer.host, () => {
      end.waitingBytes -= bytes;
      end.waitingCount -= 1;
      if (typeof what === 'function') what();
      else this.#arrive(link, end, what);
    });
  }

  #arrive(link: SimLink, end: LinkEnd, parcel: Parcel): void {
    const peer = otherEnd(link, end);
    if (!peer.isUp) return;
    if (this.isBlocked(end.host, peer.host) || end.stash.length > 0) {
      end.stash.push(parcel);
      end.waitingBytes += parcel.bytes;
      end.waitingCount += 1;
      return;
    }
    peer.driver.linkFrame(link.linkId, parcel.frame);
  }

  /** Once the way is free again TCP repeats what was held up. */
  #flush(link: SimLink, end: LinkEnd): void {
    const parcels = end.stash;
    const peer = otherEnd(link, end);
    const pair = this.#ways.pair(end.host, peer.host);
    const delayMs = RETRANSMIT_MAX_MS * draw(this.#scene.seed, 'network', -pair, end.sent);
    this.#scene.after(delayMs, peer.host, () => {
      if (this.isBlocked(end.host, peer.host)) return;
      if (end.stash === parcels) end.stash = [];
      for (const { frame, bytes } of parcels) {
        end.waitingBytes -= bytes;
        end.waitingCount -= 1;
        if (peer.isUp) peer.driver.linkFrame(link.linkId, frame);
      }
      parcels.length = 0;
    });
  }

  #duplicate(link: SimLink, end: LinkEnd, parcel: Parcel): void {
    const others = [...this.#links].filter(
      (other) => other.dialler.driver === end.driver || other.acceptor.driver === end.driver,
    );
    const other = others[end.sent % Math.max(1, others.length)] ?? link;
    const from = other.dialler.driver === end.driver ? other.dialler : other.acceptor;
    // A link that has not greeted would be closed for it, which is another fault.
    const target = from.isUp && from.sent > 2 ? { link: other, end: from } : { link, end };
    if (target.end.sent <= 2) return;
    this.#transmit(target.link, target.end, parcel);
  }

  /** The frame is lost, and the link with it: for both ends, or for one until it notices. */
  #break(link: SimLink, end: LinkEnd, how: 'drop' | 'reset' | 'half-open'): void {
    const peer = otherEnd(link, end);
    end.isBroken = true;
    const delayMs = this.delayMs(end.host, peer.host);
    this.#scene.coverage.hit(how === 'half-open' ? 'half-open' : 'link-reset');
    this.#scene.after(how === 'reset' ? delayMs / 2 : delayMs, end.host, () =>
      this.#down(link, end),
    );
    if (how !== 'half-open') this.#scene.after(delayMs, peer.host, () => this.#down(link, peer));
    else this.#watch(link);
  }

  #garbage(link: SimLink, end: LinkEnd): void {
    const peer = otherEnd(link, end);
    if (!peer.isUp) return;
    this.#scene.coverage.hit('undecodable-frame');
    peer.driver.linkGarbage(link.linkId);
  }

  #down(link: SimLink, end: LinkEnd): void {
    if (!end.isUp) return;
    end.isUp = false;
    this.#forgetWhenOver(link);
    end.driver.linkDown(link.linkId);
  }

  /** Each end that nothing comes back to gives up by its keep-alive. */
  #watch(link: SimLink): void {
    const pair = this.#ways.pair(link.dialler.host, link.acceptor.host);
    for (const [index, end] of [link.dialler, link.acceptor].entries()) {
      const peer = otherEnd(link, end);
      const share = draw(this.#scene.seed, 'network', -pair - 1, 2 * peer.sent + index);
      const { min, max } = KEEPALIVE_MS;
      this.#scene.after(min + (max - min) * share, end.host, () => {
        const isDark = this.#isDark(end.host, peer.host);
        if (end.isUp && (isDark || !peer.isUp)) {
          this.#scene.coverage.hit('keep-alive');
          this.#down(link, end);
        }
      });
    }
  }

  #isDark(a: number, b: number): boolean {
    return this.isBlocked(a, b) || this.isBlocked(b, a) || this.#scene.hosts[b]?.power === 'off';
  }

  #forgetWhenOver(link: SimLink): void {
    if (!link.dialler.isUp && !link.acceptor.isUp) this.#links.delete(link);
  }
}
