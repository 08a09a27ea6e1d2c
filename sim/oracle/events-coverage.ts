/**
 * Recognises in events and effects what must come up now and then.
 *
 * @module
 */
import type { GossipEffect, GossipEvent, PersistBatch } from '../../src/core/gossip/events.ts';
import { isRollout, releasesOf } from '../../src/core/ids.ts';
import { forkOf, type TrustedState } from '../../src/core/trusted/state.ts';
import { factsOf } from '../network/facts.ts';
import type { Coverage } from './coverage.ts';

const COPIES = {
  older: 'copy-found',
  copied: 'copy-noticed',
  cosigned: 'copy-cosigned',
} as const;

/** Notes what an event and its effects show. */
export function noteCoverage(
  coverage: Coverage,
  event: GossipEvent,
  effects: readonly GossipEffect[],
): void {
  for (const effect of effects) noteEffect(coverage, event, effect);
}

/** Notes what is written beside what is known then. */
export function noteStored(
  coverage: Coverage,
  verified: TrustedState,
  { documents }: PersistBatch,
): void {
  for (const { stream } of documents) {
    if (!isRollout(stream)) continue;
    if (forkOf(verified, releasesOf(stream)) !== undefined) coverage.hit('rollout-on-fork');
  }
}

/** Kinds that are not named show nothing. */
function noteEffect(coverage: Coverage, event: GossipEvent, effect: GossipEffect): void {
  // Most of what there is, first.
  if (effect.kind === 'send') {
    if (effect.frame.kind === 'tree') coverage.hit('bucket-fallback');
    return;
  }
  if (effect.kind === 'arm') return;
  if (effect.kind === 'persist') notePersist(coverage, event, effect);
  if (effect.kind === 'fetch') noteFetch(coverage, event);
  if (effect.kind === 'notice') noteNotice(coverage, effect);
  if (effect.kind === 'reply') noteReply(coverage, effect);
  if (effect.kind === 'close' && event.kind === 'link-up') coverage.hit('link-replaced');
  if (effect.kind === 'close' && event.kind === 'frame') coverage.hit('hang-up');
  if (effect.kind === 'cancel-fetch' && event.kind === 'timer') coverage.hit('pull-moves-on');
}

function notePersist(
  coverage: Coverage,
  event: GossipEvent,
  { batch }: Extract<GossipEffect, { kind: 'persist' }>,
): void {
  if (event.kind === 'frame') coverage.hit('push-adopted');
  if (event.kind === 'fetch-item') coverage.hit('fetch-adopted');
  if (batch.documents.length > 1) coverage.hit('history-adopted');
  if (batch.settled !== undefined) coverage.hit('stream-settled');
}

function noteFetch(coverage: Coverage, event: GossipEvent): void {
  if (event.kind !== 'frame') return;
  const isPush = factsOf(event.frame).statements.length > 0;
  coverage.hit(isPush ? 'push-led-to-fetch' : 'repair-led-to-fetch');
}

function noteNotice(
  coverage: Coverage,
  { notice }: Extract<GossipEffect, { kind: 'notice' }>,
): void {
  if (notice.kind === 'copy') coverage.hit(COPIES[notice.what]);
  if (notice.kind === 'forked') coverage.hit('fork-freeze');
  if (notice.kind === 'refused' && notice.error.code === 'EXPIRED') coverage.hit('refused-expired');
}

function noteReply(coverage: Coverage, { result }: Extract<GossipEffect, { kind: 'reply' }>): void {
  if (result.kind === 'durable') {
    if (result.novelty === 'held') coverage.hit('submit-held');
    return;
  }
  if (result.error.code === 'CONFLICT') coverage.hit('submit-conflict');
  if (result.error.code === 'STORE') coverage.hit('write-failed-submit');
}
