import { describe, expect, it } from 'vitest';
import { RowLog } from '../../../../src/core/gossip/replica/row-log.ts';
import type { Row } from '../../../../src/core/gossip/rows.ts';
import { NO_PREVIOUS, parseStreamName } from '../../../../src/core/ids.ts';

describe('RowLog', () => {
  it('tells what changed after a revision, each stream once', () => {
    const log = new RowLog(new Map());
    for (const name of ['a', 'b', 'a']) log.set(row(name).stream, row(name, log.revision + 1));
    expect(log.revision).toBe(3);
    expect(named(log.since(0))).toEqual(['release/b 2', 'release/a 3']);
    expect(named(log.since(2))).toEqual(['release/a 3']);
    expect(log.since(3)).toEqual([]);
  });

  it('counts what the store held at start', () => {
    const log = new RowLog(new Map([[row('a').stream, row('a')]]));
    expect(log.revision).toBe(1);
    expect(named(log.since(0))).toEqual(['release/a 1']);
  });

  it('forgets a stream of which nothing is held any more', () => {
    const log = new RowLog(new Map([[row('a').stream, row('a')]]));
    log.set(row('a').stream, undefined);
    expect(log.since(0)).toEqual([]);
    expect(log.root).toBe(NO_PREVIOUS);
  });
});

function row(name: string, sequence = 1): Row {
  const stream = parseStreamName(`release/${name}`);
  return { stream, sequence, digest: NO_PREVIOUS, forked: false };
}

function named(rows: readonly Row[]): string[] {
  return rows.map(({ stream, sequence }) => `${stream} ${String(sequence)}`);
}
