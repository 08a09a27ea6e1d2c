/**
 * After the story: the cluster stays up, and these commands can be pasted to look around.
 *
 * @module
 */
import type { Stage } from './play.ts';

/** Prints commands to try and waits until somebody presses Ctrl-C. */
export async function waitForVisitor({ story }: Stage, signal: AbortSignal): Promise<void> {
  story.chapter('The cluster stays up; try it');
  story.plain('Ctrl-C ends everything and removes its files.');
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => undefined, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}
