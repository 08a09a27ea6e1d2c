/**
 * `kedge audit at`: which anchors a realm trusted at a time, who signed them, who held them.
 *
 * @module
 */
import { isTrusted } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp, parseBundleName } from '../../core/ids.ts';
import type { AcceptedCharter } from '../../core/trusted/state.ts';
import {
  bundlesOf,
  charterAtTime,
  type LaterRelease,
  type PastBundle,
  readPastBundle,
} from '../audit/past.ts';
import { timeArgument } from '../audit/reading.ts';
import { addExamples, collect, parseArgument } from '../help.ts';
import type { Json } from '../output.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { anchorJson } from '../release/change-view.ts';
import { aimText } from '../rollout/review-view.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { formatFields, formatTable, printable, type Styles } from '../terminal/styles.ts';

interface Options extends RealmOptions {
  readonly bundle?: readonly string[];
}

/** The command. */
export const auditAt: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show what a realm trusted at a time: the charter that ruled, and per bundle the newest ' +
          'release of then with its anchors, who signed it, when the node that answers accepted ' +
          'it, and which regions are known to hold it. What was signed follows from history that ' +
          'is verified from the pin down. A statement has the time of its draft, which may wait ' +
          'for signatures: what the node accepted only later, by its audit log, does not count.',
      )
      .argument('<time>', '2026-11-26T07:00:00Z, 2026-11-26, or how long ago: 90m, 3d')
      .option('--bundle <name>', 'only this bundle; may be repeated (default: all)', collect);
    addRealmOptions(command).action((time: string, options: Options) =>
      run(session, time, options),
    );
    addExamples(command, [
      'kedge audit at 2026-11-26T07:00:00Z --bundle payments.prod.example.org',
      'kedge audit at 30d --output json | jq .bundles[].anchors[].id',
    ]);
  },
};

async function run(session: Session, time: string, options: Options): Promise<void> {
  const timeMs = timeArgument('time', time, session.context.nowMs());
  const named = options.bundle?.map((name) => parseArgument('--bundle', name, parseBundleName));
  await using realm = await openRealm(session, options);
  const charter = await charterAtTime(realm, timeMs);
  const bundles: PastBundle[] = [];
  const without: string[] = [];
  for (const bundle of new Set(named ?? (await bundlesOf(realm)))) {
    const past = await readPastBundle(realm, bundle, timeMs);
    if (past === undefined) without.push(bundle);
    else bundles.push(past);
  }
  if (charter === undefined) {
    throw new KedgeError('GAP', `the realm had no charter at ${formatTimestamp(timeMs)} yet`, {
      detail: { hint: 'ask for a time after its first charter: kedge charter show 1' },
    });
  }
  const { styles } = session.output;
  session.output.result(
    {
      realm: realm.state.realm,
      time: formatTimestamp(timeMs),
      charter: charterJson(charter, timeMs),
      bundles: bundles.map((past) => bundleJson(past, timeMs)),
      without,
    },
    [
      styles.bold(`${realm.state.realm} at ${formatTimestamp(timeMs)}`),
      formatFields([['charter', charterText(charter, timeMs)]]),
      ...bundles.map((past) => `\n${bundleText(past, timeMs, styles)}`),
      ...without.map((bundle) => `\n${bundle} had no release yet.`),
    ].join('\n'),
  );
}

function charterText({ version, issuedMs, expiresMs }: AcceptedCharter, timeMs: number): string {
  const expired = expiresMs <= timeMs ? ', EXPIRED by then' : '';
  return `version ${version}, issued ${formatTimestamp(issuedMs)}${expired}`;
}

function charterJson(
  { version, digest, issuedMs, expiresMs }: AcceptedCharter,
  timeMs: number,
): Json {
  return {
    version,
    digest,
    issued: formatTimestamp(issuedMs),
    expires: formatTimestamp(expiresMs),
    expired: expiresMs <= timeMs,
  };
}

