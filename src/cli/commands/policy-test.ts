/**
 * `kedge policy test`: runs the cases of a policy, alone or over a bundle, and judges drafts by it.
 *
 * @module
 */
import { dirname, join } from 'node:path';
import type { CanonicalValue } from '../../core/canonical.ts';
import type { Policy } from '../../core/charter/rules.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseBundleName } from '../../core/ids.ts';
import { type CaseResult, type PolicyCase, readCases, runCase } from '../../policy/cases.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { openApprovals, refusals } from '../../policy/judge.ts';
import { findingsOf } from '../../policy/submission.ts';
import { loadDraft } from '../draft/file.ts';
import { addExamples, collect, parseArgument } from '../help.ts';
import { asWrittenByHand, isRecord, loadPolicy, loadYaml, policyFrom } from '../policy/file.ts';
import { headFacts, type PolicyHead, readPolicyHead } from '../policy/head.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { requirePin, verifyRealm } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf, printable } from '../terminal/styles.ts';

interface Options extends RealmOptions {
  readonly draft?: readonly string[];
  readonly bundle?: string;
  readonly file?: string;
}

/** The command. */
export const policyTest: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Check the rules of a policy against made-up changes before it gets into a charter. The ' +
          'file has `policy: <file>` or `rules:` of its own, and `cases:`, each with the facts ' +
          'that count (`given`) and the rules that must refuse (`refused`) or ask for more ' +
          'signers (`approvals`); without either the change must pass. With --bundle, cases are ' +
          'about its newest release: they may have `steps:` (activate, retire, remove, revoke), ' +
          'and what they do not give is as it is there; a file without rules is then about the ' +
          'policy in force. Ends with an exit code of its own when a case fails. docs/policy.md ' +
          'has the facts and an example.',
      )
      .argument('<file>', 'file with cases, YAML or JSON')
      .option('--draft <file>', 'judge this draft by the rules too; repeat it', collect)
      .option('--bundle <name>', 'bundle that the cases for releases are about')
      .option('--file <release>', 'with --bundle: this release file instead of asking a node');
    addRealmOptions(command).action((file: string, options: Options) =>
      run(session, file, options),
    );
    addExamples(command, [
      'kedge policy test policy-cases.yaml',
      'kedge policy test policy-cases.yaml --draft payments.prod.example.org.draft.json',
      'kedge policy test payments-cases.yaml --bundle payments.prod.example.org',
      'kedge policy test policy-cases.yaml --output json',
    ]);
  },
};

async function run(session: Session, file: string, options: Options): Promise<void> {
  const value = await loadYaml(session, file, 'cases');
  const head = await headOfBundle(session, options);
  const policy = await policyOf(session, value, { file, head });
  compilePolicy(policy);
  const results: CaseResult[] = [];
  const cases = await asWrittenByHand(() => readCases(value, file));
  for (const one of cases) results.push(await result(policy, one, head));
  results.push(...(await judgeDrafts(session, policy, options)));
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

async function headOfBundle(session: Session, options: Options): Promise<PolicyHead | undefined> {
  const { bundle, file } = options;
  if (bundle !== undefined) {
    return await readPolicyHead(
      session,
      parseArgument('--bundle', bundle, parseBundleName),
      options,
    );
  }
  if (file === undefined) return undefined;
  throw new KedgeError('CONFIG', '--file is a release of --bundle', {
    detail: { hint: 'add --bundle <name>' },
  });
}

/** Steps that cannot be taken fail the case: that is what somebody has to know. */
async function result(
  policy: Policy,
  one: PolicyCase,
  head: PolicyHead | undefined,
): Promise<CaseResult> {
  if (head === undefined && one.steps.length > 0) {
    throw new KedgeError('CONFIG', `the case ${JSON.stringify(one.name)} has steps of a bundle`, {
      detail: { hint: 'add --bundle <name>' },
    });
  }
  if (head === undefined || one.for !== 'release') return runCase(policy, one);
  try {
    return runCase(policy, one, await headFacts(head, one));
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    if (code === 'BUG') throw thrown;
    const differences = [`it cannot be judged: ${message}`];
    return { name: one.name, outcome: 'failed', refused: [], approvals: [], differences };
  }
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

async function policyOf(
  session: Session,
  value: CanonicalValue,
  { file, head }: { readonly file: string; readonly head: PolicyHead | undefined },
): Promise<Policy> {
  if (!isRecord(value)) throw new KedgeError('CONFIG', `${file} must be a table with \`cases\``);
  const { policy: named, rules } = value;
  if (typeof named === 'string' && rules === undefined) {
    return loadPolicy(session, join(dirname(session.path(file)), named));
  }
  if (named === undefined && rules !== undefined) {
    return await asWrittenByHand(() => policyFrom({ rules }, file));
  }
  if (named === undefined && head?.policy !== undefined) return head.policy;
  const or = head === undefined ? '' : ', for the charter in force has no policy';
  throw new KedgeError('CONFIG', `${file} must have \`policy: <file>\` or \`rules\`${or}`);
}

function formatResult(session: Session, { name, outcome, differences }: CaseResult): string {
  const { styles } = session.output;
  if (outcome === 'passed') return `${styles.green('ok')}      ${printable(name)}`;
  return [
    `${styles.red('FAILED')}  ${printable(name)}`,
    ...differences.map((text) => `          ${text}`),
  ].join('\n');
}
