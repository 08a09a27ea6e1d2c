/**
 * `kedge release rollback`: drafts a release with the content of an earlier one.
 *
 * @module
 */
import type { Anchor, Tombstone } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, releaseStream, type Sequence } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { leftSince, loosened, narrowBack, rollBack } from '../../core/releases/rollback.ts';
import { headOf } from '../../core/trusted/state.ts';
import { addExamples, hinted, sequenceArgument } from '../help.ts';
import { addDraftOptions, addRealmOptions, addShortcutOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { type EditOptions, saveEdited } from '../release/edit-draft.ts';
import { readPastBody } from '../release/history.ts';
import { draftPath, startNewDraft } from '../release/workspace.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { printable } from '../terminal/styles.ts';

interface Options extends EditOptions {
  readonly narrow?: boolean;
}

/** The command. */
export const releaseRollback: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Draft a release that puts the content of an earlier one back, as far as the lifecycle ' +
          'allows: anchors that came later retire or are removed, those that left since stay ' +
          'away. --narrow takes away alone: what was not trusted then is revoked for ever, and ' +
          'limits come back, which the revoke role can sign by itself. It gets the ' +
          'next sequence; nothing ever goes back to an old one. It reaches all programs at once, ' +
          'also where the newest release comes in waves, unless you give --waves. With --key it ' +
          'is signed, judged as nodes will, and published at once when enough have signed; ' +
          'otherwise the draft stays for the next signer, and the exit code is 12.',
      )
      .argument('<sequence>', 'earlier release, see kedge release history')
      .option('--narrow', 'only take away what was not trusted then, for the revoke role alone');
    addDraftOptions(command);
    addRealmOptions(command);
    addShortcutOptions(command);
    command.action((sequence: string, options: Options) =>
      run(session, sequenceArgument(sequence), withOwnDraft(options)),
    );
    addExamples(command, [
      'kedge release rollback 41 --bundle payments.prod.example.org',
      'kedge release rollback 41 --bundle b.example.org --key ana.age --key ben.age --yes',
      'kedge release rollback 41 --bundle b.example.org --narrow --note INC-9 --key ben.age',
    ]);
  },
};

/** What is urgent is not to wait for a draft that somebody left half done. */
function withOwnDraft(options: Options): Options {
  const { narrow, key, bundle, draft } = options;
  if (narrow === undefined || key === undefined || bundle === undefined) return options;
  return { ...options, draft: draft ?? `${bundle}.revoke.draft.json` };
}

async function run(session: Session, sequence: Sequence, options: Options): Promise<void> {
  const path = draftPath(session, options);
  const workspace = await startNewDraft(session, path, options);
  const { bundle, state } = workspace;
  const head = headOf(state, releaseStream(bundle));
  if (head === undefined || sequence >= head.sequence) {
    throw new KedgeError('CONFIG', `${bundle} has no release before its newest to go back to`, {
      detail: { hint: 'see kedge release history' },
    });
  }
  await using realm = await openRealm(session, options);
  const body = await readPastBody(realm, { ...head, bundle }, sequence);
  const hint = (error: KedgeError): string => hintOf(error, bundle, head.sequence);
  const goBack = options.narrow === true ? narrowBack : rollBack;
  await saveEdited(session, options, workspace, (_, point) =>
    hinted({ LIFECYCLE: hint }, async () => {
      if (goBack === narrowBack) sayWhatStaysWide(session, loosened(head.body, body));
      const next = goBack(head.body, { sequence, body }, point);
      if (goBack === rollBack) sayWhatStaysAway(session, leftSince(head.body, body), body);
      return { body: next };
    }),
  );
}

/** Before the rest: that there is nothing else to take away may be the next thing that is said. */
function sayWhatStaysWide({ output }: Session, anchors: readonly Anchor[]): void {
  for (const { id, label } of anchors) {
    output.warn(
      `"${printable(label)}" (${id.slice(0, 16)}) keeps its limits, which were others then: the ` +
        'release role can bring them back (without --narrow), the revoke role can revoke it',
    );
  }
}

function sayWhatStaysAway(
  { output }: Session,
  left: readonly Tombstone[],
  { anchors }: ReleaseBody,
): void {
  for (const { id, reason, sequence } of left) {
    const label = printable(anchors.find((anchor) => anchor.id === id)?.label ?? '');
    output.warn(
      `"${label}" (${id.slice(0, 16)}) stays away: it was ${reason} in release ` +
        `${String(sequence)}; a new certificate takes its place: kedge anchor stage`,
    );
  }
}

function hintOf({ detail }: KedgeError, bundle: BundleName, head: Sequence): string {
  const { leftBy } = detail;
  const stage = `stage a new certificate instead: kedge anchor stage <file> --bundle ${bundle}`;
  if (typeof leftBy !== 'number') return 'see kedge release history';
  if (leftBy >= head) return `nothing was drafted; ${stage}`;
  return (
    `nothing was drafted; go back to release ${String(leftBy)} or a later one ` +
    `(kedge release rollback ${String(leftBy)} --bundle ${bundle}), or ${stage}`
  );
}
