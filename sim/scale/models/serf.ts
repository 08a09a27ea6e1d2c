/**
 * How an event spreads by gossip in ticks, as in HashiCorp serf and memberlist with the LAN
 * profile.
 *
 * Every 200 ms a node sends what it has to 3 random nodes by UDP, each message
 * 4·⌈log10(n + 1)⌉ times in all; the full exchange every 30 s, which would find who was missed, is
 * left out.
 *
 * @module
 */
import { delayBetween, type Heard, ModelTime, type SpreadScene } from './spread.ts';

const TICK_MS = 200;
const FANOUT = 3;
const RETRANSMIT_FACTOR = 4;
const GIVE_UP_MS = 30_000;

/** Spreads one event. */
export function spreadBySerf(scene: SpreadScene): Heard {
  const { regions, origin, dead, lossRatio, draws } = scene;
  const count = regions.length;
  const sendsMax = RETRANSMIT_FACTOR * Math.ceil(Math.log10(count + 1));
  const time = new ModelTime();
  const heard = new Map<number, number>();
  const tick = (node: number, sent: number): void => {
    for (const target of draws.sample(FANOUT, count)) {
      if (target === node || dead.has(target) || draws.chance(lossRatio)) continue;
      time.after(delayBetween(scene, node, target), () => hear(target));
    }
    if (sent + FANOUT < sendsMax) time.after(TICK_MS, () => tick(node, sent + FANOUT));
  };
  const hear = (node: number): void => {
    if (heard.has(node)) return;
    heard.set(node, time.nowMs);
    time.after(TICK_MS * draws.next(), () => tick(node, 0));
  };
  hear(origin);
  time.run(GIVE_UP_MS);
  return heard;
}
