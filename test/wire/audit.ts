/**
 * Random but well-formed values of what is asked of an audit log.
 *
 * @module
 */
import fc from 'fast-check';
import { AUDIT_KINDS } from '../../src/core/audit/entry.ts';
import type { AuditPage, AuditProofQuery, AuditQuery } from '../../src/core/audit/messages.ts';
import { parseStreamName } from '../../src/core/ids.ts';
import { AUDIT_PAGE_MAX } from '../../src/core/limits.ts';
import type { ProofHashes } from '../../src/core/log/proof.ts';

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const bytes = fc.uint8Array({ minLength: 2, maxLength: 60 });
const plain = { noNullPrototype: true } as const;

/** Which entries to list. */
export const auditQuery: fc.Arbitrary<AuditQuery> = fc.record(
  {
    order: fc.constantFrom('oldest-first' as const, 'newest-first'),
    start: positive,
    limit: fc.integer({ min: 1, max: AUDIT_PAGE_MAX }),
    stream: fc.constantFrom('charter', 'release/a.example').map(parseStreamName),
    kinds: fc.uniqueArray(fc.constantFrom(...AUDIT_KINDS), { maxLength: 4 }),
    sinceMs: positive,
  },
  { requiredKeys: ['order', 'limit', 'kinds'], ...plain },
);

/** One page of entries. */
export const auditPage: fc.Arbitrary<AuditPage> = fc.record(
  {
    checkpoint: bytes,
    first: count,
    items: fc.array(fc.record({ index: count, bytes }, plain), { maxLength: 4 }),
    next: positive,
  },
  { requiredKeys: ['checkpoint', 'first', 'items'], ...plain },
);

/** Which proof to make. */
export const auditProofQuery: fc.Arbitrary<AuditProofQuery> = fc.oneof(
  fc.record({ kind: fc.constant('inclusion' as const), index: count, size: count }, plain),
  fc.record({ kind: fc.constant('consistency' as const), from: count, size: count }, plain),
  fc.record({ kind: fc.constant('peaks' as const), size: count }, plain),
);

/** Hashes of a proof. */
export const auditProof: fc.Arbitrary<ProofHashes> = fc.array(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  { maxLength: 5 },
);
