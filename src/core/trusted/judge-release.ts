/**
 * What a release may say, after it is known who signed it.
 *
 * The last part of accepting; spec section 7, AR-18 and AR-19.
 *
 * @module
 */
import { verifyLifecycle } from '../anchors/lifecycle.ts';
import type { Charter } from '../charter/charter.ts';
import { KedgeError } from '../errors.ts';
import { type BundleName, releaseStream } from '../ids.ts';
import { parseReleaseBody, type ReleaseBody } from '../releases/body.ts';
import { narrowsOnly } from '../releases/narrowing.ts';
import { type Authority, findAuthority } from './authority.ts';
import type { Candidate } from './candidate.ts';
import { requireBundle } from './heads.ts';
import type { Link } from './offer.ts';
import { headOf, type ReleaseHead } from './state.ts';

/** AR-18 and AR-19: the revoke role only narrows; what changes follows the lifecycle. */
export function requireReleaseContent(
  candidate: Candidate,
  charter: Charter,
  { quorums }: Authority,
  body: ReleaseBody,
): void {
  const { state, last } = candidate;
  const head = headOf(state, releaseStream(body.bundle));
  const before = bodyBefore(candidate, head, body.bundle);
  if (!quorums.has('release')) requireNarrowing(candidate, charter, head, body);
  const { lifecycle } = charter;
  const authority = quorums.has('charter') ? 'charter' : 'release';
  if (before.kind === 'unknown' || before.body !== head?.body) {
    verifyLifecycle(head?.body, body, last.statement, { lifecycle, gap: 'jump', authority });
  }
  if (before.kind === 'unknown') return;
  verifyLifecycle(before.body, body, last.statement, { lifecycle, gap: 'linked', authority });
}

/**
 * AR-18: a release of the revoke role alone narrows the one before. What came with it as history
 * carries it only with a quorum of now: signers who have left could widen before it otherwise.
 */
function requireNarrowing(
  { chain, last, history }: Candidate,
  charter: Charter,
  head: ReleaseHead | undefined,
  body: ReleaseBody,
): void {
  let next = body;
  for (let index = chain.length - 2; index >= 0; index -= 1) {
    const [link, bytes] = [chain[index], history?.[index]];
    if (link === undefined || bytes === undefined) throw notNarrowing(last);
    const before = requireBundle(parseReleaseBody(bytes), body.bundle);
    if (!narrowsOnly(before, next)) throw notNarrowing(last);
    const { quorums } = findAuthority(charter, link.statement, link.signed);
    if (quorums.has('release')) return;
    if (!quorums.has('revoke')) throw notNarrowing(last, { standing: 'history' });
    next = before;
  }
  const isNext = chain[0]?.statement.sequence === (head?.sequence ?? 0) + 1;
  if (!isNext || head === undefined || !narrowsOnly(head.body, next)) throw notNarrowing(last);
}

function notNarrowing(
  { statement: { stream, sequence } }: Link,
  detail: KedgeError['detail'] = {},
): KedgeError {
  return new KedgeError(
    'THRESHOLD',
    'only the revoke role signed, which may revoke and narrow but not add or widen; it can be ' +
      'judged only on top of a release that is held or has a quorum of today, and not otherwise',
    { detail: { stream, sequence, ...detail } },
  );
}

/** The body that the last one directly follows; without a body: it is the stream's first one. */
function bodyBefore(
  { last, history }: Candidate,
  head: ReleaseHead | undefined,
  bundle: BundleName,
):
  | { readonly kind: 'known'; readonly body: ReleaseBody | undefined }
  | { readonly kind: 'unknown'; readonly body: undefined } {
  const bytes = history?.at(-1);
  if (bytes !== undefined) {
    return { kind: 'known', body: requireBundle(parseReleaseBody(bytes), bundle) };
  }
  const isNext = last.statement.sequence === (head?.sequence ?? 0) + 1;
  return isNext ? { kind: 'known', body: head?.body } : { kind: 'unknown', body: undefined };
}
