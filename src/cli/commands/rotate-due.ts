/**
 * `kedge rotate due`: which anchors need a successor, and when to begin.
 *
 * @module
 */
import { type BundleName, formatTimestamp, parseBundleName } from '../../core/ids.ts';
import { type DueRotation, dueRotations } from '../../core/rotation/due.ts';
import { formatDistance, parseDurationSeconds } from '../durations.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm, type Realm } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import { factsOf } from '../release/certificates.ts';
import { requireHead } from '../release/history.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { formatTable, printable } from '../terminal/styles.ts';

interface Options extends RealmOptions {
  readonly within: string;
  readonly maxAge?: string;
}

/** The command. */
export const rotateDue: CommandModule = {
  configure(command, session) {
    command
      .description(
        'List the active anchors of bundles that need a successor, because their certificate ' +
          'ends (or is old), with a date to begin each rotation: early enough for hold-down, ' +
          'overlap and 30 days to spare, and at least a week apart from the next, so that what ' +
          'is renewed does not expire together again. Exit code 1 when something is listed, ' +
          'for cron.',
      )
      .argument('<bundles...>', 'names of bundles')
      .option('--within <duration>', 'list what expires within this time', '90d')
      .option('--max-age <duration>', 'list also what is older than this');
    addRealmOptions(command).action((bundles: string[], options: Options) =>
      run(session, bundles, options),
    );
    addExamples(command, [
      'kedge rotate due payments.prod.example.org --within 180d',
      'kedge rotate due public-web payments.prod.example.org --output json > due.json || mail …',
    ]);
  },
};

async function run(session: Session, names: readonly string[], options: Options): Promise<void> {
  const bundles = names.map((name) => parseArgument('bundle', name, parseBundleName));
  const terms = {
    nowMs: session.context.nowMs(),
    withinMs: parseArgument('--within', options.within, parseDurationSeconds) * 1000,
    ...(options.maxAge !== undefined && {
      maxAgeMs: parseArgument('--max-age', options.maxAge, parseDurationSeconds) * 1000,
    }),
  };
  await using realm = await openRealm(session, options);
  const listed: { readonly bundle: BundleName; readonly due: readonly DueRotation[] }[] = [];
  for (const bundle of bundles) listed.push({ bundle, due: await dueOf(realm, bundle, terms) });
  const rows = listed.flatMap(({ bundle, due }) => due.map((one) => ({ bundle, one })));
  if (rows.length > 0) session.conclude('findings');
  session.output.result(
    { due: rows.map(({ bundle, one }) => ({ bundle, ...dueJson(one) })) },
    rows.length === 0
      ? `nothing is due within ${options.within}`
      : formatTable(
          ['begin', 'bundle', 'anchor', 'sha256', 'ends', 'why'],
          rows.map(({ bundle, one }) => [
            `${dateOf(one.beginMs)}${one.urgency === 'late' ? ' (late)' : ''}`,
            bundle,
            printable(one.anchor.label),
            one.anchor.id.slice(0, 16),
            `${dateOf(one.notAfterMs)} (${formatDistance(one.notAfterMs, terms.nowMs)})`,
            whyText(one),
          ]),
        ),
  );
}

async function dueOf(
  realm: Realm,
  bundle: BundleName,
  terms: { readonly nowMs: number; readonly withinMs: number; readonly maxAgeMs?: number },
): Promise<readonly DueRotation[]> {
  const { head, blobs, state } = await requireHead(realm, bundle);
  const anchors = head.body.anchors.flatMap((anchor) => {
    const facts = factsOf(blobs.get(anchor.id));
    return facts === undefined ? [] : [{ anchor, ...facts }];
  });
  return dueRotations({ anchors, lifecycle: requireCharter(state).charter.lifecycle, ...terms });
}

function dueJson(due: DueRotation): { readonly [key: string]: string | readonly string[] } {
  return {
    id: due.anchor.id,
    label: due.anchor.label,
    reason: due.reason,
    urgency: due.urgency,
    begin: formatTimestamp(due.beginMs),
    notAfter: formatTimestamp(due.notAfterMs),
    together: due.together.map(({ id }) => id),
  };
}

function whyText({ reason, together }: DueRotation): string {
  const others = together.map(({ label }) => JSON.stringify(printable(label))).join(', ');
  return others === '' ? reason : `${reason}, together with ${others}`;
}

function dateOf(timeMs: number): string {
  return formatTimestamp(timeMs).slice(0, 10);
}
