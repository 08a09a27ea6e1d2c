/**
 * `kedge rollout status`: which waves are open, how far programs are, what the next one waits for.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { parseBundleName, rolloutStream } from '../../core/ids.ts';
import { headOf } from '../../core/trusted/state.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { requireRelease, verifyNewest } from '../rollout/draft.ts';
import { rolloutJson } from '../rollout/json.ts';
import { formatRollout } from '../rollout/view.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import {
  addRefreshOptions,
  type RefreshOptions,
  refresh,
  type View,
} from '../terminal/refreshing.ts';

type Options = RealmOptions & RefreshOptions;

/** The command. */
export const rolloutStatus: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show how the newest rollout of a bundle goes: which waves are open and since when, how ' +
          'many programs of each use the release or refused it, by region, what the next wave ' +
          'waits for, and why it stopped if it did. One node answers with what all nodes tell ' +
          'it; the rollout itself is verified from the pin down. Exit code 1 when it was stopped ' +
          'by its gate.',
      )
      .argument('<bundle>', 'name of the bundle');
    addRealmOptions(command);
    addRefreshOptions(command);
    command.action((bundle: string, options: Options) => run(session, bundle, options));
    addExamples(command, [
      'kedge rollout status payments.prod.example.org',
      'kedge rollout status payments.prod.example.org --watch',
      "kedge rollout status public-web --output json | jq '.waves[] | {name, opened, loaded}'",
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  const bundle = parseArgument('bundle', name, parseBundleName);
  await refresh(session, options, async (): Promise<View> => {
    await using realm = await openRealm(session, options);
    if (realm.node === undefined) {
      throw new KedgeError('CONFIG', 'only a node knows how a rollout goes', {
        detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
      });
    }
    const status = await realm.node.rollout(bundle);
    await requireRelease(realm.node, status);
    const state = await verifyNewest(realm, realm.node, status, session.context.nowMs());
    const rollout = state && headOf(state, rolloutStream(bundle));
    const kind = session.context.stdout.isTTY === true ? 'bars' : 'plain';
    session.conclude(status.stop === undefined ? 'good' : 'findings');
    return {
      json: rolloutJson(status, rollout),
      text: formatRollout(status, rollout, { styles: session.output.styles, kind }),
      warnings: [],
    };
  });
}
