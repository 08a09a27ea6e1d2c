/**
 * `kedge watch`: prints verified changes as they happen, through the SDK that programs use.
 *
 * @module
 */
import type { Bundle } from '../../client/bundle.ts';
import type { BundleAnchor } from '../../client/bundle-anchors.ts';
import type { BundleChange } from '../../client/changes.ts';
import { type Notice, onNotice } from '../../client/notices.ts';
import type { BundleSourceOptions } from '../../client/options.ts';
import { type BundleSource, openBundleSource } from '../../client/source.ts';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import type { PlannedChange } from '../../core/releases/planned.ts';
import { addExamples, collect, collectNamed, hinted, parseArgument } from '../help.ts';
import { tlsOf } from '../node/admin.ts';
import type { Json } from '../output.ts';
import type { Canary } from '../plan/canary.ts';
import { addKnownCharterOption, type DemandOptions, parseDemand } from '../realm/region-demand.ts';
import { requirePinnedRealm } from '../realm/trust.ts';
import { formatAnnounced } from '../release/announced-view.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { printable, type Styles } from '../terminal/styles.ts';
import { parseWebhook, Webhook } from '../webhook.ts';

interface Options extends DemandOptions {
  readonly endpoint?: readonly string[];
  readonly realm?: string;
  readonly pin?: string;
  readonly cache?: string;
  readonly once?: boolean;
  readonly webhook?: string;
  readonly label?: readonly string[];
  readonly chains?: readonly string[];
}

const STATUS_EVERY_MS = 1000;
const ONCE_TIMEOUT_MS = 30_000;
const WRONG =
  "check --endpoint or `endpoints:` in kedge.yaml (host:port of clients' listeners), `tls:`, and " +
  'the names of realm and bundles';
const UNREACHED =
  "check --endpoint or `endpoints:` in kedge.yaml (clients' listeners: listen.clients of a " +
  'node), that the node runs, and that it gives your certificate the role client (identities)';

/** The command. */
export const watch: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Watch bundles and print every verified change, one block of text or one line of JSON ' +
          'each, until interrupted. It is a client like any program: it needs the role client, ' +
          "and the clients' listener of a node.",
      )
      .argument('<bundles...>', 'names of bundles')
      .option(
        '--endpoint <host:port>',
        'node to watch, repeat for more (default: profile)',
        collect,
      )
      .option('--realm <name>', 'realm (default: from the profile)')
      .option('--pin <sha256>', 'digest of the first charter (default: from the profile)')
      .option('--cache <directory>', 'keep the last good release here')
      .option('--once', 'print what is current and end')
      .option('--webhook <url>', 'post each change and each announcement there too, as JSON')
      .option(
        '--label <name=value>',
        'what adoption and rollouts know it by, for example tier=canary; repeat it',
        collectNamed('--label', () => 'a label has one value'),
      )
      .option(
        '--chains <path>',
        'be a canary: refuse a release under which one of these recorded chains is not accepted ' +
          'any more (as for kedge plan --chains); repeat it',
        collect,
      )
      .option('--require-regions <k>', 'use only what k regions of the charter cosigned')
      .option(
        '--fresh-within <duration>',
        'stale after this time without the word of k regions (default: 1) or, without either ' +
          "option, of a node (default: the charter's freshness); --once fails when stale",
      );
    addKnownCharterOption(command).action((bundles: string[], options: Options) =>
      run(session, bundles, options),
    );
    addExamples(command, [
      'kedge watch payments.prod.example.org',
      'kedge watch public-web --webhook https://hooks.example.org/trust',
      'kedge watch payments.prod.example.org --label tier=canary --chains chains/',
      'kedge watch public-web --endpoint fra-1.kedge.example.org:7440 --once',
      'kedge watch public-web payments.prod.example.org --output json | jq -c .anchors',
    ]);
  },
};

async function run(session: Session, bundles: readonly string[], options: Options): Promise<void> {
  const { signal } = session.context;
  const sourced = await sourceOptions(session, bundles, options);
  const canary = await openCanary(session, options);
  await using source = await hinted({ CONFIG: WRONG }, () => openBundleSource(sourced));
  if (canary !== undefined) {
    for (const bundle of source.bundles()) canary.judge(bundle);
    source.onSwap(canary.judge);
  }
  if (options.once === true) {
    const until = parseDemand(options) === undefined ? 'in-use' : 'fresh';
    const set = await hinted({ UNAVAILABLE: adviceOf }, () =>
      source.ready({ timeoutMs: ONCE_TIMEOUT_MS, signal, until }),
    );
    for (const bundle of set) print(session, { bundle });
    return;
  }
  session.output.note(`Watching ${bundles.join(', ')}; stop with Ctrl-C.`);
  await using webhook = openWebhook(session, options);
  using _ = onNotice(source, (notice) => {
    webhook?.send({ kind: notice.kind, ...noticeJson(notice) });
    if (notice.kind === 'dropped') return;
    session.output.note(`${notice.bundle} announces: ${formatAnnounced(notice)}`);
  });
  const stopReporting = reportStatus(session, source);
  try {
    for await (const change of source.changes()) {
      print(session, change, canary?.refuses(change.bundle));
      webhook?.send({ kind: 'release', ...bundleJson(change.bundle) });
    }
  } finally {
    stopReporting();
  }
}

/** Loads the judgement of chains, which other watchers do not need. */
async function openCanary(session: Session, { chains }: Options): Promise<Canary | undefined> {
  if (chains === undefined) return undefined;
  const { Canary } = await import('../plan/canary.ts');
  return await Canary.open(session, chains);
}

