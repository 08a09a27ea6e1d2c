/**
 * `kedge bundle show`: the anchors of a bundle with their facts.
 *
 * @module
 */
import { type Anchor, isTrusted } from '../../core/anchors/anchor.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { pendingPlans } from '../../core/releases/announcing.ts';
import { formatDistance } from '../durations.ts';
import { addExamples } from '../help.ts';
import { formatAnnounced } from '../release/announced-view.ts';
import {
  addBundleOptions,
  type BundleOptions,
  type OpenedBundle,
  openBundle,
} from '../release/bundle-options.ts';
import { factsOf, formatFacts } from '../release/certificates.ts';
import { anchorJson, formatLimits } from '../release/change-view.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf, formatTable, printable } from '../terminal/styles.ts';

/** A longer label is cut in the table, which would not fit a terminal; --full has it whole. */
const LABEL_SHOWN_CHARS = 48;

interface Options extends BundleOptions {
  readonly full?: boolean;
}

/** The command. */
export const bundleShow: CommandModule = {
  configure(command, session) {
    command.description(
      'Show the newest release of a bundle: its anchors with state, subject, fingerprint and ' +
        'expiry, its tombstones, and what is announced. Verified from the pin down.',
    );
    addBundleOptions(command).option('--full', 'all facts of each certificate');
    command.action(async (name: string | undefined, options: Options) => {
      const opened = await openBundle(session, name, options);
      session.output.result(bundleJson(opened), formatBundle(session, opened, options));
    });
    addExamples(command, [
      'kedge bundle show payments.prod.example.org',
      'kedge bundle show public-web --full',
      'kedge bundle show --file payments.release-4.json --output json | jq .anchors[].label',
    ]);
  },
};

function bundleJson({
  bundle,
  head,
  blobs,
}: OpenedBundle): Parameters<Session['output']['result']>[0] {
  return {
    bundle,
    sequence: head.sequence,
    digest: head.digest,
    charterVersion: head.charterVersion,
    issued: formatTimestamp(head.issuedMs),
    expires: formatTimestamp(head.expiresMs),
    note: head.body.note,
    anchors: head.body.anchors.map((anchor) => anchorJson(anchor, blobs)),
    tombstones: head.body.tombstones.map(({ id, sequence, reason }) => ({ id, sequence, reason })),
    planned: pendingPlans(head.body).map(({ what, anchor, atMs, impact }) => {
      return { what, anchor, at: formatTimestamp(atMs), impact };
    }),
  };
}

function formatBundle(session: Session, opened: OpenedBundle, options: Options): string {
  const { styles } = session.output;
  const nowMs = session.context.nowMs();
  const { bundle, head } = opened;
  const { anchors, tombstones, note } = head.body;
  const trusted = anchors.filter(isTrusted).length;
  const expired = head.expiresMs <= nowMs ? styles.red('EXPIRED ') : '';
  const left = formatDistance(head.expiresMs, nowMs);
  return [
    styles.bold(`${bundle}, release ${head.sequence}`),
    `  digest:   ${head.digest}`,
    `  issued:   ${formatTimestamp(head.issuedMs)} under charter ${head.charterVersion}`,
    `  expires:  ${formatTimestamp(head.expiresMs)} (${expired}${left})`,
    ...(note === '' ? [] : [`  note:     ${printable(note)}`]),
    `  anchors:  ${trusted} trusted, ${anchors.length - trusted} staged`,
    '',
    ...(anchors.length === 0 ? ['nobody is trusted'] : []),
    ...(anchors.length > 0 && options.full === true ? [formatFull(session, opened)] : []),
    ...(anchors.length > 0 && options.full !== true ? [formatShort(opened)] : []),
    ...(tombstones.length === 0 ? [] : ['', `${countOf(tombstones.length, 'tombstone')}:`]),
    ...tombstones.map(({ id, sequence, reason }) => `  ${reason} in release ${sequence}  ${id}`),
    ...formatPlans(opened),
  ].join('\n');
}

function formatPlans({ head: { body } }: OpenedBundle): readonly string[] {
  const labels = new Map(body.anchors.map(({ id, label }) => [id, label]));
  const lines = pendingPlans(body).map((plan) => {
    const label = labels.get(plan.anchor);
    return `  ${formatAnnounced({ ...plan, ...(label !== undefined && { label }) })}`;
  });
  return lines.length === 0 ? [] : ['', 'announced:', ...lines];
}

function formatShort({ head, blobs }: OpenedBundle): string {
  const rows = head.body.anchors.map((anchor) => {
    const facts = factsOf(blobs.get(anchor.id));
    return [
      anchor.state,
      shortened(printable(anchor.label)),
      facts === undefined ? '?' : formatTimestamp(facts.notAfterMs).slice(0, 10),
      anchor.purposes.join(','),
      anchor.id.slice(0, 16),
    ];
  });
  const limited = head.body.anchors.flatMap((anchor) => {
    const limits = formatLimits(anchor);
    return limits === '' ? [] : [`  ${anchor.id.slice(0, 16)}${limits}`];
  });
  return [
    formatTable(['state', 'label', 'until', 'for', 'sha256'], rows),
    ...(limited.length === 0 ? [] : ['', 'limits:', ...limited]),
  ].join('\n');
}

function shortened(label: string): string {
  return label.length <= LABEL_SHOWN_CHARS ? label : `${label.slice(0, LABEL_SHOWN_CHARS - 1)}…`;
}

function formatFull(session: Session, { head, blobs }: OpenedBundle): string {
  const describe = (anchor: Anchor): string => {
    const facts = factsOf(blobs.get(anchor.id));
    const since = formatTimestamp(anchor.sinceMs);
    const line =
      `${session.output.styles.bold(printable(anchor.label))}: ${anchor.state} since ${since}, ` +
      `for ${anchor.purposes.join(', ')}${formatLimits(anchor)}`;
    return facts === undefined
      ? `${line}\n  sha256: ${anchor.id}`
      : `${line}\n${formatFacts(facts, session.context.nowMs())}`;
  };
  return head.body.anchors.map(describe).join('\n');
}
