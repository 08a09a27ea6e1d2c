/**
 * `kedge anchor activate|retire|remove|revoke`: move anchors of a draft along their lifecycle.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Anchor } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseTimestamp, releaseStream, timestampMs } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import {
  activateAnchor,
  deliveredAtOnce,
  type EditPoint,
  removeAnchor,
  retireAnchor,
  revokeAnchor,
} from '../../core/releases/edit.ts';
import { headOf } from '../../core/trusted/state.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addDraftOptions, addRealmOptions, addShortcutOptions } from '../realm/options.ts';
import { findAnchor } from '../release/anchor-names.ts';
import { type EditOptions, editDraft } from '../release/edit-draft.ts';
import type { Workspace } from '../release/workspace.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends EditOptions {
  readonly distrustAfter?: string;
}

type Change = (
  body: ReleaseBody,
  anchor: Anchor,
  point: EditPoint,
  context: { readonly workspace: Workspace; readonly options: Options },
) => ReleaseBody;

/** `kedge anchor activate`. */
export const anchorActivate: CommandModule = changeCommand({
  description:
    'Make staged anchors trusted, or take the retirement of retiring ones back. A staged anchor ' +
    'must have been published for as long as the hold-down of the charter says.',
  examples: [
    'kedge anchor activate "Payments CA 2027" --bundle payments.prod.example.org',
    'kedge anchor activate 3f2a9c01 --bundle payments.prod.example.org',
  ],
  change: (body, anchor, point) => activateAnchor(body, anchor.id, point),
});

/** `kedge anchor retire`. */
export const anchorRetire: CommandModule = changeCommand({
  description:
    'Mark active anchors as on their way out. They stay trusted; another active anchor must ' +
    'serve each of their purposes.',
  examples: [
    'kedge anchor retire "Payments CA 2024" --bundle payments.prod.example.org',
    'kedge anchor retire old-ca.pem --bundle b.example.org --distrust-after 2027-01-01T00:00:00Z',
  ],
  configure: (command) =>
    command.option('--distrust-after <time>', 'leaves that begin later are not trusted any more'),
  change: (body, anchor, point, { options }) => {
    const after = options.distrustAfter;
    if (after === undefined) return retireAnchor(body, anchor.id, point);
    const distrustAfterMs = timestampMs(parseArgument('--distrust-after', after, parseTimestamp));
    return retireAnchor(body, anchor.id, { ...point, distrustAfterMs });
  },
});

/** `kedge anchor remove`. */
export const anchorRemove: CommandModule = changeCommand({
  description:
    'Take staged or retiring anchors away in good order. An anchor that only this draft added is ' +
    'taken out of the draft again.',
  examples: [
    'kedge anchor remove "Payments CA 2024" --bundle payments.prod.example.org',
    'kedge anchor remove old-ca.pem --bundle b.example.org',
  ],
  change: (body, anchor, point, { workspace }) =>
    isNew(workspace, anchor) ? without(body, anchor) : removeAnchor(body, anchor.id, point),
});

/** `kedge anchor revoke`. */
export const anchorRevoke: CommandModule = changeCommand({
  description:
    'Take anchors away at once and for ever, whatever their state: for a CA that can no longer ' +
    'be trusted. The same certificate never comes back. The draft goes to all programs at once, ' +
    'whatever rollout runs, unless you give --waves. A release that does nothing else needs the ' +
    'revoke role alone, where the charter has one: with --key it is drafted, signed and ' +
    'published at once, in a draft of its own.',
  examples: [
    'kedge anchor revoke compromised.pem --bundle payments.prod.example.org --note "key stolen"',
    'kedge anchor revoke 3f2a9c01 --bundle b.example.org --key ana.age --yes',
  ],
  // An emergency is not to wait for a draft that somebody left half done.
  draftName: (bundle) => `${bundle}.revoke.draft.json`,
  change: (body, anchor, point, { workspace }) =>
    isNew(workspace, anchor)
      ? without(body, anchor)
      : deliveredAtOnce(revokeAnchor(body, anchor.id, point)),
});

function changeCommand(spec: {
  readonly description: string;
  readonly examples: readonly string[];
  readonly configure?: (command: Command) => Command;
  /** The draft of a command with `--key`; default: the common one. */
  readonly draftName?: (bundle: string) => string;
  readonly change: Change;
}): CommandModule {
  return {
    configure(command: Command, session: Session): void {
      command
        .description(spec.description)
        .argument('<anchors...>', 'label, first 8 or more digits of the id, or certificate file');
      spec.configure?.(command);
      addDraftOptions(command);
      addRealmOptions(command);
      addShortcutOptions(command);
      command.action((names: string[], given: Options) => {
        const { key, bundle, draft } = given;
        const isOwn = key !== undefined && bundle !== undefined && draft === undefined;
        const name = isOwn ? spec.draftName?.(bundle) : undefined;
        const options = name === undefined ? given : { ...given, draft: name };
        return editDraft(session, options, async (workspace, point) => {
          let { body } = workspace;
          for (const name of names) {
            const anchor = await findAnchor(session, body, name);
            body = spec.change(body, anchor, point, { workspace, options });
          }
          return { body };
        });
      });
      addExamples(command, spec.examples);
    },
  };
}

/** Says whether an anchor is in no release yet, so that it may leave without a tombstone. */
function isNew(workspace: Workspace, anchor: Anchor): boolean {
  const base = headOf(workspace.state, releaseStream(workspace.bundle))?.body;
  return base?.anchors.some(({ id }) => id === anchor.id) !== true;
}

function without(body: ReleaseBody, anchor: Anchor): ReleaseBody {
  const anchors = body.anchors.filter(({ id }) => id !== anchor.id);
  if (anchors.length === 0 && body.tombstones.length === 0) {
    throw new KedgeError('LIFECYCLE', 'this would leave the draft empty', {
      detail: { hint: 'delete the draft file instead' },
    });
  }
  return { ...body, anchors };
}
