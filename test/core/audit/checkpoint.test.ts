/**
 * The head of an audit log and who signed it.
 */
import { describe, expect, it } from 'vitest';
import {
  readAuditCheckpoint,
  sealAuditCheckpoint,
  verifyAuditSeals,
} from '../../../src/core/audit/checkpoint.ts';
import { encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { parseNodeId } from '../../../src/core/ids.ts';
import { FRA, IAD, regionKey, regionsOf } from '../log/fixtures.ts';
import { expectCode, REALM } from '../support.ts';
import { DIGEST } from './fixtures.ts';

const NODE = parseNodeId('iad-1');

describe('sealAuditCheckpoint', () => {
  const checkpoint = { realm: REALM, node: NODE, size: 3, root: DIGEST };
  const charters = [{ regions: regionsOf(IAD, FRA) }];
  const sealed = sealAuditCheckpoint(
    checkpoint,
    { region: IAD, key: regionKey(IAD) },
    1_790_000_000,
  );

  it('is a C2SP checkpoint of the node that a region cosigned', () => {
    expect(parseUtf8(sealed)).toMatch(
      /^prod\.example\.org\/audit\/iad-1\n3\n[^\n]+\n\n— prod\.example\.org\/region\/iad \S+\n$/,
    );
    const read = readAuditCheckpoint(sealed, { realm: REALM, node: NODE });
    expect(read.checkpoint).toEqual(checkpoint);
    expect(verifyAuditSeals(read, charters)).toEqual([
      { region: IAD, keyId: regionKey(IAD).publicKey.keyId, timeSeconds: 1_790_000_000 },
    ]);
  });

  it('is the text alone where nobody signs, and nobody is said to have signed it', () => {
    const read = readAuditCheckpoint(sealAuditCheckpoint(checkpoint, undefined, 1));
    expect(read).toEqual({ checkpoint, lines: [] });
    expect(verifyAuditSeals(read, charters)).toEqual([]);
  });

  it('does not count for another root, another node, or with a key that no charter lists', () => {
    const { lines } = readAuditCheckpoint(sealed);
    const others = [
      { ...checkpoint, root: sha256(encodeUtf8('other')) },
      { ...checkpoint, node: parseNodeId('iad-2') },
    ];
    for (const other of others) {
      expect(verifyAuditSeals({ checkpoint: other, lines }, charters)).toEqual([]);
    }
    const strangers = [{ regions: regionsOf(FRA) }];
    expect(verifyAuditSeals({ checkpoint, lines }, strangers)).toEqual([]);
  });

  it('is refused as that of another realm or node, and never read as one of a stream', () => {
    const read = (log: Parameters<typeof readAuditCheckpoint>[1]) => () =>
      readAuditCheckpoint(sealed, log);
    expectCode('TYPE', read({ node: parseNodeId('iad-2') }));
    const stream = encodeUtf8(parseUtf8(sealed).replace('audit/iad-1', 'charter'));
    expectCode('TYPE', () => readAuditCheckpoint(stream));
  });
});
