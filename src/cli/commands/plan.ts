/**
 * `kedge plan`: what a change of anchors will break, before anybody signs it.
 *
 * @module
 */
import type { Command } from 'commander';
import { planChange } from '../../preflight/plan.ts';
import { parseQuietMs, QUIET_TEXT } from '../adoption/quiet.ts';
import { parseDurationSeconds } from '../durations.ts';
import type { Conclusion } from '../exit-codes.ts';
import { addExamples, collect, parseArgument } from '../help.ts';
import { addEvidenceOptions, type EvidenceOptions, gatherEvidence } from '../plan/evidence.ts';
import { planJson } from '../plan/json.ts';
import { type ChangeOptions, readChange } from '../plan/planned-change.ts';
import { readReadiness } from '../plan/readiness.ts';
import { type PlanVerdict, reportPlan } from '../plan/report.ts';
import { readInstants } from '../plan/times.ts';
import { formatPlan } from '../plan/view.ts';
import { addRealmOptions } from '../realm/options.ts';
import { intentName, loadIntent, quietMsOf } from '../rotation/intent.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends ChangeOptions, EvidenceOptions {
  readonly at?: readonly string[];
  readonly within: string;
  readonly all?: boolean;
  readonly quiet?: string;
  /** False with `--no-adoption`. */
  readonly adoption: boolean;
}

const CONCLUSIONS: Readonly<Record<PlanVerdict, Conclusion>> = {
  safe: 'good',
  unproven: 'waiting',
  unknown: 'findings',
  breaks: 'findings',
};

/** The command. */
export const plan: CommandModule = {
  configure(command, session) {
    command.description(
      'Find out what a change will break, before anybody signs it: chains of servers and clients ' +
        'before the release of today and the proposed one, now and later, by what OpenSSL and ' +
        'others would do; warnings of expiries; and what nodes know of clients. Without a draft ' +
        'and without a change: what breaks by itself. Exit code 0 only when nothing is seen to ' +
        'break and all that was asked for was looked at; 11 when nothing is seen to break, and ' +
        'clients have not shown yet that they do without what is removed; else 1.',
    );
    command.argument('[draft]', 'draft file; or give --bundle with what is to change');
    addChangeOptions(command);
    addEvidenceOptions(command);
    command
      .option(
        '--at <when>',
        'look at this time too, a duration from now or a time; repeat it (default: 30d 60d 90d)',
        collect,
      )
      .option('--within <duration>', 'expiries so close together are one event', '14d')
      .option('--all', 'show all chains, also those that are fine')
      .option(
        '--quiet <duration>',
        `of a removal: ${QUIET_TEXT}, or what kedge rotate was told in this directory`,
      )
      .option('--no-adoption', 'do not ask a node about clients');
    addRealmOptions(command);
    command.action((draft: string | undefined, options: Options) => run(session, draft, options));
    addExamples(command, [
      'kedge plan payments.prod.example.org.draft.json --probe api.example.org:443',
      'kedge plan --bundle payments.prod.example.org --remove "Payments CA 2024" --chains chains/',
      'kedge plan --bundle public-web --chains chains.jsonl --at 180d --at 2027-12-31T00:00:00Z',
      'kedge plan draft.json --chains chains.jsonl --crl lists/ --crl issuing-ca.crl',
      'kedge plan draft.json --probe mail.example.org:25,starttls=smtp --probe 10.0.0.5:443',
      'kedge plan draft.json --chains clients/ --purpose tls-client && kedge release sign …',
      'kedge plan b.example.org.rotation.draft.json --chains chains --quiet 15m',
      'kedge plan draft.json --chains c.jsonl --output json | jq .counts',
    ]);
  },
};

function addChangeOptions(command: Command): void {
  command
    .option('--bundle <name>', 'bundle to look at, in place of a draft')
    .option('--file <release>', 'with --bundle: this release file instead of asking a node')
    .option('--remove <anchor>', 'with --bundle: as if it were removed; repeat it', collect)
    .option('--retire <anchor>', 'with --bundle: as if it were retired; repeat it', collect)
    .option('--activate <anchor>', 'with --bundle: as if it were activated; repeat it', collect)
    .option('--revoke <anchor>', 'with --bundle: as if it were revoked; repeat it', collect);
}

async function run(session: Session, draft: string | undefined, options: Options): Promise<void> {
  const nowMs = session.context.nowMs();
  const instants = readInstants(options.at, nowMs);
  const clusterMs = parseArgument('--within', options.within, parseDurationSeconds) * 1000;
  const usualMs = parseQuietMs(options.quiet);
  const change = await readChange(session, draft, options);
  const rotation = await loadIntent(session.path(intentName(change.bundle)), change.bundle);
  const { chains, unread: failed, lists } = await gatherEvidence(session, options);
  const readiness = await readReadiness(session, options, change, (anchor) =>
    anchor === rotation?.from ? quietMsOf(rotation, options.quiet) : usualMs,
  );
  const { today, next } = change;
  const planned = planChange({
    today,
    ...(next && { proposed: next.bundle }),
    chains,
    ...(lists && { lists }),
    instants,
    clusterMs,
  });
  const report = reportPlan({ change, plan: planned, instants, readiness, failed });
  session.conclude(CONCLUSIONS[report.verdict]);
  const extent = options.all === true ? 'all' : 'worst';
  const { styles } = session.output;
  session.output.result(planJson(report), formatPlan(report, { styles, nowMs, extent }));
}
