/**
 * The commands of `kedge anchor`, a part of the table of all.
 *
 * @module
 */
import { type CommandEntry, command, group } from './entry.ts';

/** `kedge anchor …`. */
export const ANCHOR_COMMANDS: CommandEntry = group(
  'anchor',
  'change the anchors of a bundle in a draft',
  [
    command(
      'add',
      'add certificates: active in a first release, else staged',
      async () => (await import('../commands/anchor-add.ts')).anchorAdd,
    ),
    command(
      'stage',
      'add certificates as staged: delivered, not yet trusted',
      async () => (await import('../commands/anchor-add.ts')).anchorStage,
    ),
    command(
      'activate',
      'make a staged or retiring anchor trusted',
      async () => (await import('../commands/anchor-change.ts')).anchorActivate,
    ),
    command(
      'retire',
      'mark an active anchor as on its way out, still trusted',
      async () => (await import('../commands/anchor-change.ts')).anchorRetire,
    ),
    command(
      'constrain',
      'change what an anchor may vouch for, not its state',
      async () => (await import('../commands/anchor-constrain.ts')).anchorConstrain,
    ),
    command(
      'remove',
      'take a staged or retiring anchor away in good order',
      async () => (await import('../commands/anchor-change.ts')).anchorRemove,
    ),
    command(
      'revoke',
      'take an anchor away at once and for ever',
      async () => (await import('../commands/anchor-change.ts')).anchorRevoke,
    ),
  ],
);
