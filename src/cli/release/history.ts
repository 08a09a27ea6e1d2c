/**
 * The past of a bundle from a node, bound to the verified head by the hash chain: a node cannot
 * show a history that the head does not contain.
 *
 * @module
 */

import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type BundleName,
  parseSequence,
  releaseStream,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../../core/ids.ts';
import { HISTORY_PAGE_MAX } from '../../core/limits.ts';
import { parseReleaseBody, type ReleaseBody } from '../../core/releases/body.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { headOf, type ReleaseHead } from '../../core/trusted/state.ts';
import type { NodeAdmin } from '../node/admin.ts';
import { noRelease } from '../realm/known-streams.ts';
import type { Realm, RealmRelease } from '../realm/realm.ts';

/** One statement of the past. */
export interface PastStatement {
  readonly statement: Statement;
  readonly signed: SignedStatement;
}

/** The newest release of a bundle that must exist. Errors: `CONFIG`. */
export async function requireHead(
  realm: Realm,
  bundle: BundleName,
  options?: { readonly blobs: 'with' | 'without' },
): Promise<RealmRelease & { readonly head: ReleaseHead }> {
  const release = await realm.head(bundle, options);
  const head = release && headOf(release.state, releaseStream(bundle));
  if (release !== undefined && head !== undefined) return { ...release, head };
  throw await noRelease(bundle, realm.node);
}

/** Which statements, newest first: down to `until`, or `limit` of them. */
interface PastRange {
  readonly limit: number;
  readonly until?: Sequence;
}

/** Reads releases from the head back. */
export async function readHistory(
  realm: Realm,
  { bundle, sequence, digest }: ReleaseHead & { readonly bundle: BundleName },
  range: PastRange,
): Promise<readonly PastStatement[]> {
  return await readStream(realm, { stream: releaseStream(bundle), sequence, digest }, range);
}

/** Reads statements of a stream from a verified one back. */
export async function readStream(
  realm: Realm,
  head: { readonly stream: StreamName; readonly sequence: Sequence; readonly digest: Sha256 },
  range: PastRange,
): Promise<readonly PastStatement[]> {
  const node = requireNode(realm);
  const until = range.until ?? 1;
  const past: PastStatement[] = [];
  let expected = { sequence: Number(head.sequence), digest: head.digest };
  while (past.length < range.limit && expected.sequence >= until) {
    const page = await node.history({
      stream: head.stream,
      before: parseSequence(expected.sequence + 1),
      limit: Math.min(HISTORY_PAGE_MAX, range.limit - past.length),
    });
    if (page.length === 0) throw broken(expected.sequence);
    for (const signed of page) {
      const statement = parseStatement(signed.payload);
      if (statement.sequence !== expected.sequence || statement.digest !== expected.digest) {
        throw broken(expected.sequence);
      }
      if (statement.sequence < until) break;
      past.push({ statement, signed });
      expected = { sequence: statement.sequence - 1, digest: statement.previous };
    }
  }
  return past;
}

/** Reads the content of one release of the past. Errors: `GAP`, `DIGEST`, `PREVIOUS`. */
export async function readPastBody(
  realm: Realm,
  head: ReleaseHead & { readonly bundle: BundleName },
  sequence: Sequence,
): Promise<ReleaseBody> {
  if (sequence === head.sequence) return head.body;
  if (sequence > head.sequence) {
    throw new KedgeError(
      'CONFIG',
      `there is no release ${sequence} of ${head.bundle}: the newest is ${head.sequence}`,
      { detail: { hint: `see kedge release history ${head.bundle}` } },
    );
  }
  const limit = head.sequence - sequence + 1;
  const past = (await readHistory(realm, head, { limit, until: sequence })).at(-1);
  if (past === undefined) throw broken(sequence);
  return await fetchBody(realm, past);
}

/** Reads the newest releases from the head back, one at a time. Errors: as {@link readPastBody}. */
export async function* readBodies(
  realm: Realm,
  head: ReleaseHead & { readonly bundle: BundleName },
  limit: number,
): AsyncGenerator<{ readonly sequence: Sequence; readonly body: ReleaseBody }> {
  yield head;
  for (const past of (await readHistory(realm, head, { limit })).slice(1)) {
    yield { sequence: past.statement.sequence, body: await fetchBody(realm, past) };
  }
}

/** Asks for the body of a statement that is bound to the head. Errors: `PREVIOUS`, `DIGEST`. */
async function fetchBody(realm: Realm, { statement }: PastStatement): Promise<ReleaseBody> {
  const { stream, sequence } = statement;
  const document = await requireNode(realm).document(stream, sequence);
  if (sha256(document.statement.payload) !== statement.digest) throw broken(sequence);
  if (sha256(document.body) !== statement.bodyDigest) {
    throw new KedgeError('DIGEST', `the node sent another content for release ${sequence}`);
  }
  return parseReleaseBody(document.body);
}

function requireNode(realm: Realm): NodeAdmin {
  if (realm.node !== undefined) return realm.node;
  throw new KedgeError('CONFIG', 'the history of a bundle needs a node', {
    detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
  });
}

function broken(sequence: number): KedgeError {
  return new KedgeError(
    'PREVIOUS',
    `the node shows a history that does not lead to its own head (sequence ${sequence})`,
    { detail: { hint: 'ask another node, and report this one to its operator' } },
  );
}
