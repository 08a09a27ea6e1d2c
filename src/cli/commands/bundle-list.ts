/**
 * `kedge bundle list`: the bundles of a realm with their newest releases.
 *
 * @module
 */
import { isTrusted } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp, splitStream } from '../../core/ids.ts';
import { expiryStage } from '../../core/trusted/expiry.ts';
import { formatDistance } from '../durations.ts';
import { expiryReminder } from '../expiry-view.ts';
import { addExamples } from '../help.ts';
import type { Json } from '../output.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { addDemandOptions, type DemandOptions } from '../realm/region-demand.ts';
import { requireHead } from '../release/history.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { formatTable } from '../terminal/styles.ts';

/** The command. */
export const bundleList: CommandModule = {
  configure(command, session) {
    command.description(
      'List the bundles that a node holds: newest release, anchors, expiry. Each newest release ' +
        'is verified from the pin down.',
    );
    addDemandOptions(addRealmOptions(command));
    command.action((options: RealmOptions & DemandOptions) => run(session, options));
    addExamples(command, [
      'kedge bundle list',
      'kedge bundle list --node fra-1.example.org:7442 --output json',
    ]);
  },
};

async function run(session: Session, options: RealmOptions & DemandOptions): Promise<void> {
  await using realm = await openRealm(session, options);
  if (realm.node === undefined) {
    throw new KedgeError('CONFIG', 'only a node knows which bundles there are', {
      detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
    });
  }
  const nowMs = session.context.nowMs();
  const rows: string[][] = [];
  const values: Json[] = [];
  for (const { stream, sequence, fork } of await realm.node.streams()) {
    const parsed = splitStream(stream);
    if (parsed.kind !== 'release') continue;
    const { bundle } = parsed;
    if (fork !== undefined) {
      session.output.warn(`${bundle} is forked at sequence ${fork.sequence}: kedge node status`);
    }
    if (sequence === 0) continue;
    const { head } = await requireHead(realm, bundle, { blobs: 'without' });
    const trusted = head.body.anchors.filter(isTrusted).length;
    const staged = head.body.anchors.length - trusted;
    values.push({
      bundle,
      sequence: head.sequence,
      digest: head.digest,
      trusted,
      staged,
      issued: formatTimestamp(head.issuedMs),
      expires: formatTimestamp(head.expiresMs),
      expiring: expiryStage(head, nowMs),
      state: fork === undefined ? 'open' : 'forked',
    });
    const reminder = expiryReminder(stream, head, nowMs);
    if (reminder !== undefined) session.output.warn(reminder);
    const expired = head.expiresMs <= nowMs ? 'EXPIRED ' : '';
    rows.push([
      bundle,
      String(head.sequence),
      String(trusted),
      String(staged),
      formatTimestamp(head.issuedMs),
      `${expired}${formatDistance(head.expiresMs, nowMs)}`,
      fork === undefined ? '' : 'FORKED',
    ]);
  }
  const headers = ['bundle', 'release', 'trusted', 'staged', 'issued', 'expires', ''];
  session.output.result(
    values,
    rows.length === 0 ? 'The realm has no bundle yet.' : formatTable(headers, rows),
  );
}
