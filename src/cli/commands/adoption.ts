/**
 * `kedge adoption`: how far the clients of all nodes are with a bundle, who lags, which anchors are
 * in use, and whether one can be removed.
 *
 * @module
 */
import { ROW_AGAIN_MS, ROW_AGE_MAX_MS } from '../../core/adoption/freshness.ts';
import type { ClientFilter } from '../../core/adoption/model.ts';
import { judgeRemoval } from '../../core/adoption/removal.ts';
import type { Anchor } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, parseBundleName, parseNodeId } from '../../core/ids.ts';
import type { ReleaseHead } from '../../core/trusted/state.ts';
import { type AdoptionReport, reportAdoption } from '../adoption/adoption.ts';
import { listClients } from '../adoption/client-pages.ts';
import { formatClients } from '../adoption/clients-view.ts';
import { adoptionJson, clientsJson, removalJson } from '../adoption/json.ts';
import { lackingOf, restartWarning } from '../adoption/lacking.ts';
import { parseQuietMs, QUIET_TEXT } from '../adoption/quiet.ts';
import { formatRemoval } from '../adoption/removal-view.ts';
import { formatAdoption } from '../adoption/view.ts';
import { formatSeconds } from '../durations.ts';
import { addExamples, parseArgument } from '../help.ts';
import type { NodeAdmin } from '../node/admin.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { findAnchor } from '../release/anchor-names.ts';
import { requireHead } from '../release/history.ts';
import { isHeldBack } from '../rollout/draft.ts';
import { waitingText } from '../rollout/view.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import {
  addRefreshOptions,
  type RefreshOptions,
  refresh,
  type View,
} from '../terminal/refreshing.ts';
import { addWaitOptions, Patience, readTimeoutMs, type WaitOptions } from '../waiting.ts';

interface Options extends RealmOptions, RefreshOptions, WaitOptions {
  readonly remove?: string;
  readonly quiet?: string;
  readonly clients?: boolean;
  readonly behind?: boolean;
  readonly refused?: boolean;
  readonly departed?: boolean;
  readonly uses?: string;
  readonly at?: string;
  readonly limit?: string;
}

/** One look, and whether `--wait` has what it waits for. */
interface Look extends View {
  readonly waitsFor?: string;
}

/** What a look is made of. */
interface Question {
  readonly session: Session;
  readonly options: Options;
  readonly node: NodeAdmin;
  readonly bundle: BundleName;
  readonly head: ReleaseHead;
}

const LIMIT_DEFAULT = '100';
const LIMIT_MAX = 100_000;
const WAIT_EVERY_MS = 1000;

