/**
 * Whether a program takes certificates out of a bundle, to use them where the SDK does not see it.
 *
 * Live trust counts the handshakes that rest on each anchor. A program that hands the PEM to
 * something else uses anchors unseen, and whoever asks whether an anchor may go has to know that.
 *
 * @module
 */
import type { X509Certificate } from 'node:crypto';

/** The certificate of an anchor as the SDK itself reads it; nothing is taken by that. */
export interface AnchorInside {
  pem(): string;
  /** Parsed when it is first asked for, once for all releases that have it. */
  certificate(): X509Certificate;
}

/** Tells when certificates of one bundle are taken. */
export class Taking {
  #onTaken: () => void = () => undefined;

  /** Called for everything that hands out bytes of a certificate. */
  note(): void {
    this.#onTaken();
  }

  /** Has `onTaken` called from now on. */
  watch(onTaken: () => void): void {
    this.#onTaken = onTaken;
  }
}

const takings = new WeakMap<object, Taking>();
const insides = new WeakMap<object, AnchorInside>();

/** Says what tells of a bundle that its certificates are taken. */
export function setTaking(bundle: object, taking: Taking): void {
  takings.set(bundle, taking);
}

/** What tells that certificates are taken; absent for a bundle that somebody else made. */
export function takingOf(bundle: object): Taking | undefined {
  return takings.get(bundle);
}

/** Says what is inside an anchor. */
export function setInside(anchor: object, inside: AnchorInside): void {
  insides.set(anchor, inside);
}

/** What is inside an anchor; absent for one that somebody else made. */
export function insideOf(anchor: object): AnchorInside | undefined {
  return insides.get(anchor);
}
