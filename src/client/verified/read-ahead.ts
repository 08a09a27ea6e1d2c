/**
 * Parts of judging an update that follow from its bytes alone, done before, one after the other in
 * turns of the event loop: judging is one step, and finds them done, as all of them are remembered.
 *
 * In the order of judging: only for what directly follows what is in use are signatures checked,
 * and only what a quorum signed is read. Whatever is not so is left to judging, which says why.
 *
 * @module
 */
import { openContent } from '../../core/gossip/replica/push.ts';
import { releaseStream } from '../../core/ids.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import { contentDigest } from '../../core/releases/content.ts';
import { takeApart } from '../../core/releases/delta.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { findAuthority, isCarried } from '../../core/trusted/authority.ts';
import {
  currentCharter,
  headOf,
  type ReleaseHead,
  type TrustedState,
} from '../../core/trusted/state.ts';
import type { BundleUpdate } from '../../core/watch/messages.ts';
import { FEW_CAS, turns } from '../live/turns.ts';

/** Reads an update ahead of its judgement, where enough is held that it is worth the turns. */
export async function readAhead(update: BundleUpdate, trusted: TrustedState): Promise<void> {
  const head = headOf(trusted, releaseStream(update.bundle));
  const cas = head?.body.anchors.length ?? 0;
  if (head === undefined || cas <= FEW_CAS) return;
  // Decoding was a piece of work by itself, and so will judging be.
  await turns.pass(cas);
  await readOnto(head, update, trusted);
  await turns.pass(cas);
}

async function readOnto(
  head: ReleaseHead,
  update: BundleUpdate,
  trusted: TrustedState,
): Promise<void> {
  const charter = currentCharter(trusted)?.charter;
  const [signed, ...more] = update.statements;
  if (charter === undefined || signed === undefined || more.length > 0) return;
  try {
    const statement = await turns.run(() => parseStatement(signed.payload));
    if (statement.stream !== releaseStream(update.bundle)) return;
    if (statement.previous !== head.digest) return;
    const authority = await turns.run(() => findAuthority(charter, statement, signed));
    if (!isCarried(authority)) return;
    if (update.content.kind === 'delta') await turns.run(() => takeApart(head.bodyBytes));
    const body = await turns.run(() => openContent(head, update.content));
    if (body === undefined || contentDigest(body) !== statement.bodyDigest) return;
    await turns.run(() => parseReleaseBody(body));
  } catch {
    // It is not as it should be: judging refuses it.
  }
}