/** The command. */
export const adoption: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show how far the clients of all nodes are with a bundle: how many run which release, by ' +
          'region and label, who is behind and since when, who refused and why, and when each ' +
          'anchor was used last. One node answers for all of them; what it does not know is said ' +
          'to be unknown. With --remove: whether an anchor can be removed without breaking a ' +
          'client, with the evidence (exit code 0) or what speaks against it (exit code 1); exit ' +
          'code 1 also when --wait has waited in vain. What clients report is their own word; ' +
          'the release is verified from the pin down. Nodes tell of their clients when something ' +
          `changes, and again every ${formatSeconds(ROW_AGAIN_MS / 1000)}: an age up to that is ` +
          `normal. What is older than ${formatSeconds(ROW_AGE_MAX_MS / 1000)} is "too old": it ` +
          'counts as not known.',
      )
      .argument('<bundle>', 'name of the bundle');
    addRealmOptions(command);
    addRefreshOptions(command);
    command
      .option('--remove <anchor>', 'is it safe to remove it? label, id (8 or more digits) or file')
      .option(
        '--quiet <duration>',
        `with --remove: ${QUIET_TEXT}; clients tell of open connections every 10m`,
      )
      .option('--clients', 'list all clients')
      .option('--behind', 'list the clients that do not run the newest release')
      .option('--refused', 'list the clients that refused a release, with the reason')
      .option('--departed', 'list the clients whose connection broke and that did not come back')
      .option('--uses <anchor>', 'list the clients that used an anchor, and when last')
      .option('--at <node>', 'with a list: only the clients of this node, by its id')
      .option('--limit <number>', `with a list: how many at most (default: "${LIMIT_DEFAULT}")`);
    addWaitOptions(command, 'wait until all run the newest release, or the removal is safe').action(
      (bundle: string, options: Options) => run(session, bundle, options),
    );
    addExamples(command, [
      'kedge adoption payments.prod.example.org',
      'kedge adoption payments.prod.example.org --watch',
      'kedge adoption payments.prod.example.org --wait --timeout 10m',
      'kedge adoption payments.prod.example.org --behind',
      'kedge adoption payments.prod.example.org --remove "Payments CA 2024"',
      'kedge adoption public-web --remove 3f2a9c01 --quiet 7d && kedge anchor remove 3f2a9c01 …',
      "kedge adoption public-web --output json | jq '.regions[] | select(.newest < .clients)'",
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  const bundle = parseArgument('bundle', name, parseBundleName);
  requireOneQuestion(options);
  await refresh(session, options, async () => {
    if (options.wait !== true) return await look(session, bundle, options);
    const seen = await waitedFor(session, options, () => look(session, bundle, options));
    session.conclude(seen.waitsFor === undefined ? 'good' : 'findings');
    return seen;
  });
}

function requireOneQuestion(options: Options): void {
  const { remove, clients, behind, refused, departed, uses, wait, watch, at, quiet } = options;
  readTimeoutMs(options);
  const lists = [clients, behind, refused, departed, uses].filter(Boolean);
  if (lists.length + (remove === undefined ? 0 : 1) > 1) {
    const names = '--remove, --clients, --behind, --refused, --departed and --uses';
    throw new KedgeError('CONFIG', `each of ${names} asks something else: give one of them`);
  }
  const listed = at !== undefined ? '--at' : options.limit !== undefined ? '--limit' : undefined;
  if (listed !== undefined && lists.length === 0) {
    throw new KedgeError('CONFIG', `${listed} goes with a list of clients`, {
      detail: { hint: 'add --clients, --behind, --refused, --departed or --uses' },
    });
  }
  if (quiet !== undefined && remove === undefined) {
    throw new KedgeError('CONFIG', '--quiet is said of a removal', {
      detail: { hint: 'add --remove <anchor>' },
    });
  }
  parseQuietMs(quiet);
  if (wait !== true || (watch !== true && lists.length === 0)) return;
  throw new KedgeError('CONFIG', '--wait goes with neither --watch nor a list of clients');
}

/** The first look that has what it waits for, or the last one when the time is over. */
async function waitedFor(
  session: Session,
  options: Options,
  lookNow: () => Promise<Look>,
): Promise<Look> {
  const patience = new Patience(session, options, WAIT_EVERY_MS);
  while (true) {
    const seen = await lookNow();
    if (seen.waitsFor === undefined || patience.isOver) return seen;
    await patience.waitFor(seen.waitsFor);
  }
}

async function look(session: Session, bundle: BundleName, options: Options): Promise<Look> {
  await using realm = await openRealm(session, options);
  const { node } = realm;
  if (node === undefined) {
    throw new KedgeError('CONFIG', 'only a node knows of its clients', {
      detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
    });
  }
  const { head } = await requireHead(realm, bundle, { blobs: 'without' });
  const question = { session, options, node, bundle, head };
  const filter = await filterOf(question);
  if (filter !== undefined) return await lookAtClients(question, filter);
  return await lookAtAdoption(question);
}

async function lookAtAdoption({ session, options, node, bundle, head }: Question): Promise<Look> {
  const { output, context } = session;
  const { styles } = output;
  const { remove } = options;
  const anchor = remove === undefined ? undefined : await findAnchor(session, head.body, remove);
  const known = await node.adoption(bundle);
  const { sequence, body } = head;
  const report = reportAdoption(known, { sequence, body });
  if (anchor === undefined) {
    const kind = context.stdout.isTTY === true ? 'bars' : 'plain';
    const shown = formatAdoption(report, { styles, kind, columns: context.stdout.columns });
    const isHeld = await isHeldBack(node, bundle, head);
    const text = isHeld ? `${shown}\n\n${waitingText(bundle, sequence, styles)}` : shown;
    const waitsFor = lackingOf(report, known.nodes);
    const isDone = options.wait === true && waitsFor === undefined;
    const restarted = isDone ? restartWarning(report, known.nodes) : undefined;
    const warnings = [
      ...warningsOf(report, known.head),
      ...(restarted === undefined ? [] : [restarted]),
    ];
    const json = { ...adoptionJson(report), waitsForRollout: isHeld };
    return { json, text, warnings, ...(waitsFor !== undefined && { waitsFor }) };
  }
  const quietMs = parseQuietMs(options.quiet);
  const question = { adoption: known, release: head, anchor: anchor.id, quietMs };
  const judged = judgeRemoval(question);
  // Only the live view cuts lines; elsewhere a command is to stay whole for whoever copies it.
  const isCut = options.watch === true && output.isLive;
  const columns = isCut ? context.stdout.columns : undefined;
  session.conclude(judged.verdict === 'safe' ? 'good' : 'findings');
  return {
    json: removalJson(report, anchor.label, judged),
    text: formatRemoval(judged, { bundle, anchor, quietMs, styles, columns }),
    warnings: [],
    ...(judged.verdict === 'blocked' && {
      waitsFor: judged.blockers.map(({ text }) => text).join('; '),
    }),
  };
}

/** Shares are of what the node serves, which may have moved on. */
function warningsOf(
  { sequence }: AdoptionReport,
  served: { readonly sequence: number } | undefined,
): readonly string[] {
  if (served?.sequence === sequence) return [];
  const what = served === undefined ? 'no release' : `release ${String(served.sequence)}`;
  return [`the node serves ${what}, and ${String(sequence)} was verified here: ask again`];
}

/** Which clients are to be listed; absent: none. */
async function filterOf({ session, options, head }: Question): Promise<ClientFilter | undefined> {
  const { clients, behind, refused, departed, uses } = options;
  if (uses !== undefined) {
    const anchor: Anchor = await findAnchor(session, head.body, uses);
    return { kind: 'uses', anchor: anchor.id };
  }
  if (behind === true) return { kind: 'behind' };
  if (refused === true) return { kind: 'refused' };
  if (departed === true) return { kind: 'departed' };
  return clients === true ? { kind: 'all' } : undefined;
}

async function lookAtClients(question: Question, filter: ClientFilter): Promise<View> {
  const { session, options, node, bundle } = question;
  const max = parseArgument('--limit', options.limit ?? LIMIT_DEFAULT, parseLimit);
  const nodeId =
    options.at === undefined ? undefined : parseArgument('--at', options.at, parseNodeId);
  const { nodes, rest } = await listClients(node, { bundle, filter, nodeId, max });
  const nowMs = session.context.nowMs();
  const uses = filter.kind === 'uses' ? { uses: filter.anchor } : {};
  return {
    json: clientsJson(bundle, nodes),
    text: formatClients({ nodes, rest, nowMs, ...uses }, session.output.styles),
    warnings: rest === 'more' ? [`more clients than --limit ${String(max)}`] : [],
  };
}

function parseLimit(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new KedgeError('CONFIG', `give a number from 1 to ${String(LIMIT_MAX)}`);
}
