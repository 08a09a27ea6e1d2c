/**
 * What the bytes of a statement name, for an entry about bytes that nobody has judged.
 *
 * @module
 */
import type { AuditFact } from '../../core/audit/entry.ts';
import { parseStatement } from '../../core/statements/statement.ts';

/** Stream and sequence; nothing where there is no statement. */
export function placeOf(payload: Uint8Array): Pick<AuditFact, 'stream' | 'sequence'> {
  try {
    const { stream, sequence } = parseStatement(payload);
    return { stream, sequence };
  } catch {
    // Refused for just that: the entry says why.
    return {};
  }
}
