/**
 * What every file in `commands/` exports.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Session } from '../session.ts';

/** A command's file: adds its description, arguments, options, examples and action. */
export interface CommandModule {
  configure(command: Command, session: Session): void;
}
