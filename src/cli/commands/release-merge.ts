/**
 * `kedge release merge`: joins the signatures of copies of one draft that people signed apart.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { addSignatures } from '../../core/statements/sign.ts';
import { type Draft, loadDraft, saveDraft } from '../draft/file.ts';
import { addExamples } from '../help.ts';
import { isSameStatement } from '../release/review.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf } from '../terminal/styles.ts';

/** The command. */
export const releaseMerge: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Join the signatures of copies of one draft into the first file. The copies must state ' +
          'exactly the same; releases and charters alike.',
      )
      .argument('<draft>', 'draft that gets the signatures')
      .argument('<copies...>', 'copies of it that others signed')
      .action(async (file: string, copies: string[]) => {
        const path = session.path(file);
        let draft = await loadDraft(path);
        for (const copy of copies) draft = merge(draft, await loadDraft(session.path(copy)), copy);
        await saveDraft(path, draft, 'changed');
        const { length } = draft.document.statement.signatures;
        session.output.result(
          { draft: path, signatures: length },
          `${path} has ${countOf(length, 'signature')} now. Next: kedge release show ${file}`,
        );
      });
    addExamples(command, [
      'kedge release merge payments.draft.json from-ben.draft.json from-cleo.draft.json',
    ]);
  },
};

function merge(draft: Draft, copy: Draft, name: string): Draft {
  if (!isSameStatement(draft, copy)) {
    throw new KedgeError('CONFLICT', `${name} is a draft of something else; nothing was joined`, {
      detail: { hint: 'compare both with: kedge release show' },
    });
  }
  const statement = addSignatures(draft.document.statement, copy.document.statement);
  return { ...draft, document: { statement, body: draft.document.body } };
}
