/**
 * The charters of a draft: it names the one of the time when it was made, and is judged by the
 * newest that it carries, as nodes judge it by the newest that they hold (spec AR-9, AR-14). So a
 * draft that somebody signed before the charter changed can still get its other signatures: those
 * who signed could not sign another one for its sequence.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { CHARTER_STREAM } from '../../core/ids.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import type { Draft } from './file.ts';

/**
 * Requires that a draft carries the charter that it names, and that this is no older than the one
 * of the statement that it follows. Errors: `PREVIOUS`.
 */
export function requireNamedCharter(
  { charterVersion }: Statement,
  carried: { readonly version: number },
  previous: { readonly charterVersion: number } | undefined,
): void {
  const names = `the draft names charter version ${charterVersion}`;
  if (charterVersion > carried.version) {
    throw new KedgeError('PREVIOUS', `${names}; it carries ${carried.version}`);
  }
  if (previous === undefined || previous.charterVersion <= charterVersion) return;
  throw new KedgeError(
    'PREVIOUS',
    `${names}, older than that of the statement before (${previous.charterVersion})`,
  );
}

/** The draft with all charters of the realm, where those are more; a drafted charter as it is. */
export function withNewerCharters(draft: Draft, charters: readonly SignedDocument[]): Draft {
  const { stream } = parseStatement(draft.document.statement.payload);
  if (stream === CHARTER_STREAM || charters.length <= draft.charters.length) return draft;
  return { ...draft, charters };
}
