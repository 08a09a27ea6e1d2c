/**
 * `kedge release plan-change`: announces in a draft what will change and when.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { type AnchorId, parseTimestamp, timestampMs } from '../../core/ids.ts';
import { isMade, planChange, withdrawPlan } from '../../core/releases/announcing.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { parseWhat } from '../../core/releases/planned.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addDraftOptions, addRealmOptions, addShortcutOptions } from '../realm/options.ts';
import { findAnchor, findIds } from '../release/anchor-names.ts';
import { type EditOptions, editDraft } from '../release/edit-draft.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends EditOptions {
  readonly what: string;
  readonly at?: string;
  readonly impact?: string;
  readonly withdraw?: boolean;
}

/** The command. */
export const releasePlanChange: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Announce in a draft that an anchor will change, when, and what that means for whom. ' +
          'Programs that watch the bundle hear of it (onNotice in the SDK, kedge watch), signed ' +
          'like everything else. It changes nothing by itself. Another date for the same anchor ' +
          'and change takes the place of the first; drafts drop what is done, and dates that ' +
          'have passed.',
      )
      .argument('<anchor>', 'label, first 8 or more digits of the id, or certificate file')
      .option('--what <change>', 'what will happen: activate, retire, remove, …', 'remove')
      .option('--at <time>', 'when, for example 2027-03-01T09:00:00Z')
      .option('--impact <text>', 'what it means, for whoever runs the programs')
      .option('--withdraw', 'take the announcement back');
    addDraftOptions(command);
    addRealmOptions(command);
    addShortcutOptions(command);
    command.action((name: string, options: Options) =>
      editDraft(session, options, async ({ body }, point) => {
        const what = parseArgument('--what', options.what, parseWhat);
        if (options.withdraw === true) {
          const anchor = await announcedAnchor(session, body, name);
          return { body: withdrawPlan(body, { anchor, what }) };
        }
        const anchor = (await findAnchor(session, body, name)).id;
        const atMs = timestampMs(parseArgument('--at', options.at ?? '', parseTimestamp));
        if (atMs <= point.issuedMs) {
          throw new KedgeError('CONFIG', '--at: an announcement is of something to come');
        }
        const change = { what, anchor, atMs, impact: options.impact ?? '' };
        if (!isMade(change, body)) return { body: planChange(body, change) };
        throw new KedgeError('CONFIG', `nothing to announce: ${what} of it is done already`);
      }),
    );
    addExamples(command, [
      'kedge release plan-change "CA 2024" --bundle b.example.org --at 2027-03-01T09:00:00Z',
      'kedge release plan-change 3f2a9c01 --withdraw --bundle b.example.org --key ana.age',
    ]);
  },
};

/** The anchor of an announcement may have left the bundle: then by its id or certificate. */
async function announcedAnchor(
  session: Session,
  body: ReleaseBody,
  name: string,
): Promise<AnchorId> {
  const ids = (body.planned ?? []).map(({ anchor }) => anchor);
  return (await findIds(session, ids, name))[0] ?? (await findAnchor(session, body, name)).id;
}
