/**
 * The effects of one event, in the order in which they were decided.
 *
 * @module
 */
import type { LinkId } from '../peer.ts';
import type { MembershipEffect, MembershipNotice, MembershipTimer } from './events.ts';
import type { MembershipFrame } from './frames.ts';

const NOTHING: readonly MembershipEffect[] = [];

/** Collects effects while an event is handled. */
export class Outbox {
  #effects: MembershipEffect[] = [];

  emit(effect: MembershipEffect): void {
    this.#effects.push(effect);
  }

  send(linkId: LinkId, frame: MembershipFrame): void {
    this.#effects.push({ kind: 'send', linkId, frame });
  }

  arm(timer: MembershipTimer, delayMs: number): void {
    this.#effects.push({ kind: 'arm', timer, delayMs });
  }

  notice(notice: MembershipNotice): void {
    this.#effects.push({ kind: 'notice', notice });
  }

  /** Hands over what was collected. */
  take(): readonly MembershipEffect[] {
    if (this.#effects.length === 0) return NOTHING;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