function openWebhook(session: Session, { webhook }: Options): Webhook | undefined {
  if (webhook === undefined) return undefined;
  return new Webhook({
    url: parseArgument('--webhook', webhook, parseWebhook),
    signal: session.context.signal,
    onLost: (why) => session.output.warn(why),
  });
}

/** A node that answers needs other advice than one that was not reached. */
function adviceOf({ detail: { hint } }: KedgeError): string {
  return typeof hint === 'string' ? hint : UNREACHED;
}

async function sourceOptions(
  session: Session,
  bundles: readonly string[],
  options: Options,
): Promise<BundleSourceOptions> {
  const profile = await session.profile();
  const pin = requirePinnedRealm(profile, options);
  const endpoints = options.endpoint ?? profile.endpoints;
  if (endpoints.length === 0) {
    throw new KedgeError('CONFIG', 'no node to watch is known', {
      detail: { hint: "give --endpoint, or set `endpoints:` in kedge.yaml (clients' listeners)" },
    });
  }
  const tls = tlsOf(profile);
  const demand = parseDemand(options);
  return {
    realm: pin.realm,
    firstCharterDigest: pin.digest,
    endpoints,
    bundles,
    labels: { service: 'kedge-watch', ...labelsOf(options) },
    signal: session.context.signal,
    ...(tls === undefined ? { insecure: true } : { tls }),
    ...(demand && { requireRegions: demand.regions }),
    ...(demand?.knownCharter !== undefined && { knownCharterDigest: demand.knownCharter }),
    ...(demand?.windowMs !== undefined && { staleAfterMs: Math.max(1, demand.windowMs) }),
    ...(options.cache === undefined ? {} : { cacheDir: session.path(options.cache) }),
  };
}

function labelsOf({ label = [] }: Options): Readonly<Record<string, string>> {
  return Object.fromEntries(
    label.map((text): readonly [string, string] => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new KedgeError('CONFIG', `--label: write <name>=<value>, not ${JSON.stringify(text)}`);
    }),
  );
}

/** Prints changes of connection and state; the source itself only tells new releases. */
function reportStatus(session: Session, source: BundleSource): () => void {
  let last = '';
  const report = (): void => {
    const { isConnected, endpoint, lastError, bundles, clock } = source.status();
    const states = bundles
      .filter(({ state }) => state !== 'fresh')
      .map(({ name, state, lastError: why }) =>
        why === undefined ? `${name} is ${state}` : `${name} is ${state}: ${why.message}`,
      );
    const link = isConnected
      ? `connected to ${endpoint ?? '?'}`
      : `not connected${lastError === undefined ? '' : `: ${lastError.message}`}`;
    const wrong = clock === 'ahead' || clock === 'behind' ? [`the clock here is ${clock}`] : [];
    const text = printable([link, ...states, ...wrong].join('; '));
    if (text !== last) session.output.note(session.output.styles.dim(`(${text})`));
    last = text;
  };
  const timer = setInterval(report, STATUS_EVERY_MS);
  return () => clearInterval(timer);
}

function print(session: Session, { bundle, previous }: BundleChange, isRefused = false): void {
  const { styles } = session.output;
  const at = formatTimestamp(session.context.nowMs());
  session.output.event(
    bundleJson(bundle),
    [
      styles.bold(`${at}  ${bundle.name} release ${bundle.sequence}`) +
        (isRefused ? styles.red(', refused by this canary') : ''),
      `  digest:  ${bundle.digest}`,
      `  expires: ${formatTimestamp(bundle.expiresAtMs)}`,
      ...(bundle.note === '' ? [] : [`  note:    ${printable(bundle.note)}`]),
      ...compare(previous, bundle, styles),
    ].join('\n'),
  );
}

function compare(previous: Bundle | undefined, bundle: Bundle, styles: Styles): readonly string[] {
  const trusted = bundle.anchors.filter(({ state }) => state !== 'staged').length;
  const summary = `  anchors: ${trusted} trusted, ${bundle.anchors.length - trusted} staged`;
  if (previous === undefined) return [summary];
  const before = new Map(previous.anchors.map((anchor) => [anchor.id, anchor]));
  const after = new Set(bundle.anchors.map(({ id }) => id));
  const lines: string[] = [summary];
  for (const anchor of bundle.anchors) {
    const old = before.get(anchor.id);
    if (old === undefined) lines.push(`  ${styles.green('+')} ${nameOf(anchor)}: ${anchor.state}`);
    else if (old.state !== anchor.state) {
      lines.push(`  ${styles.yellow('~')} ${nameOf(anchor)}: ${old.state} -> ${anchor.state}`);
    }
  }
  for (const old of previous.anchors) {
    if (!after.has(old.id)) lines.push(`  ${styles.red('-')} ${nameOf(old)}: was ${old.state}`);
  }
  return lines;
}

function bundleJson(bundle: Bundle): { readonly [key: string]: Json } {
  return {
    bundle: bundle.name,
    sequence: bundle.sequence,
    digest: bundle.digest,
    issued: formatTimestamp(bundle.issuedAtMs),
    expires: formatTimestamp(bundle.expiresAtMs),
    note: bundle.note,
    planned: bundle.planned.map(planJson),
    anchors: bundle.anchors.map(({ id, label, state, purposes }) => ({
      id,
      label,
      state,
      purposes,
    })),
  };
}

function noticeJson(notice: Notice): { readonly [key: string]: Json } {
  return { bundle: notice.bundle, label: notice.label ?? null, ...planJson(notice) };
}

function planJson({ what, anchor, atMs, impact }: PlannedChange): { readonly [key: string]: Json } {
  return { what, anchor, at: formatTimestamp(atMs), impact };
}

function nameOf({ label, id }: BundleAnchor): string {
  return `"${printable(label)}" (${id.slice(0, 16)})`;
}
