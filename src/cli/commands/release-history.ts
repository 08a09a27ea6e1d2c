/**
 * `kedge release history`: the releases of a bundle, newest first.
 *
 * @module
 */

import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp, parseBundleName } from '../../core/ids.ts';
import { findAuthority, findPastAuthority, isCarried } from '../../core/trusted/authority.ts';
import { charterAt, type TrustedState } from '../../core/trusted/state.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { addDemandOptions, type DemandOptions } from '../realm/region-demand.ts';
import { type PastStatement, readHistory, requireHead } from '../release/history.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { formatTable } from '../terminal/styles.ts';

interface Options extends RealmOptions, DemandOptions {
  readonly limit: string;
}

/** The command. */
export const releaseHistory: CommandModule = {
  configure(command, session) {
    command
      .description(
        'List the releases of a bundle, newest first, with who signed them. The list is bound to ' +
          'the verified newest release by the hash chain.',
      )
      .argument('<bundle>', 'name of the bundle')
      .option('--limit <count>', 'how many at most', '20');
    addDemandOptions(addRealmOptions(command));
    command.action((bundle: string, options: Options) => run(session, bundle, options));
    addExamples(command, [
      'kedge release history payments.prod.example.org',
      'kedge release history public-web --limit 500 --output json',
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  const bundle = parseArgument('bundle', name, parseBundleName);
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) {
    throw new KedgeError('CONFIG', `--limit: not a count: ${options.limit}`);
  }
  await using realm = await openRealm(session, options);
  const { head, state } = await requireHead(realm, bundle, { blobs: 'without' });
  const past = await readHistory(realm, { ...head, bundle }, { limit });
  session.output.result(
    past.map(({ statement, signed }) => ({
      sequence: statement.sequence,
      digest: statement.digest,
      issued: formatTimestamp(statement.issuedMs),
      expires: formatTimestamp(statement.expiresMs),
      charterVersion: statement.charterVersion,
      signers: signersOf(state, { statement, signed }),
    })),
    formatTable(
      ['sequence', 'issued', 'expires', 'charter', 'signed by', 'digest'],
      past.map(({ statement, signed }) => [
        String(statement.sequence),
        formatTimestamp(statement.issuedMs),
        formatTimestamp(statement.expiresMs).slice(0, 10),
        String(statement.charterVersion),
        signersOf(state, { statement, signed }).join(', '),
        statement.digest.slice(0, 16),
      ]),
    ),
  );
}

/** Under the charter that it names, or a later one where its last signers came with that. */
function signersOf(state: TrustedState, { statement, signed }: PastStatement): readonly string[] {
  const charter = charterAt(state, statement.charterVersion)?.charter;
  if (charter === undefined) return [];
  const named = findAuthority(charter, statement, signed);
  const authority = isCarried(named) ? named : findPastAuthority(state, statement, signed);
  return (authority ?? named).signers;
}
