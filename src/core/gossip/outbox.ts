/**
 * The effects of one event, in the order in which they were decided.
 *
 * @module
 */
import type { KedgeError } from '../errors.ts';
import type { GossipEffect, Notice } from './events.ts';
import type { Frame } from './frames.ts';
import type { Link } from './links/links.ts';
import type { Timer } from './timer.ts';

const NOTHING: readonly GossipEffect[] = [];

/** Collects effects while an event is handled. */
export class Outbox {
  #effects: GossipEffect[] = [];

  emit(effect: GossipEffect): void {
    this.#effects.push(effect);
  }

  send(link: Link, frame: Frame): void {
    this.emit({ kind: 'send', linkId: link.linkId, frame });
  }

  close(link: Link, error: KedgeError): void {
    this.emit({ kind: 'close', linkId: link.linkId, error });
  }

  notice(notice: Notice): void {
    this.emit({ kind: 'notice', notice });
  }

  arm(timer: Timer, delayMs: number): void {
    this.emit({ kind: 'arm', timer, delayMs });
  }

  /** Hands over what was collected. */
  take(): readonly GossipEffect[] {
    if (this.#effects.length === 0) return NOTHING;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
