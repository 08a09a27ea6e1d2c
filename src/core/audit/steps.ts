/**
 * What the body of an accepted statement tells auditors besides: a rollout that goes on, pauses or
 * ends, and a gate of a rotation that signers passed though it was closed.
 *
 * @module
 */
import { type StreamName, splitStream } from '../ids.ts';
import { parseReleaseBody } from '../releases/body.ts';
import { parseRolloutBody } from '../rollouts/body.ts';
import { overrideIn } from '../rotation/note.ts';
import type { AuditFact } from './entry.ts';

/** The facts of one accepted body. Errors: those of parsing, which only a bug brings about. */
export function stepFacts(
  stream: StreamName,
  body: Uint8Array,
): readonly Pick<AuditFact, 'what' | 'reason'>[] {
  switch (splitStream(stream).kind) {
    case 'charter':
      return [];
    case 'release': {
      const reason = overrideIn(parseReleaseBody(body).note);
      return reason === undefined ? [] : [{ what: 'override', reason }];
    }
    case 'rollout': {
      const { state, to, from } = parseRolloutBody(body);
      const before = from === undefined ? '' : `, the others have release ${from.sequence}`;
      return [{ what: 'rollout-step', reason: `${state}: release ${to.sequence}${before}` }];
    }
  }
}