function bundleText(past: PastBundle, timeMs: number, styles: Styles): string {
  const { bundle, anchors, signers, holders, accepted, rollout } = past;
  const { sequence, digest, issuedMs, expiresMs, charterVersion } = past.past.statement;
  const by = accepted?.by === undefined ? '' : ` from ${printable(accepted.by)}`;
  const held = holders.map(
    ({ region, byMs, size }) =>
      `${region} (by ${formatTimestamp(byMs)} at the latest, in a log of ${size})`,
  );
  const rows = anchors.map((anchor) => [
    isTrusted(anchor) ? 'trusted' : 'not trusted',
    anchor.state,
    printable(anchor.label),
    anchor.purposes.join(', '),
    anchor.id,
  ]);
  return [
    styles.bold(`${bundle}, release ${sequence}`),
    formatFields([
      ['digest', digest],
      ['issued', formatTimestamp(issuedMs)],
      ['expires', `${formatTimestamp(expiresMs)}${expiresMs <= timeMs ? ' EXPIRED by then' : ''}`],
      ['signed by', `${signers.join(', ')} (charter version ${charterVersion})`],
      [
        'accepted here',
        accepted === undefined
          ? 'the audit log of this node does not say'
          : `${formatTimestamp(accepted.timeMs)}${by}`,
      ],
      ...(rollout === undefined ? [] : [['rollout', rolloutText(rollout)] as const]),
      ...past.later.map((one) => ['not here yet', laterText(one)] as const),
      ['held by regions', held.length === 0 ? 'none is known to' : held.join(', ')],
    ]),
    formatTable(['', 'state', 'label', 'purposes', 'sha256'], rows).replace(/^/gm, '  '),
  ].join('\n');
}

function laterText({ past: { statement }, accepted }: LaterRelease): string {
  return (
    `release ${statement.sequence}, drafted at ${formatTimestamp(statement.issuedMs)}, ` +
    `accepted here at ${formatTimestamp(accepted.timeMs)}`
  );
}

function rolloutText({ past, body }: NonNullable<PastBundle['rollout']>): string {
  const { sequence, issuedMs } = past.statement;
  return `${sequence}, ${body.state}: ${aimText(body)}; issued ${formatTimestamp(issuedMs)}`;
}

function rolloutJson({ past, body }: NonNullable<PastBundle['rollout']>): Json {
  const { sequence, digest, issuedMs } = past.statement;
  const { state, to, from } = body;
  const releases = { to: { ...to }, from: from === undefined ? null : { ...from } };
  return { sequence, digest, issued: formatTimestamp(issuedMs), state, ...releases };
}

function bundleJson(past: PastBundle, timeMs: number): Json {
  const { bundle, anchors, signers, holders, accepted, rollout } = past;
  const { sequence, digest, issuedMs, expiresMs, charterVersion } = past.past.statement;
  return {
    bundle,
    sequence,
    digest,
    issued: formatTimestamp(issuedMs),
    expires: formatTimestamp(expiresMs),
    expired: expiresMs <= timeMs,
    charterVersion,
    signers,
    accepted:
      accepted === undefined
        ? undefined
        : {
            time: new Date(accepted.timeMs).toISOString(),
            via: accepted.via,
            by: accepted.by,
          },
    later: past.later.map((one) => ({
      sequence: one.past.statement.sequence,
      digest: one.past.statement.digest,
      issued: formatTimestamp(one.past.statement.issuedMs),
      accepted: new Date(one.accepted.timeMs).toISOString(),
    })),
    rollout: rollout && rolloutJson(rollout),
    holders: holders.map(({ region, byMs, size }) => ({
      region,
      by: formatTimestamp(byMs),
      size,
    })),
    anchors: anchors.map((anchor) => ({
      ...anchorJson(anchor, new Map()),
      trusted: isTrusted(anchor),
    })),
  };
}
