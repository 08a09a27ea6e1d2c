/**
 * The commands of `kedge rotate`, a part of the table of all.
 *
 * @module
 */
import { type CommandEntry, command } from './entry.ts';

/** `kedge rotate` and what is below it. */
export const ROTATE_COMMAND: CommandEntry = command(
  'rotate',
  'lead a CA rotation from the new CA to the removal of the old one',
  async () => (await import('../commands/rotate.ts')).rotate,
  [
    command(
      'status',
      'show the rotations of a bundle that are under way',
      async () => (await import('../commands/rotate-status.ts')).rotateStatus,
    ),
    command(
      'due',
      'list the anchors that need a successor, and when to begin',
      async () => (await import('../commands/rotate-due.ts')).rotateDue,
    ),
  ],
);
