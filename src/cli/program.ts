/**
 * The tree of commands. Names and summaries are here; options, arguments and code are in one file
 * per command, imported when the command is the one that was asked for, so that `kedge --help` does
 * not load gRPC, LevelDB or X.509 parsing.
 *
 * @module
 */
import { Command, Option } from 'commander';
import type { CliContext } from './context.ts';
import { type GlobalOptions, type RunCommand, Session } from './session.ts';
import { COMMANDS, type CommandEntry } from './table/commands.ts';

const HELP_WIDTH = 100;
const EXAMPLES = `
Examples:
  kedge realm init prod.example.org --signer ana --signer ben --signer cleo --threshold 2
  kedge anchor stage payments-ca.pem --bundle payments.prod.example.org
  kedge release sign payments.prod.example.org.draft.json --key signers/ana.age
  kedge release submit payments.prod.example.org.draft.json
  kedge watch payments.prod.example.org

Where to read on: docs/cli.md, docs/errors.md. Settings: kedge.yaml (see docs/cli.md#profile).`;

/** Builds the tree for one run. */
export function buildProgram(
  context: CliContext,
  version: string,
  run: RunCommand,
): {
  readonly program: Command;
  /** The help text that commander would have put on stderr, when a command was missing. */
  readonly usage: () => string;
  readonly session: Session;
} {
  const program = new Command('kedge');
  const session = new Session(context, () => program.opts<GlobalOptions>(), run);
  let unwritten = '';
  program
    .description('Signed trust anchors: publish, replicate and swap them into running programs.')
    .version(version, '-V, --version', 'print the version')
    .addOption(
      new Option('--output <format>', 'how to print results')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--profile <file>', 'settings file (default: $KEDGE_PROFILE, or ./kedge.yaml)')
    .option('--no-color', 'print without colours (also: NO_COLOR=1)')
    .helpOption('-h, --help', 'print help for a command')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // Errors are printed once, by run.ts, in the format that was asked for.
      writeErr: (text) => {
        unwritten += text.startsWith('Usage:') ? `${text}\n` : '';
      },
      getOutHelpWidth: () => helpWidth(context),
      getErrHelpWidth: () => helpWidth(context),
    });
  for (const entry of COMMANDS) addEntry(program, entry, session);
  return { program, usage: () => unwritten, session };
}

function helpWidth(context: CliContext): number {
  return Math.min(context.stdout.columns ?? HELP_WIDTH, HELP_WIDTH);
}

function addEntry(parent: Command, entry: CommandEntry, session: Session): void {
  const command = parent.command(entry.name);
  command.summary(entry.summary).description(entry.summary);
  if (entry.kind === 'group') {
    command.usage('<command> [options]').helpCommand(false);
    const examples = entry.commands.map(({ name }) => `  kedge ${entry.name} ${name} --help`);
    command.addHelpText('after', `\nExamples are with each command:\n${examples.join('\n')}`);
    for (const child of entry.commands) addEntry(command, child, session);
    return;
  }
  if (entry.commands !== undefined) {
    command.helpCommand(false).hook('preAction', (_, chosen) => handDown(command, chosen));
    for (const child of entry.commands) addEntry(command, child, session);
  }
  // commander awaits this hook before it parses the options of the subcommand.
  parent.hook('preSubcommand', async (_, chosen) => {
    if (chosen === command) (await entry.load()).configure(command, session);
  });
}

/** commander gives an option to the command above where that knows one of this name too. */
function handDown(above: Command, chosen: Command): void {
  if (chosen === above) return;
  for (const option of chosen.options) {
    const name = option.attributeName();
    if (above.getOptionValueSource(name) !== 'cli') continue;
    if (chosen.getOptionValueSource(name) === 'cli') continue;
    chosen.setOptionValueWithSource(name, above.getOptionValue(name), 'cli');
  }
}
