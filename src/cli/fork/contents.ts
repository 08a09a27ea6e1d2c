/**
 * What both sides of a fork say, from wherever it is at hand: a draft, files, nodes.
 *
 * A fork is proven by statements alone. They name their contents, and the release before, by
 * digest, so nothing that is found has to be believed; where nothing is found, that is shown.
 *
 * @module
 */
import type { Command } from 'commander';
import { parseCharter } from '../../core/charter/charter.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type AnchorId,
  parseSequence,
  type Sequence,
  type Sha256,
  splitStream,
} from '../../core/ids.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { statementsOf } from '../../core/trusted/evidence.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import { blobsById, type Draft, loadRelease } from '../draft/file.ts';
import { collect } from '../help.ts';
import { type NodeAdmin, openNode } from '../node/admin.ts';
import type { RealmOptions } from '../realm/options.ts';
import type { Realm } from '../realm/realm.ts';
import type { Session } from '../session.ts';

/** Documents by the digest of their statements, and certificates of releases. */
export interface ForkContents {
  readonly documents: ReadonlyMap<Sha256, SignedDocument>;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

/** Where the contents of forks may be. */
export interface ContentOptions extends Pick<RealmOptions, 'node'> {
  /** Files of releases, drafts or charters. */
  readonly content?: readonly string[];
}

/** A document that is looked for. */
type Wanted = Pick<Statement, 'stream' | 'digest'> & { readonly sequence: Sequence };

/** What a draft carries, or a node told: what is not what it says it is, is left out. */
export function contentsOf(
  documents: readonly SignedDocument[],
  blobs: ForkContents['blobs'],
): ForkContents {
  const whole = documents.filter(isWhole);
  return { documents: new Map(whole.map((document) => [digestOf(document), document])), blobs };
}

/** Adds the option of {@link ContentOptions}. */
export function addContentOption(command: Command): Command {
  return command.option(
    '--content <file>',
    'draft or release of one side, where no node has it that is asked; repeat it',
    collect,
  );
}

/**
 * Looks in files, at the node of the command, and at all that `nodes:` in the profile names, until
 * both sides of all forks and what they follow are found. Errors: `CONFIG` for a file that has
 * nothing of them; those of files.
 */
export async function findContents(
  session: Session,
  { node }: Pick<Realm, 'node'>,
  forks: readonly Evidence[],
  { content: files = [], node: named }: ContentOptions,
): Promise<ForkContents> {
  const search = new ContentSearch(forks);
  for (const file of files) await search.read(session.path(file));
  if (node !== undefined) await search.ask(node);
  const others = named === undefined ? (await session.profile()).nodes : [];
  for (const endpoint of others) {
    if (search.isOver) break;
    using other = await openNode(session, { node: endpoint });
    await search.ask(other);
  }
  return search.found;
}

/** What a node has of the forks that a drafted charter resolves: their proof, and what they say. */
export async function resolvedForks(
  node: NodeAdmin,
  body: Uint8Array,
): Promise<Partial<Pick<Draft, 'forks' | 'contents' | 'blobs'>>> {
  const { resolutions = [] } = parseCharter(body);
  if (resolutions.length === 0) return {};
  const forks = (await node.streams()).flatMap(({ stream, fork }) =>
    fork !== undefined && resolutions.some((one) => one.stream === stream) ? [fork] : [],
  );
  const search = new ContentSearch(forks);
  await search.ask(node);
  const { documents, blobs } = search.found;
  return { forks, contents: [...documents.values()], blobs };
}

class ContentSearch {
  readonly #wanted: Map<Sha256, Wanted>;
  readonly #documents: Map<Sha256, SignedDocument> = new Map();
  readonly #blobs: Map<AnchorId, Uint8Array> = new Map();

  constructor(forks: readonly Evidence[]) {
    this.#wanted = new Map(forks.flatMap(wantedBy).map((one) => [one.digest, one]));
  }

  get isOver(): boolean {
    return this.#wanted.size === 0;
  }

  get found(): ForkContents {
    return { documents: this.#documents, blobs: this.#blobs };
  }

  async read(path: string): Promise<void> {
    const { document, base, blobs } = await loadRelease(path);
    const taken = [document, ...(base?.below ?? []), ...(base ? [base] : [])].filter((one) =>
      this.#take(one),
    );
    for (const [id, der] of blobs) this.#blobs.set(id, der);
    if (taken.length > 0) return;
    throw new KedgeError('CONFIG', `--content: ${path} is of neither side of the fork`, {
      detail: { hint: 'give the draft or the release whose digest kedge fork show prints' },
    });
  }

  /**
   * What a node does not hold stays open, as does all of it where the node does not answer: that is
   * waited for once.
   */
  async ask(node: NodeAdmin): Promise<void> {
    const asked = [...this.#wanted.values()].map(async ({ stream, sequence }) =>
      unlessRefused(() => node.document(stream, sequence)),
    );
    for (const document of await Promise.all(asked)) {
      if (document === undefined || !this.#take(document)) continue;
      const missing = anchorsOf(document).filter((id) => !this.#blobs.has(id));
      const ders = missing.length === 0 ? [] : await unlessRefused(() => node.blobs(missing));
      for (const [id, der] of blobsById(ders ?? [])) this.#blobs.set(id, der);
    }
  }

  #take(document: SignedDocument): boolean {
    const digest = digestOf(document);
    if (!isWhole(document) || !this.#wanted.delete(digest)) return false;
    this.#documents.set(digest, document);
    return true;
  }
}

function digestOf({ statement }: SignedDocument): Sha256 {
  return sha256(statement.payload);
}

function isWhole({ statement, body }: SignedDocument): boolean {
  return sha256(body) === parseStatement(statement.payload).bodyDigest;
}

/** Both sides, and the statement that each follows. */
function wantedBy(evidence: Evidence): readonly Wanted[] {
  return statementsOf(evidence).flatMap(({ payload }) => {
    const { stream, sequence, digest, previous } = parseStatement(payload);
    const own = { stream, sequence, digest };
    if (sequence === 1) return [own];
    return [own, { stream, sequence: parseSequence(sequence - 1), digest: previous }];
  });
}

function anchorsOf({ statement, body }: SignedDocument): readonly AnchorId[] {
  const { stream } = parseStatement(statement.payload);
  if (splitStream(stream).kind !== 'release') return [];
  return parseReleaseBody(body).anchors.map(({ id }) => id);
}

/** What a node says; absent where it has no answer, which is shown as such. */
async function unlessRefused<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    const { code } = KedgeError.from(thrown);
    if (code === 'UNAVAILABLE' || code === 'ACCESS') return undefined;
    throw thrown;
  }
}
