/**
 * The commands of `kedge proposal`, a part of the table of all.
 *
 * @module
 */
import { type CommandEntry, command, group } from './entry.ts';

/** `kedge proposal …`. */
export const PROPOSAL_COMMANDS: CommandEntry = group(
  'proposal',
  'gather the signatures of a draft on the nodes',
  [
    command(
      'create',
      'propose a draft of a release or a charter',
      async () => (await import('../commands/proposal-create.ts')).proposalCreate,
    ),
    command(
      'list',
      'list what is proposed, and who has signed',
      async () => (await import('../commands/proposal-list.ts')).proposalList,
    ),
    command(
      'show',
      'show what a proposal changes, verified',
      async () => (await import('../commands/proposal-show.ts')).proposalShow,
    ),
    command(
      'approve',
      'sign a proposal after reading what it changes',
      async () => (await import('../commands/proposal-approve.ts')).proposalApprove,
    ),
    command(
      'withdraw',
      'take a proposal back',
      async () => (await import('../commands/proposal-withdraw.ts')).proposalWithdraw,
    ),
    command(
      'watch',
      'print what becomes of proposals',
      async () => (await import('../commands/proposal-watch.ts')).proposalWatch,
    ),
  ],
);
