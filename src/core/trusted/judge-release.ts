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
import type { Authority } from './authority.ts';
import type { Candidate } from './candidate.ts';
import { requireBundle } from './heads.ts';
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
  if (!quorums.has('release') && (before.body === undefined || !narrowsOnly(before.body, body))) {
    throw new KedgeError(
      'THRESHOLD',
      'only the revoke role signed, which may revoke and narrow but not add or widen; it can be ' +
        'judged only on top of the release before, and not otherwise',
      { detail: { stream: last.statement.stream, sequence: last.statement.sequence } },
    );
  }
  const { lifecycle } = charter;
  const authority = quorums.has('charter') ? 'charter' : 'release';
  if (before.kind === 'unknown' || before.body !== head?.body) {
    verifyLifecycle(head?.body, body, last.statement, { lifecycle, gap: 'jump', authority });
  }
  if (before.kind === 'unknown') return;
  verifyLifecycle(before.body, body, last.statement, { lifecycle, gap: 'linked', authority });
}

/** The body that the last one directly follows; without a body: it is the stream's first one. */
function bodyBefore(
  { chain, last, history }: Candidate,
  head: ReleaseHead | undefined,
  bundle: BundleName,
):
  | { readonly kind: 'known'; readonly body: ReleaseBody | undefined }
  | { readonly kind: 'unknown'; readonly body: undefined } {
  const bytes = history?.at(-1);
  if (bytes !== undefined) {
    return { kind: 'known', body: requireBundle(parseReleaseBody(bytes), bundle) };
  }
  const isNext = chain.length === 1 && last.statement.sequence === (head?.sequence ?? 0) + 1;
  return isNext ? { kind: 'known', body: head?.body } : { kind: 'unknown', body: undefined };
}
