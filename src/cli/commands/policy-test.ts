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
import { openApprovals, refusals } from '../../policy/judge.ts';
import { findingsOf } from '../../policy/submission.ts';
import type { CommandModule } from '../command-module.ts';
import { loadDraft } from '../draft-file.ts';
import { addExamples, collect } from '../help.ts';
import { isRecord, loadPolicy, loadYaml, policyFrom } from '../policy-file.ts';
import { requirePin, verifyRealm } from '../realm-trust.ts';
import type { Session } from '../session.ts';
import { countOf, printable } from '../styles.ts';

interface Options {
  readonly draft?: readonly string[];
  readonly realm?: string;
  readonly pin?: string;
}

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
      .option('--draft <file>', 'judge this draft by the rules too; repeat it', collect)
      .option('--realm <name>', 'realm of the drafts (default: from the profile)')
      .option('--pin <sha256>', 'digest of the first charter (default: from the profile)')
      .action((file: string, options: Options) => run(session, file, options));
    addExamples(command, [
      'kedge policy test policy-cases.yaml',
      'kedge policy test policy-cases.yaml --draft payments.prod.example.org.draft.json',
      'kedge policy test policy-cases.yaml --output json',
    ]);
  },
};

async function run(session: Session, file: string, options: Options): Promise<void> {
  const value = await loadYaml(session, file, 'cases');
  const policy = await policyOf(session, value, file);
  compilePolicy(policy);
  const results = [
    ...readCases(value, file).map((one) => runCase(policy, one)),
    ...(await judgeDrafts(session, policy, options)),
  ];
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

/** A draft passes when no rule refuses it; approvals that are still to come do not count. */
async function judgeDrafts(
  session: Session,
  policy: Policy,
  options: Options,
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const name of options.draft ?? []) {
    const pin = requirePin(await session.profile(), options);
    const { document, blobs, charters, base } = await loadDraft(session.path(name));
    const nowMs = session.context.nowMs();
    const state = verifyRealm(pin, { charters, release: base }, nowMs);
    const findings = findingsOf({ state, document, certificates: blobs, nowMs }, policy);
    const refused = refusals(findings, 'signing');
    results.push({
      name: `draft ${name}`,
      outcome: refused.length === 0 ? 'passed' : 'failed',
      refused: refused.map(({ detail }) => String(detail['rule'])),
      approvals: openApprovals(findings).map(({ rule }) => rule),
      differences: refused.map(({ message }) => message),
    });
  }
  return results;
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
