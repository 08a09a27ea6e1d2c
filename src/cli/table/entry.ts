/**
 * What the table of commands is made of.
 *
 * @module
 */
import type { CommandModule } from './module.ts';

/** A group of commands, or one command whose file is imported when it is asked for. */
export type CommandEntry =
  | {
      readonly kind: 'group';
      readonly name: string;
      readonly summary: string;
      readonly commands: readonly CommandEntry[];
    }
  | {
      readonly kind: 'command';
      readonly name: string;
      readonly summary: string;
      readonly load: () => Promise<CommandModule>;
      /** Commands below it: what is no name of one of them is its own argument. */
      readonly commands?: readonly CommandEntry[];
    };

/** A group of commands. */
export function group(
  name: string,
  summary: string,
  commands: readonly CommandEntry[],
): CommandEntry {
  return { kind: 'group', name, summary, commands };
}

/** A command whose file is imported when it is asked for. */
export function command(
  name: string,
  summary: string,
  load: () => Promise<CommandModule>,
  commands?: readonly CommandEntry[],
): CommandEntry {
  return { kind: 'command', name, summary, load, ...(commands && { commands }) };
}
