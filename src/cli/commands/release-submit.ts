/**
 * `kedge release submit`, `kedge charter submit` and `kedge rollout submit`: hand a signed draft to
 * a node.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../../core/errors.ts';
import { submitCharter } from '../charter/review.ts';
import { loadDraft, saveDraft } from '../draft/file.ts';
import { addExamples } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { requirePin } from '../realm/trust.ts';
import { type OpenedDraft, withNodeCharters } from '../release/publishing.ts';
import { submitAndPrint } from '../release/shortcut.ts';
import { submitRollout } from '../rollout/publishing.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

/** `kedge release submit`. */
export const releaseSubmit: CommandModule = {
  configure(command, session) {
    command.description(
      'Hand a signed draft to a node. It is judged here first, exactly as nodes will; the answer ' +
        'comes when it is durable on the node, which passes it on by itself. Submitting the same ' +
        'again is safe.',
    );
    configureSubmit(command, session, submitAndPrint);
    addExamples(command, [
      'kedge release submit payments.prod.example.org.draft.json',
      'kedge release submit draft.json --node fra-1.example.org:7442',
    ]);
  },
};

/** `kedge charter submit`. */
export const charterSubmit: CommandModule = {
  configure(command, session) {
    command.description('Hand a signed charter to a node. Submitting the same again is safe.');
    configureSubmit(command, session, submitCharter);
    addExamples(command, ['kedge charter submit charter-2.draft.json']);
  },
};

/** `kedge rollout submit`. */
export const rolloutSubmit: CommandModule = {
  configure(command, session) {
    command.description(
      'Hand a signed rollout to a node. The first wave opens at once. Submitting the same again ' +
        'is safe.',
    );
    configureSubmit(command, session, submitRollout);
    addExamples(command, ['kedge rollout submit payments.prod.example.org.rollout.json']);
  },
};

function configureSubmit(
  command: Command,
  session: Session,
  submit: (session: Session, opened: OpenedDraft, options: RealmOptions) => Promise<void>,
): void {
  command.argument('<draft>', 'draft file with enough signatures');
  addRealmOptions(command);
  command.action(async (file: string, options: RealmOptions) => {
    const path = session.path(file);
    const pin = requirePin(await session.profile(), options);
    const opened = { path, pin, draft: await loadDraft(path) };
    await submit(session, opened, options).catch(async (thrown: unknown) => {
      // Who may sign changes with the charter, and the node may hold a newer one.
      if (KedgeError.from(thrown).code !== 'THRESHOLD') throw thrown;
      const newer = await withNodeCharters(session, opened, options);
      if (newer === opened) throw thrown;
      await saveDraft(path, newer.draft, 'changed');
      await submit(session, newer, options);
    });
  });
}
