/**
 * `kedge charter show`: who may sign what in a realm, from a node or from a file.
 *
 * @module
 */
import { CHARTER_STREAM, formatTimestamp } from '../../core/ids.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { expiryStage } from '../../core/trusted/expiry.ts';
import { lastRecovery } from '../../core/trusted/lineage.ts';
import type { AcceptedCharter } from '../../core/trusted/state.ts';
import { charterJson, formatCharter } from '../charter/view.ts';
import { loadDocumentFile } from '../document-file.ts';
import { formatDistance } from '../durations.ts';
import { expiryReminder } from '../expiry-view.ts';
import { addExamples } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { addDemandOptions, type DemandOptions } from '../realm/region-demand.ts';
import { requireCharter, verifyRealm } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

/** The command. */
export const charterShow: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show the signers, roles and rules of a realm, and its pin. From a node or from the ' +
          'charter files of the profile, verified from the pin down; or from a first charter ' +
          'file, to compare its pin with what the owner of the realm published.',
      )
      .argument('[file]', 'first charter as `kedge realm init` wrote it');
    addDemandOptions(addRealmOptions(command));
    command.action((file: string | undefined, options: RealmOptions & DemandOptions) =>
      file === undefined ? showRealm(session, options) : showFile(session, file),
    );
    addExamples(command, [
      'kedge charter show',
      'kedge charter show charter-1.json',
      'kedge charter show --node iad-1.example.org:7442 --output json | jq .charter.roles',
    ]);
  },
};

async function showRealm(session: Session, options: RealmOptions & DemandOptions): Promise<void> {
  await using realm = await openRealm(session, options);
  const { charters } = realm.state;
  const about = { origin: 'verified from the pin down', covered: lastRecovery(charters) };
  print(session, requireCharter(realm.state), realm.pin.digest, about);
}

/** The file is its own pin here; that is said, because it proves nothing by itself. */
async function showFile(session: Session, file: string): Promise<void> {
  const document = await loadDocumentFile(session.path(file), 'charter');
  const { digest, realm } = parseStatement(document.statement.payload);
  const pin = { digest, realm };
  const state = verifyRealm(pin, { charters: [document] }, session.context.nowMs());
  const origin = 'of this file: compare it with what you were told';
  print(session, requireCharter(state), digest, { origin, covered: 0 });
}

/** What is said of a charter beside what it says itself. */
interface About {
  /** Where its pin comes from. */
  readonly origin: string;
  /** The newest version that recovery keys signed; 0: none. */
  readonly covered: number;
}

function print(
  session: Session,
  accepted: AcceptedCharter,
  pin: string,
  { origin, covered }: About,
): void {
  const { charter, digest, issuedMs, expiresMs } = accepted;
  const { styles } = session.output;
  const nowMs = session.context.nowMs();
  const left = formatDistance(expiresMs, nowMs);
  const reminder = expiryReminder(CHARTER_STREAM, accepted, nowMs);
  if (reminder !== undefined) session.output.warn(reminder);
  session.output.result(
    {
      pin,
      digest,
      issued: formatTimestamp(issuedMs),
      expires: formatTimestamp(expiresMs),
      expiring: expiryStage(accepted, nowMs),
      ...(covered > 0 && { covered }),
      charter: charterJson(charter),
    },
    [
      styles.bold(`Charter version ${charter.version} of ${charter.realm}`),
      `  pin:     ${pin} (${origin})`,
      `  digest:  ${digest}`,
      `  valid:   ${formatTimestamp(issuedMs)} to ${formatTimestamp(expiresMs)} (${left})`,
      ...(covered > 0
        ? [`  covered: up to version ${covered}, by recovery keys: rivals of those fall`]
        : []),
      '',
      formatCharter(charter),
    ].join('\n'),
  );
}
