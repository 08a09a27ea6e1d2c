/**
 * An entry of an audit log, for the tests of `src/core/audit`.
 *
 * @module
 */
import type { AuditEntry } from '../../../src/core/audit/entry.ts';
import { encodeUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { parseSequence, type Sha256 } from '../../../src/core/ids.ts';
import { STREAM } from '../log/fixtures.ts';

export const DIGEST: Sha256 = sha256(encodeUtf8('a statement'));
export const ACCEPTED: AuditEntry = {
  timeMs: 1_790_000_000_000,
  what: 'accepted',
  stream: STREAM,
  sequence: parseSequence(7),
  digest: DIGEST,
  signers: [{ keyId: DIGEST }],
  via: 'admin',
  by: 'spiffe://prod.example.org/admin/ana',
};
