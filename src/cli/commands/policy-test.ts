/**
 * `kedge policy test`: runs the cases of a policy, and judges drafts by it.
 *
 * @module
 */
import { dirname, join } from 'node:path';
import type { CanonicalValue } from '../../core/canonical.ts';
import type { Policy } from '../../core/charter/rules.ts';
import { KedgeError } from '../../core/errors.ts';
import { type CaseResult, readCases, runCase } from '../../policy/cases.ts';
import { compilePolicy } from '../../policy/compile.ts';
import type { CommandModule } from '../command-module.ts';
import { addExamples } from '../help.ts';
import { isRecord, loadPolicy, loadYaml, policyFrom } from '../policy-file.ts';
import type { Session } from '../session.ts';
import { countOf, printable } from '../styles.ts';

/** The command. */
export const policyTest: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Check the rules of a policy against made-up changes before it gets into a charter. The ' +
          'file has `policy: <file>` or `rules:` of its own, and `cases:`, each with the facts ' +
          'that count (`given`) and the rules that must refuse (`refused`) or ask for more ' +
          'signers (`approvals`); without either the change must pass. Ends with an exit code ' +
          'of its own when a case fails. docs/policy.md has the facts and an example.',
      )
      .argument('<file>', 'file with cases, YAML or JSON')
      .action((file: string) => run(session, file));
    addExamples(command, [
      'kedge policy test policy-cases.yaml',
      'kedge policy test policy-cases.yaml --output json',
    ]);
  },
};

async function run(session: Session, file: string): Promise<void> {
  const value = await loadYaml(session, file, 'cases');
  const policy = await policyOf(session, value, file);
  compilePolicy(policy);
  const results = readCases(value, file).map((one) => runCase(policy, one));
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  session.conclude(failed.length === 0 ? 'good' : 'findings');
  const rules = countOf(policy.rules.length, 'rule');
  session.output.result(
    { rules: policy.rules.length, cases: results.map((result) => ({ ...result })) },
    [
      ...results.map((result) => formatResult(session, result)),
      `${countOf(results.length, 'case')}, ${failed.length} failed; ${rules}.`,
    ].join('\n'),
  );
}

async function policyOf(session: Session, value: CanonicalValue, file: string): Promise<Policy> {
  if (!isRecord(value)) throw new KedgeError('CONFIG', `${file} must be a table with \`cases\``);
  const { policy: named, rules } = value;
  if (typeof named === 'string' && rules === undefined) {
    return loadPolicy(session, join(dirname(session.path(file)), named));
  }
  if (named === undefined && rules !== undefined) return policyFrom({ rules }, file);
  throw new KedgeError('CONFIG', `${file} must have either \`policy: <file>\` or \`rules\``);
}

function formatResult(session: Session, { name, outcome, differences }: CaseResult): string {
  const { styles } = session.output;
  if (outcome === 'passed') return `${styles.green('ok')}      ${printable(name)}`;
  return [
    `${styles.red('FAILED')}  ${printable(name)}`,
    ...differences.map((text) => `          ${text}`),
  ].join('\n');
}
