/**
 * Which anchors this program uses: handshakes counted where live trust sees them, until a node is
 * told.
 *
 * What is not told yet is kept, over lost connections and over releases that take the anchor away:
 * its last handshakes are what somebody waits to hear of. Per bundle no more is kept than a bundle
 * can have; beyond that the oldest is forgotten.
 *
 * @module
 */
import type { AnchorId, BundleName } from '../../core/ids.ts';
import { ANCHOR_USES_MAX, ANCHORS_MAX } from '../../core/limits.ts';
import type { AnchorUse, Usage } from '../../core/watch/messages.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Bundle } from '../bundle.ts';
import { takingOf } from './taking.ts';

/** How soon a node should hear of it: `soon` for what is used for the first time since a change. */
export type UsageUrgency = 'soon' | 'later';

/** Anchors of one bundle that are remembered; an anchor counts once per purpose. */
const USES_MAX = 2 * ANCHORS_MAX;

/** A connection, as far as it matters how long it lives. */
export interface UsedConnection {
  readonly destroyed: boolean;
  once(event: 'close', onClose: () => void): unknown;
}

/** One anchor, used for one purpose. */
interface Used {
  readonly anchor: AnchorId;
  readonly purpose: string;
  /** Since it was told last. */
  handshakes: number;
  lastMs: number;
  /** Open connections; as long as there are some, it is in use. */
  open: number;
  isTold: boolean;
  /** Whether it was used since the bundle in use came into use. */
  isFresh: boolean;
}

/** One watched bundle. */
interface BundleUses {
  readonly name: BundleName;
  readonly used: Map<string, Used>;
  /** Those of the bundle in use; what was told of others is forgotten. */
  anchors: ReadonlySet<AnchorId>;
  /** Whether the program uses anchors where nobody sees it. */
  untracked: Usage['untracked'];
  isToldUntracked: boolean;
}

/** What is used of the watched bundles. */
export class AnchorUsage {
  readonly #clock: Clock;
  readonly #bundles: ReadonlyMap<string, BundleUses>;
  readonly #onUse: (urgency: UsageUrgency) => void;

  /** `onUse` is called when there is something to tell. */
  constructor(options: {
    readonly bundles: readonly BundleName[];
    readonly clock: Clock;
    readonly onUse: (urgency: UsageUrgency) => void;
  }) {
    this.#clock = options.clock;
    this.#onUse = options.onUse;
    this.#bundles = new Map(options.bundles.map((name) => [name, unused(name)]));
  }

  /** Follows a bundle that comes into use: what is used from now on is news. */
  follow(bundle: Bundle): void {
    const uses = this.#bundles.get(bundle.name);
    if (uses === undefined) return;
    takingOf(bundle)?.watch(() => this.#noteUnseen(uses));
    uses.anchors = new Set(bundle.anchors.map(({ id }) => id));
    for (const [key, used] of uses.used) {
      used.isFresh = false;
      if (used.isTold && !uses.anchors.has(used.anchor)) uses.used.delete(key);
    }
  }

  /**
   * Counts a handshake for each of these anchors; none: it is not known on which it rested. They
   * are in use as long as its connection is open.
   */
  note(
    bundle: string,
    purpose: string,
    anchors: readonly AnchorId[],
    connection?: UsedConnection,
  ): void {
    const uses = this.#bundles.get(bundle);
    if (uses === undefined) return;
    if (anchors.length === 0) return this.#noteUnseen(uses);
    const used = anchors.map((anchor) => useOf(uses, anchor, purpose));
    const urgency = used.every(({ isFresh }) => isFresh) ? 'later' : 'soon';
    for (const one of used) {
      one.isFresh = true;
      one.handshakes += 1;
    }
    this.#touch(used, 0);
    this.#onUse(urgency);
    if (connection === undefined || connection.destroyed) return;
    this.#touch(used, 1);
    connection.once('close', () => {
      this.#touch(used, -1);
      this.#onUse('later');
    });
  }

  /** Has told again that anchors with open connections are in use. */
  refresh(): void {
    for (const { used } of this.#bundles.values()) {
      for (const one of used.values()) if (one.open > 0) one.isTold = false;
    }
  }

  /** Has everything told again: to a node that does not know it. */
  repeat(): void {
    for (const uses of this.#bundles.values()) {
      uses.isToldUntracked = false;
      for (const used of uses.used.values()) used.isTold = false;
    }
  }

  /** Whether there is something to tell. */
  get hasNews(): boolean {
    return [...this.#bundles.values()].some(isNews);
  }

  /** What is to be told, in at most so many messages as nodes take them. It counts as told. */
  take(messagesMax: number): readonly Usage[] {
    const messages: Usage[] = [];
    for (const uses of this.#bundles.values()) {
      while (messages.length < messagesMax && isNews(uses)) messages.push(this.#next(uses));
    }
    return messages;
  }

  /** Takes back what may not have reached anybody. */
  giveBack(reports: readonly Usage[]): void {
    for (const { bundle, uses: told } of reports) {
      const uses = this.#bundles.get(bundle);
      if (uses === undefined) continue;
      uses.isToldUntracked = false;
      for (const { anchor, purpose, handshakes, agoMs } of told) {
        const used = useOf(uses, anchor, purpose);
        used.handshakes += handshakes;
        used.isTold = false;
        used.lastMs = Math.max(used.lastMs, this.#clock.monotonicMs() - agoMs);
      }
    }
  }

  #touch(used: readonly Used[], opened: -1 | 0 | 1): void {
    for (const one of used) {
      one.open += opened;
      one.lastMs = this.#clock.monotonicMs();
      one.isTold = false;
    }
  }

  #noteUnseen(uses: BundleUses): void {
    if (uses.untracked) return;
    uses.untracked = true;
    this.#onUse('soon');
  }

  #next(uses: BundleUses): Usage {
    const { name: bundle, untracked } = uses;
    const told: AnchorUse[] = [];
    for (const [key, used] of uses.used) {
      if (used.isTold) continue;
      if (told.length === ANCHOR_USES_MAX) break;
      const { anchor, purpose, handshakes, lastMs, open } = used;
      const agoMs = open > 0 ? 0 : this.#clock.monotonicMs() - lastMs;
      told.push({ anchor, purpose, handshakes, agoMs });
      used.handshakes = 0;
      used.isTold = true;
      if (!uses.anchors.has(anchor)) uses.used.delete(key);
    }
    uses.isToldUntracked = untracked;
    return { bundle, uses: told, untracked };
  }
}

function unused(name: BundleName): BundleUses {
  return {
    name,
    used: new Map(),
    anchors: new Set(),
    untracked: false,
    isToldUntracked: false,
  };
}

function isNews({ used, untracked, isToldUntracked }: BundleUses): boolean {
  if (untracked && !isToldUntracked) return true;
  for (const { isTold } of used.values()) if (!isTold) return true;
  return false;
}

function useOf({ used }: BundleUses, anchor: AnchorId, purpose: string): Used {
  const key = `${anchor} ${purpose}`;
  const known = used.get(key);
  if (known !== undefined) return known;
  const oldest = used.keys().next();
  if (used.size >= USES_MAX && oldest.done !== true) used.delete(oldest.value);
  const counts = { handshakes: 0, lastMs: 0, open: 0 };
  const made: Used = { anchor, purpose, ...counts, isTold: false, isFresh: false };
  used.set(key, made);
  return made;
}
