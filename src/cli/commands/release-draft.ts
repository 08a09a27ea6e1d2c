/**
 * `kedge release draft`: starts a draft on top of the newest release.
 *
 * @module
 */

import { addExamples } from '../help.ts';
import { addDraftOptions, addRealmOptions, addShortcutOptions } from '../realm/options.ts';
import { type EditOptions, saveEdited } from '../release/edit-draft.ts';
import { draftPath, startNewDraft } from '../release/workspace.ts';
import type { CommandModule } from '../table/module.ts';

/** The command. */
export const releaseDraft: CommandModule = {
  configure(command, session) {
    command.description(
      'Start a draft of the next release of a bundle, on top of the newest one that the node (or ' +
        '--base) has. `kedge anchor …` does this by itself when there is no draft; alone it ' +
        'renews a release that is about to expire.',
    );
    addDraftOptions(command);
    addRealmOptions(command);
    addShortcutOptions(command);
    command.action(async (options: EditOptions) => {
      const path = draftPath(session, options);
      const workspace = await startNewDraft(session, path, options);
      await saveEdited(session, options, workspace, ({ body }) => ({ body }));
    });
    addExamples(command, [
      'kedge release draft --bundle payments.prod.example.org',
      'kedge release draft --bundle b.example.org --charter charter-1.json --base b.release-4.json',
      'kedge release draft --bundle b.example.org --note "renewal" --key ana.age',
    ]);
  },
};
