/**
 * What a machine shows of its store, for tests of marks.
 *
 * @module
 */
import type { GossipEffect } from '../../../../src/core/gossip/events.ts';
import type { Frame, StoreDigest } from '../../../../src/core/gossip/frames.ts';
import { parseMark, type StoreMark } from '../../../../src/core/gossip/restored/store-mark.ts';

/** Frames that are sent, in order. */
export function framesIn(effects: readonly GossipEffect[]): readonly Frame[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.frame] : []));
}

/** Digests among frames. */
export function digestsIn(frames: readonly Frame[]): readonly StoreDigest[] {
  return frames.flatMap((frame) => (frame.kind === 'digest' ? [frame.digest] : []));
}

/** The mark that is shown first. */
export function markIn(frames: readonly Frame[]): StoreMark | undefined {
  const shown = digestsIn(frames).find(({ mark }) => mark !== undefined)?.mark;
  return shown && parseMark(shown.payload);
}

/** Says whether an effect shows a mark with this count. */
export function isMarkOf(count: number): (effect: GossipEffect) => boolean {
  return (effect) => markIn(framesIn([effect]))?.count === count;
}
