import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBucket, RowTree } from '../../../../src/core/gossip/repair/row-tree.ts';
import type { Row } from '../../../../src/core/gossip/rows.ts';
import { NO_PREVIOUS, parseSha256, parseStreamName } from '../../../../src/core/ids.ts';

const ROOT = 1;

describe('RowTree', () => {
  it('has zeros as its root when it is empty', () => {
    expect(new RowTree().root).toBe(NO_PREVIOUS);
  });

  it('hashes one row by the definition', () => {
    const name = 'release/a';
    const place = sha256(Buffer.from(name)).readUInt16BE(0) >> 4;
    let hash = sha256(Buffer.from(`\0${name}\0${String(7)}\0${'b'.repeat(64)}F\n`));
    for (let depth = 11; depth >= 0; depth -= 1) {
      const isRight = (place >> (11 - depth)) % 2 === 1;
      const pair = isRight ? [Buffer.alloc(32), hash] : [hash, Buffer.alloc(32)];
      hash = sha256(Buffer.concat([Buffer.from([1]), ...pair]));
    }
    expect(new RowTree([row(name, 7, 'b', 'forked')]).root).toBe(hash.toString('hex'));
  });

  it('depends on what is held, not on the order or the way there', () => {
    const rows = fc.array(fc.tuple(fc.nat(40), fc.nat(5)), { maxLength: 60 });
    fc.assert(
      fc.property(rows, (steps) => {
        const walked = new RowTree();
        const final = new Map<string, Row>();
        for (const [stream, sequence] of steps) {
          const name = `release/b${String(stream)}`;
          if (sequence === 0) {
            walked.delete(parseStreamName(name));
            final.delete(name);
            continue;
          }
          walked.set(row(name, sequence));
          final.set(name, row(name, sequence));
          expect(walked.root).toHaveLength(64);
        }
        expect(walked.root).toBe(new RowTree([...final.values()].toReversed()).root);
      }),
    );
  });

  it.each([0, 1, 5_000])('leads to the one row that differs among %i others', (others) => {
    const rows = Array.from({ length: others }, (_, i) => row(`release/b${String(i)}`, 1));
    const ours = new RowTree(rows);
    const theirs = new RowTree([...rows, row('release/new', 1)]);
    let level: readonly number[] = [ROOT];
    for (let step = 0; step < 3; step += 1) {
      level = level.flatMap((index) => ours.differing(theirs.node(index)));
      expect(level).toHaveLength(1);
    }
    expect(level.every(isBucket)).toBe(true);
    const found = level.flatMap((bucket) => theirs.rowsIn(bucket));
    expect(found.map(({ stream }) => stream)).toContain('release/new');
  });
});

function row(name: string, sequence: number, digit = 'a', state?: 'forked'): Row {
  const digest = parseSha256(digit.repeat(64));
  return { stream: parseStreamName(name), sequence, digest, forked: state === 'forked' };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
