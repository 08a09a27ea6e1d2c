/**
 * `kedge policy show`: the rules of the charter in force, or those of a file.
 *
 * @module
 */
import type { Policy } from '../../core/charter/rules.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { addExamples } from '../help.ts';
import { loadPolicy } from '../policy/file.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { printable } from '../terminal/styles.ts';

interface Options extends RealmOptions {
  readonly file?: string;
}

/** The command. */
export const policyShow: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show the rules that every change has to keep: what each one judges, its expression and ' +
          'what whoever breaks it is told. With --file, check and show a policy file before it ' +
          'gets into a charter (kedge charter rotate --policy).',
      )
      .option('--file <file>', 'policy file (YAML or JSON) instead of the charter in force');
    addRealmOptions(command);
    command.action((options: Options) => run(session, options));
    addExamples(command, ['kedge policy show', 'kedge policy show --file policy.yaml']);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  const policy = await policyOf(session, options);
  if (policy !== undefined) compilePolicy(policy);
  const rules = policy?.rules ?? [];
  session.output.result(
    { rules: rules.map((rule) => ({ ...rule })) },
    policy === undefined ? 'The charter has no policy.' : formatPolicy(policy),
  );
}

async function policyOf(session: Session, options: Options): Promise<Policy | undefined> {
  if (options.file !== undefined) return loadPolicy(session, options.file);
  await using realm = await openRealm(session, options);
  return requireCharter(realm.state).charter.policy;
}

function formatPolicy({ rules }: Policy): string {
  return rules
    .map(({ name, that, message, approvals, for: subject }) =>
      [
        `${name} (${subject})`,
        `  that:    ${printable(that.replace(/\s+/g, ' '))}`,
        `  message: ${printable(message)}`,
        ...(approvals === undefined ? [] : [`  or:      ${approvals} signers`]),
      ].join('\n'),
    )
    .join('\n');
}
