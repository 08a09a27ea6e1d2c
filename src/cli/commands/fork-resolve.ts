/**
 * `kedge fork resolve`: drafts the charter that says which statement of a fork stands.
 *
 * @module
 */
import { rotateCharter } from '../../core/charter/draft.ts';
import type { Resolution } from '../../core/charter/model.ts';
import { KedgeError } from '../../core/errors.ts';
import { CHARTER_STREAM, parseSha256, type StreamName } from '../../core/ids.ts';
import { decisionsOn } from '../../core/trusted/decisions.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import { formatCharterReview, reviewCharter } from '../charter/review.ts';
import { charterJson } from '../charter/view.ts';
import { BLOBS_MAX, type Draft, saveDraft } from '../draft/file.ts';
import { addContentOption, type ContentOptions, findContents } from '../fork/contents.ts';
import { readForks, streamArgument } from '../fork/streams.ts';
import { type VerifiedFork, verifyFork } from '../fork/view.ts';
import { addExamples, parseArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm, type Realm } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import { charterSteps } from '../release/next-step.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends RealmOptions, ContentOptions {
  readonly keep: string;
  readonly unproven?: boolean;
  readonly note?: string;
  readonly out?: string;
}

/** The command. */
export const forkResolve: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Draft a charter that says which statement of a forked stream stands. The draft has what ' +
          'each side changes, as kedge fork show does, for those who sign. The charter role ' +
          'signs it: kedge charter sign, charter submit. Nodes then go on along that side; ' +
          'programs on the other one keep their set until the next release. Signers who signed ' +
          'both are best removed by the charter after this one, when nodes have gone on. A fork ' +
          'of the charters themselves takes recovery keys: kedge charter recover.',
      )
      .argument('<stream>', 'forked stream, or bundle for its releases')
      .requiredOption('--keep <digest>', 'statement that stands: its digest, or the first 8 digits')
      .option('--unproven', 'keep a statement that is neither of the two proven; whole digest')
      .option('--note <text>', 'note for people')
      .option(
        '--out <file>',
        'draft to write; never overwritten (default: charter-<n>.draft.json)',
      );
    addContentOption(addRealmOptions(command));
    command.action((stream: string, options: Options) => run(session, stream, options));
    addExamples(command, [
      'kedge fork resolve payments.prod.example.org --keep 5ac9fa5a',
      'kedge fork resolve release/public-web --keep 7c4b214c --note "Ben signed twice"',
      'kedge fork resolve public-web --keep 5ac9fa5a --out decide.draft.json',
    ]);
  },
};

async function run(session: Session, name: string, options: Options): Promise<void> {
  await using realm = await openRealm(session, options);
  const stream = streamArgument(name);
  const evidence = requireFork(await readForks(realm), stream);
  const { sequence } = evidence;
  const digest = keptDigest(verifyFork(realm.state, evidence), options);
  warnOfHigher(session, realm, { stream, sequence, digest });
  const nowMs = session.context.nowMs();
  const { charter, body, payload } = rotateCharter(
    requireCharter(realm.state),
    {
      resolutions: [{ stream, sequence, digest }],
      ...(options.note !== undefined && { note: options.note }),
    },
    nowMs,
  );
  const { documents, blobs } = await findContents(session, realm, [evidence], options);
  const draft: Draft = {
    document: { statement: { payload, signatures: [] }, body },
    charters: realm.charters,
    base: undefined,
    // More than a draft may carry would be three large releases without an anchor in common.
    blobs: new Map([...blobs].slice(0, BLOBS_MAX)),
    forks: [evidence],
    ...(documents.size > 0 && { contents: [...documents.values()] }),
  };
  const review = reviewCharter(draft, realm.pin, nowMs);
  const file = options.out ?? `charter-${charter.version}.draft.json`;
  const path = session.path(file);
  await saveDraft(path, draft, 'new');
  session.output.result(
    {
      draft: path,
      digest: review.statement.digest,
      resolution: { stream, sequence, digest },
      charter: charterJson(charter),
    },
    `${formatCharterReview(session, review)}\n\n` +
      `Saved in ${session.shown(path)}. Next, by the quorum of the charter role:\n` +
      charterSteps(file, realm),
  );
}

function requireFork(forks: readonly Evidence[], stream: StreamName): Evidence {
  if (stream === CHARTER_STREAM) {
    throw new KedgeError('POLICY', 'a charter cannot resolve a fork of the charters', {
      detail: {
        hint: 'it is open which of them governs; recovery keys end it: kedge charter recover',
      },
    });
  }
  const found = forks.find((one) => one.stream === stream);
  if (found !== undefined) return found;
  throw new KedgeError('CONFIG', `${stream} is not forked, as far as the node knows`, {
    detail: { hint: 'see kedge fork show' },
  });
}

function keptDigest({ sides }: VerifiedFork, options: Options): Resolution['digest'] {
  const text = options.keep.toLowerCase();
  const digests = sides.map(({ statement }) => statement.digest);
  const [kept, other] = text.length < 8 ? [] : digests.filter((one) => one.startsWith(text));
  if (kept !== undefined && other === undefined) return kept;
  if (options.unproven === true) return parseArgument('--keep', text, parseSha256);
  throw new KedgeError('CONFIG', `--keep: ${text} names neither of the two statements`, {
    detail: { hint: `give the first digits of ${digests.join(' or ')}` },
  });
}

/** Decisions above end with one below, as they were made about a branch that may fall. */
function warnOfHigher(session: Session, realm: Realm, { stream, sequence }: Resolution): void {
  const higher = decisionsOn(realm.state.charters, stream).filter((one) => one.sequence > sequence);
  if (higher.length === 0) return;
  const places = higher.map((one) => String(one.sequence)).join(', ');
  session.output.warn(
    `this ends the earlier decisions for sequences ${places}; should those forks show again, ` +
      'resolve them again',
  );
}
