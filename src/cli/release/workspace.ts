/**
 * The draft that a command works on: taken from its file, or started on top of the newest release
 * that a node (or, without a network, a file) knows. Either way verified from the pin down.
 *
 * @module
 */
import { basename, dirname, join } from 'node:path';
import { KedgeError } from '../../core/errors.ts';
import { type AnchorId, type BundleName, parseBundleName, releaseStream } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { headOf, type TrustedState } from '../../core/trusted/state.ts';
import { type Draft, loadDraft } from '../draft/file.ts';
import { fileExists, fileTaken } from '../files.ts';
import { parseArgument } from '../help.ts';
import type { DraftOptions, RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { type GroundedDocument, type Pin, requirePin } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import { countOf } from '../terminal/styles.ts';
import { startBody } from './drafting.ts';
import { type ReleaseReview, reviewRelease } from './review.ts';

/** A draft being worked on. */
export interface Workspace {
  readonly path: string;
  readonly origin: 'file' | 'started';
  readonly bundle: BundleName;
  readonly pin: Pin;
  readonly state: TrustedState;
  readonly charters: readonly SignedDocument[];
  readonly base: GroundedDocument | undefined;
  readonly body: ReleaseBody;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

type Options = DraftOptions & RealmOptions;

/** Opens the draft that the options mean, or starts it. */
export async function openWorkspace(session: Session, options: Options): Promise<Workspace> {
  const path = draftPath(session, options);
  return (await fileExists(path))
    ? reopenDraft(session, path, options)
    : startDraft(session, path, options);
}

/** Starts a draft on top of the newest release; nothing is written yet. */
async function startDraft(session: Session, path: string, options: Options): Promise<Workspace> {
  const bundle = requireBundle(options);
  await using realm = await openRealm(session, options);
  const head = await realm.head(bundle);
  if (head === undefined && realm.source === 'files') {
    session.output.note(`No node and no --base: the draft is for the first release of ${bundle}.`);
  }
  return {
    path,
    origin: 'started',
    bundle,
    pin: realm.pin,
    state: head?.state ?? realm.state,
    charters: realm.charters,
    base: head?.document,
    body: startBody(head?.state ?? realm.state, bundle),
    blobs: head?.blobs ?? new Map(),
  };
}

/**
 * Starts a draft where there is none, or only one whose sequence is taken. Errors: `STORE` where
 * another draft is.
 */
export async function startNewDraft(
  session: Session,
  path: string,
  options: Options,
): Promise<Workspace> {
  if (!(await fileExists(path))) return startDraft(session, path, options);
  const pin = requirePin(await session.profile(), options);
  const review = reviewRelease(await loadDraft(path), pin, session.context.nowMs());
  const replacing = await replaceTaken(session, path, review, options);
  if (replacing !== undefined) return replacing;
  throw fileTaken(path);
}

/** A new draft in place of one that can never be published; absent: it may, as far as is known. */
async function replaceTaken(
  session: Session,
  path: string,
  { bundle, statement }: ReleaseReview,
  options: Options,
): Promise<Workspace | undefined> {
  const address = options.node ?? (await session.profile()).node;
  const offline = options.charter !== undefined || options.base !== undefined;
  if (address === undefined || (offline && options.node === undefined)) return undefined;
  const fresh = await unlessAway(() => startDraft(session, path, { ...options, bundle }));
  const head = fresh && headOf(fresh.state, releaseStream(bundle));
  if (fresh === undefined || head === undefined || head.sequence < statement.sequence) {
    return undefined;
  }
  session.output.warn(
    `${session.shown(path)} is a draft of release ${String(statement.sequence)}, which is ` +
      `published already: a new draft on top of release ${String(head.sequence)} takes its place`,
  );
  return { ...fresh, origin: 'file' };
}

/** Drafts are edited without a network too. */
async function unlessAway<Value>(action: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await action();
  } catch (thrown) {
    if (KedgeError.from(thrown).code === 'UNAVAILABLE') return undefined;
    throw thrown;
  }
}

/** The path of the draft that the options mean. Errors: `CONFIG`. */
export function draftPath(session: Session, options: DraftOptions): string {
  return session.path(options.draft ?? `${requireBundle(options)}.draft.json`);
}

/** Where a draft goes when its release is published: the record of what was signed. */
export function recordPath(draft: string, bundle: BundleName, sequence: number): string {
  const name = basename(draft);
  const stem = name.endsWith('.draft.json') ? name.slice(0, -'.draft.json'.length) : bundle;
  return join(dirname(draft), `${stem}.release-${sequence}.json`);
}

async function reopenDraft(session: Session, path: string, options: Options): Promise<Workspace> {
  const pin = requirePin(await session.profile(), options);
  const draft = await loadDraft(path);
  const review = reviewRelease(draft, pin, session.context.nowMs());
  if (options.bundle !== undefined && options.bundle !== review.bundle) {
    throw new KedgeError('TYPE', `the draft ${path} is for ${review.bundle}`, {
      detail: { hint: 'give --draft with another file name' },
    });
  }
  const replacing = await replaceTaken(session, path, review, options);
  if (replacing !== undefined) return replacing;
  requireUnsigned(draft, path, options);
  return {
    path,
    origin: 'file',
    bundle: review.bundle,
    pin,
    state: review.state,
    charters: draft.charters,
    base: draft.base,
    body: review.body,
    blobs: draft.blobs,
  };
}

function requireUnsigned(draft: Draft, path: string, options: Options): void {
  const count = draft.document.statement.signatures.length;
  if (count === 0 || options.discardSignatures === true) return;
  throw new KedgeError('CONFLICT', `the draft ${path} has ${countOf(count, 'signature')} already`, {
    detail: {
      hint:
        'submit it first and put the change into the next release. --discard-signatures changes ' +
        'it all the same, but whoever signed it cannot sign another draft of this sequence: ' +
        'their ledger refuses',
    },
  });
}

function requireBundle(options: DraftOptions): BundleName {
  if (options.bundle === undefined) {
    throw new KedgeError('CONFIG', 'the bundle is not given', {
      detail: { hint: 'give --bundle <name>' },
    });
  }
  return parseArgument('--bundle', options.bundle, parseBundleName);
}
