/**
 * Whether entries are those of a checkpoint.
 */
import { describe, it } from 'vitest';
import { appendEntries, EMPTY_AUDIT_LOG } from '../../../src/core/audit/log.ts';
import { verifyAuditLog } from '../../../src/core/audit/verify.ts';
import { concatBytes, encodeUtf8 } from '../../../src/core/bytes.ts';
import { treeRoot } from '../../../src/core/log/tree.ts';
import { expectCode } from '../support.ts';
import { ACCEPTED } from './fixtures.ts';

describe('verifyAuditLog', () => {
  const { state, entries } = appendEntries(
    EMPTY_AUDIT_LOG,
    Array.from({ length: 13 }, (_, at) => ({ ...ACCEPTED, timeMs: at })),
  );
  const root = treeRoot(state.tree);
  const head = { size: 13, root };
  const bytes = entries.map((entry) => entry.bytes);
  const peaksOf = (size: number): readonly Uint8Array[] =>
    appendEntries(
      EMPTY_AUDIT_LOG,
      Array.from({ length: size }, (_, at) => ({ ...ACCEPTED, timeMs: at })),
    ).state.tree.peaks;

  it('holds with all entries, and with the hashes of those that were removed', () => {
    for (let first = 0; first <= 13; first += 1) {
      verifyAuditLog(head, { first, peaks: peaksOf(first), entries: bytes.slice(first) });
    }
  });

  it('fails for an entry that was changed, left out, added or moved (H12)', () => {
    const broken = (changed: readonly Uint8Array[]) => () =>
      verifyAuditLog(head, { first: 0, peaks: [], entries: changed });
    const [one, two, ...rest] = bytes;
    if (one === undefined || two === undefined) throw new Error('unreachable');
    expectCode('PROOF', broken([concatBytes(one, encodeUtf8(' ')), two, ...rest]));
    expectCode('PROOF', broken([two, ...rest]));
    expectCode('PROOF', broken([...bytes, one]));
    expectCode('PROOF', broken([two, one, ...rest]));
  });
});
