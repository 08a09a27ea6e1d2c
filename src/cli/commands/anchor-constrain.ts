/**
 * `kedge anchor constrain`: changes what anchors of a bundle may vouch for, not their state.
 *
 * The release role may do so either way. What only narrows (a new kind of constraint, an earlier
 * `distrustAfter`, fewer purposes) the revoke role may publish too: spec rule NR-1.
 *
 * @module
 */
import type { Anchor, Constraint } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseTimestamp, timestampMs } from '../../core/ids.ts';
import { type AnchorAttributes, changeAnchor } from '../../core/releases/edit.ts';
import { addExamples, collect, parseArgument } from '../help.ts';
import { addDraftOptions, addRealmOptions, addShortcutOptions } from '../realm/options.ts';
import { findAnchor } from '../release/anchor-names.ts';
import {
  addConstraintOptions,
  type ConstraintOptions,
  readConstraints,
} from '../release/constraints.ts';
import { type EditOptions, editDraft } from '../release/edit-draft.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends EditOptions, ConstraintOptions {
  readonly lift?: readonly string[];
  readonly purpose?: readonly string[];
  readonly distrustAfter?: string;
}

/** The command. */
export const anchorConstrain: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Change what anchors may vouch for; their states stay. A constraint takes the place of ' +
          'the one of its kind, others stay. A draft that only narrows (new kinds, fewer ' +
          'purposes, an earlier time) can be published by the revoke role too; connections that ' +
          'rest on what is forbidden then are drained.',
      )
      .argument('<anchors...>', 'label, first 8 or more digits of the id, or certificate file')
      .option('--lift <kind>', 'take the constraint of this kind away; repeat it', collect)
      .option('--purpose <name>', 'what they are for from now on; repeat it for more', collect)
      .option(
        '--distrust-after <time>',
        'leaves that begin later are not trusted any more; never lifts it',
      );
    addConstraintOptions(command);
    addDraftOptions(command);
    addRealmOptions(command);
    addShortcutOptions(command);
    command.action((names: string[], options: Options) => {
      const terms = readTerms(options);
      return editDraft(session, options, async (workspace) => {
        let { body } = workspace;
        for (const name of names) {
          const anchor = await findAnchor(session, body, name);
          body = changeAnchor(body, anchor.id, attributesFor(anchor, terms));
        }
        return { body };
      });
    });
    addExamples(command, [
      'kedge anchor constrain "Partner CA" --bundle b.example.org \\',
      '    --constraint permitted-dns=.partner.example',
      'kedge anchor constrain 3f2a9c01 --bundle b.example.org --purpose tls-client',
      'kedge anchor constrain old-ca.pem --bundle b.example.org --distrust-after never',
      'kedge anchor constrain 3f2a9c01 --bundle b.example.org --lift max-validity-seconds',
    ]);
  },
};

/** What is to change, for all anchors that are named. */
interface Terms extends Omit<AnchorAttributes, 'constraints'> {
  readonly given: readonly Constraint[];
  readonly lifted: readonly string[];
}

function readTerms(options: Options): Terms {
  const { lift: lifted = [], purpose: purposes, distrustAfter: after, constraint } = options;
  if (lifted.length === 0 && (purposes ?? after ?? constraint) === undefined) {
    throw new KedgeError('CONFIG', 'nothing is to change', {
      detail: { hint: 'give --constraint, --lift, --purpose or --distrust-after' },
    });
  }
  const given = readConstraints(options);
  const both = given.find(({ type }) => lifted.includes(type));
  if (both !== undefined) {
    throw new KedgeError('CONFIG', `${both.type} is to be set and lifted: give one of them`);
  }
  return {
    given,
    lifted,
    ...(purposes && { purposes }),
    ...(after !== undefined && { distrustAfterMs: readTime(after) }),
  };
}

function readTime(text: string): number | 'never' {
  if (text === 'never') return text;
  return timestampMs(parseArgument('--distrust-after', text, parseTimestamp));
}

/** Errors: `CONFIG` for a kind that is to be lifted and is not there. */
function attributesFor(
  { constraints: before, label }: Anchor,
  { given, lifted, ...rest }: Terms,
): AnchorAttributes {
  const missing = lifted.find((type) => !before.some((one) => one.type === type));
  if (missing !== undefined) {
    throw new KedgeError('CONFIG', `"${label}" has no constraint ${JSON.stringify(missing)}`, {
      detail: { hint: 'kedge bundle show prints those that it has' },
    });
  }
  const replaced = [...lifted, ...given.map(({ type }) => type)];
  const kept = before.filter(({ type }) => !replaced.includes(type));
  return { ...rest, constraints: [...kept, ...given] };
}
