/**
 * What a refusal says about news of a proposal: whether it may be taken another time, and whether
 * its sender is at fault.
 *
 * Only what the statement alone shows keeps it out: of a body or of signatures somebody may send
 * false ones before the right ones come.
 *
 * @module
 */
import type { ErrorCode, KedgeError } from '../../errors.ts';
import type { ProposalNews } from '../../proposals/frames.ts';

/** What no honest peer sends, whatever charter and clock it has. */
const FAULTS: ReadonlySet<ErrorCode> = new Set(['PARSE', 'TYPE', 'REALM', 'DIGEST', 'KEY']);
/** What passes when this node knows more. */
const LACKS: ReadonlySet<ErrorCode> = new Set(['GAP', 'PREVIOUS']);
/** What depends on body or signatures, of which somebody else may bring the right ones. */
const BROUGHT: ReadonlySet<ErrorCode> = new Set(['DIGEST', 'THRESHOLD']);

/** `in-time`: when the clock shows another time, which may be wrong now, and set right. */
export type Again = 'soon' | 'later' | 'in-time' | 'when-told' | 'as-things-change';

/** When it makes sense to look at a refused statement again. */
export function whenAgain(error: KedgeError): Again {
  if (LACKS.has(error.code)) return 'soon';
  if (error.code === 'LIMIT') return 'later';
  if (error.code === 'EXPIRED') return 'in-time';
  return BROUGHT.has(error.code) ? 'when-told' : 'as-things-change';
}

/** Says whether a refusal is held against the peer that sent the news. */
export function isProposalFault({ kind }: ProposalNews, { code }: KedgeError): boolean {
  // Who may withdraw depends on the charter: who withdrew may have left since.
  if (kind === 'proposal-withdrawn' && code === 'KEY') return false;
  // Which signatures count depends on the charter; by which key one is does not.
  return FAULTS.has(code) || (kind === 'proposal-signed' && code === 'THRESHOLD');
}
