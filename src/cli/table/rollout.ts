/**
 * The commands of `kedge rollout`, a part of the table of all.
 *
 * @module
 */
import { type CommandEntry, command, group } from './entry.ts';

/** `kedge rollout`. */
export const ROLLOUT_COMMANDS: CommandEntry = group(
  'rollout',
  'bring a release to programs in waves',
  [
    command(
      'start',
      'draft in which waves a release comes to programs',
      async () => (await import('../commands/rollout-start.ts')).rolloutStart,
    ),
    command(
      'status',
      'show open waves, how far programs are, and what the next wave waits for',
      async () => (await import('../commands/rollout-status.ts')).rolloutStatus,
    ),
    command(
      'pause',
      'draft that no further wave opens',
      async () => (await import('../commands/rollout-change.ts')).rolloutPause,
    ),
    command(
      'resume',
      'draft that waves open again',
      async () => (await import('../commands/rollout-change.ts')).rolloutResume,
    ),
    command(
      'abort',
      'draft that nobody else gets the release',
      async () => (await import('../commands/rollout-change.ts')).rolloutAbort,
    ),
    command(
      'sign',
      'sign a drafted rollout',
      async () => (await import('../commands/release-sign.ts')).rolloutSign,
    ),
    command(
      'submit',
      'hand a signed rollout to a node',
      async () => (await import('../commands/release-submit.ts')).rolloutSubmit,
    ),
  ],
);
