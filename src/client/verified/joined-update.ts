/**
 * Updates that wait, and those that build on them: together they are one that builds on what is in
 * use, and is judged as one.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { openContent } from '../../core/gossip/replica/push.ts';
import type { AnchorId } from '../../core/ids.ts';
import { DELTA_CHAIN_MAX } from '../../core/limits.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { findAuthority, isByRevokeAlone } from '../../core/trusted/authority.ts';
import type { Offer } from '../../core/trusted/offer.ts';
import { currentCharter, type ReleaseHead, type TrustedState } from '../../core/trusted/state.ts';
import type { BundleUpdate } from '../../core/watch/messages.ts';
import type { ParkedUpdate, Pending } from './pending.ts';

/** Bodies below a head that are kept; those of older releases judge nothing any more. */
const BELOW_MAX = 16;

/** An update, perhaps with those before it that wait. */
export interface JoinedUpdate extends BundleUpdate {
  /** As in {@link ParkedUpdate}; absent: none is known. */
  readonly below?: ParkedUpdate['below'];
}

/**
 * An update that builds on one that waits, as one that builds on what is in use. Errors: `GAP` when
 * there are too many in a row: the next connection begins anew.
 */
export function joinUpdate(waiting: ParkedUpdate | undefined, update: JoinedUpdate): JoinedUpdate {
  const { bundle, content } = update;
  if (waiting === undefined || content.kind === 'whole') return update;
  const { body: bodyBytes, bodyDigest } = waiting;
  const body = openContent(
    { sequence: content.delta.baseSequence, bodyDigest, bodyBytes },
    content,
  );
  // It builds on something else, which the realm may have.
  if (body === undefined) return update;
  const statements = [...waiting.statements, ...update.statements];
  if (statements.length > DELTA_CHAIN_MAX) {
    throw new KedgeError('GAP', `too many releases of ${bundle} in a row wait for cosignatures`);
  }
  const below = [...waiting.below, bodyBytes, ...unknown(update)];
  const oldest = below.length - BELOW_MAX;
  return {
    bundle,
    statements,
    content: { kind: 'whole', body },
    below: below.map((one, index) => (index < oldest ? undefined : one)),
  };
}

/** A verified update as it waits. Only what is not in use already has come as a blob. */
export function parkUpdate(
  update: JoinedUpdate,
  head: ReleaseHead,
  pending: Pending,
): Omit<ParkedUpdate, 'judgedMs'> {
  const { statements, below = unknown(update) } = update;
  const blobs = new Map<AnchorId, Uint8Array>();
  for (const { id } of head.body.anchors) {
    const der = pending.get(id);
    if (der !== undefined) blobs.set(id, der);
  }
  return { statements, body: head.bodyBytes, bodyDigest: head.bodyDigest, below, blobs };
}

/**
 * What an update is judged on besides what is in use. The revoke role alone narrows the release
 * before, which may wait as well (AR-18); whatever else waits is judged over the gap.
 */
export function groundOf(
  { statements, below }: JoinedUpdate,
  trusted: TrustedState,
): Pick<Offer, 'history'> {
  const [charter, signed] = [currentCharter(trusted)?.charter, statements.at(-1)];
  if (below === undefined || charter === undefined || signed === undefined) return {};
  const authority = findAuthority(charter, parseStatement(signed.payload), signed);
  return isByRevokeAlone(authority) ? { history: below } : {};
}

function unknown({ statements }: BundleUpdate): readonly undefined[] {
  return statements.slice(1).map(() => undefined);
}
