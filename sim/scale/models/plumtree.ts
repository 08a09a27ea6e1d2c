/**
 * How a message spreads by epidemic broadcast trees (Plumtree, Leitão et al. 2007) over random
 * views.
 *
 * Whole messages along the links that were not pruned for bringing them late, "I have" along the
 * others at once, and a graft when the message does not follow in time. Links are streams: what is
 * lost comes late. A few messages shape the tree before one is measured.
 *
 * @module
 */
import { delayBetween, type Heard, ModelTime, type SpreadScene } from './spread.ts';

/** Random rings that are laid over each other: a view of about six nodes. */
const RINGS = 3;
const GRAFT_AFTER_MS = 500;
const RETRANSMIT_MS = 200;
const GIVE_UP_MS = 30_000;
const SHAPING = 5;

/** Spreads one message over a tree that others have shaped. */
export function spreadByPlumtree(scene: SpreadScene): Heard {
  const tree = new Tree(scene);
  for (let i = 0; i < SHAPING; i += 1) {
    const origin = scene.draws.integer(0, scene.regions.length - 1);
    tree.spread({ ...scene, origin, dead: new Set(), lossRatio: 0 });
  }
  return tree.spread(scene);
}

class Tree {
  /** By node: its neighbours and whether they get whole messages. */
  readonly #links: readonly Map<number, 'eager' | 'lazy'>[];

  constructor({ regions, draws }: SpreadScene) {
    this.#links = regions.map(() => new Map());
    for (let ring = 0; ring < RINGS; ring += 1) {
      const order = draws.sample(regions.length, regions.length);
      for (const [index, node] of order.entries()) {
        const next = order[(index + 1) % order.length];
        if (next !== undefined && next !== node) this.#set(node, next, 'eager');
      }
    }
  }

  spread(scene: SpreadScene): Heard {
    const time = new ModelTime();
    const heard = new Map<number, number>();
    const send = (from: number, to: number, arrive: () => void): void => {
      if (scene.dead.has(to)) return;
      const lateMs = scene.draws.chance(scene.lossRatio) ? RETRANSMIT_MS : 0;
      time.after(lateMs + delayBetween(scene, from, to), arrive);
    };
    const push = (from: number, to: number): void => {
      send(from, to, () => {
        if (heard.has(to)) return this.#set(from, to, 'lazy');
        this.#set(from, to, 'eager');
        hear(to, from);
      });
    };
    const announce = (from: number, to: number): void => {
      send(from, to, () => {
        if (heard.has(to)) return;
        time.after(GRAFT_AFTER_MS, () => {
          if (heard.has(to)) return;
          this.#set(from, to, 'eager');
          send(to, from, () => push(from, to));
        });
      });
    };
    const hear = (node: number, from: number | undefined): void => {
      heard.set(node, time.nowMs);
      for (const [to, kind] of this.#links[node] ?? []) {
        if (to === from) continue;
        if (kind === 'eager') push(node, to);
        else announce(node, to);
      }
    };
    hear(scene.origin, undefined);
    time.run(GIVE_UP_MS);
    return heard;
  }

  #set(a: number, b: number, kind: 'eager' | 'lazy'): void {
    this.#links[a]?.set(b, kind);
    this.#links[b]?.set(a, kind);
  }
}
