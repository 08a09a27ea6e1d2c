import { describe, expect, it } from 'vitest';
import {
  FETCHES_MAX,
  type NewFetch,
  type Want,
} from '../../../../src/core/gossip/fetching/active-fetches.ts';
import { type Outcome, Wants } from '../../../../src/core/gossip/fetching/wants.ts';
import type { Row } from '../../../../src/core/gossip/rows.ts';
import { compareRow } from '../../../../src/core/gossip/rows.ts';
import {
  type NodeId,
  parseNodeId,
  parseRegionName,
  parseSha256,
  parseStreamName,
} from '../../../../src/core/ids.ts';
import { FETCH_STREAMS_MAX, STREAMS_MAX } from '../../../../src/core/limits.ts';

const FRA = parseNodeId('fra-1');
const SIN = parseNodeId('sin-1');
const FAR = parseRegionName('far');
const ALL = (): number => 1;
/** So much is missing of each stream that a fetch asks for one. */
const ONE_EACH = (): number => 1000;

describe('Wants', () => {
  it('fetches the charter before anything else, and alone', () => {
    const wants = new Wants();
    wants.add({ nodeId: FRA, row: row('release/a', 1) }, 0);
    wants.add({ nodeId: FRA, row: row('charter', 1) }, 0);
    const first = start(wants, 1);
    expect(first?.row.stream).toBe('charter');
    expect(wants.next(ALL)).toEqual([]);
    end(wants, 1, 'done');
    expect(wants.next(ALL)[0]?.row.stream).toBe('release/a');
  });

  it('fetches each stream once at a time, and few at once', () => {
    const wants = new Wants();
    for (let index = 0; index < 2 * FETCHES_MAX; index += 1) {
      wants.add({ nodeId: FRA, row: row(`release/b${String(index)}`, 1) }, 0);
      wants.add({ nodeId: SIN, row: row(`release/b${String(index)}`, 1) }, 0);
    }
    const streams = new Set<string | undefined>();
    for (let id = 1; id <= FETCHES_MAX; id += 1) streams.add(start(wants, id)?.row.stream);
    expect(streams.size).toBe(FETCHES_MAX);
    expect(wants.next(ALL)).toEqual([]);
  });

  it('leaves a place for others beside a peer that announces much', () => {
    const wants = new Wants();
    for (let index = 0; index < STREAMS_MAX; index += 1) {
      wants.add({ nodeId: FRA, row: row(`release/b${String(index)}`, 1) }, 0);
    }
    for (let id = 1; id < FETCHES_MAX; id += 1) expect(start(wants, id)?.nodeId).toBe(FRA);
    expect(wants.next(ALL)).toEqual([]);
    wants.add({ nodeId: SIN, row: row('release/other', 1) }, 0);
    expect(wants.next(ALL)[0]?.row.stream).toBe('release/other');
  });

  it('asks one peer for many streams at once, within the bounds of one fetch', () => {
    const wants = new Wants();
    for (let index = 0; index < 2 * FETCH_STREAMS_MAX; index += 1) {
      wants.add({ nodeId: FRA, row: row(`release/b${String(index)}`, 1) }, 0);
    }
    expect(wants.next(ALL)).toHaveLength(FETCH_STREAMS_MAX);
    expect(wants.next(() => 100)).toHaveLength(2);
    expect(wants.next(ONE_EACH)).toHaveLength(1);
  });

  it('asks for what a fetch did not bring again', () => {
    const wants = new Wants();
    for (const name of ['a', 'b', 'c']) {
      wants.add({ nodeId: FRA, row: row(`release/${name}`, 1) }, 0);
    }
    const fetch = wants.begin(begun(FRA, 1), wants.next(ALL), 0);
    expect(wants.next(ALL)).toEqual([]);
    expect(wants.settle(fetch, 'done', 0)).toBe('more');
    wants.end(fetch);
    expect(wants.next(ALL).map((want) => want.row.stream)).toEqual(['release/b', 'release/c']);
  });

  it('asks for all of a fetch again that brought nothing, as its announcer says it now', () => {
    const wants = new Wants();
    for (const name of ['a', 'b', 'c']) {
      wants.add({ nodeId: FRA, row: row(`release/${name}`, 1) }, 0);
    }
    const fetch = wants.begin(begun(FRA, 1), wants.next(ALL), 0);
    expect(wants.isSaidAgain(fetch)).toBe(false);
    wants.add({ nodeId: FRA, row: row('release/b', 2) }, 0);
    expect(wants.isSaidAgain(fetch)).toBe(true);
    const again = wants.again(fetch, ({ row: { stream } }) => (stream === 'release/c' ? 0 : 1));
    expect(again.map((want) => want.row.sequence)).toEqual([1, 2]);
    const next = wants.begin(begun(FRA, 2), again, 0);
    expect(wants.isSaidAgain(next)).toBe(false);
    expect(wants.next(ALL)).toEqual([]);
  });

  it('notices that a peer says the very same row again', () => {
    const wants = new Wants();
    const same = row('release/a', 1);
    wants.add({ nodeId: FRA, row: same }, 0);
    const fetch = wants.begin(begun(FRA, 1), wants.next(ALL), 0);
    expect(wants.isSaidAgain(fetch)).toBe(false);
    wants.add({ nodeId: FRA, row: same }, 0);
    expect(wants.isSaidAgain(fetch)).toBe(true);
  });

  it('asks another one for what a fetch does not bring, and leaves that fetch alone', () => {
    const wants = new Wants();
    wants.add({ nodeId: FRA, row: row('release/a', 1) }, 0);
    const slow = wants.begin(begun(FRA, 1), wants.next(ALL), 0);
    expect(wants.hasOther(slow, ALL)).toBe(false);
    wants.add({ nodeId: SIN, row: row('release/a', 1) }, 0);
    expect(wants.hasOther(slow, () => 0)).toBe(false);
    expect(wants.hasOther(slow, ALL)).toBe(true);
    expect(wants.makeWay(slow)).toBeUndefined();
    wants.add({ nodeId: FRA, row: row('release/a', 2) }, 0);
    expect(start(wants, 2)?.nodeId).toBe(SIN);
    expect(wants.next(ALL)).toEqual([]);
    expect(wants.fetches.get(1)?.wants).toHaveLength(1);
    const second = wants.fetches.get(2);
    expect(second && wants.hasOther(second, ALL)).toBe(false);
  });

  it('keeps few fetches that made way, one of a peer', () => {
    const wants = new Wants();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const slow = names.map((name, index) => {
      const nodeId = parseNodeId(`slow-${name}`);
      wants.add({ nodeId, row: row(`release/${name}`, 1) }, 0);
      return wants.begin(begun(nodeId, index + 1), wants.next(ALL), 0);
    });
    const excess = slow.map((fetch) => wants.makeWay(fetch)?.fetchId);
    expect(excess.slice(0, 4)).toEqual([undefined, undefined, undefined, 1]);
    const [first] = slow;
    if (first !== undefined) wants.end(first);
    const again = wants.begin(begun(parseNodeId('slow-b'), 9), [], 0);
    expect(wants.makeWay(again)?.fetchId).toBe(2);
  });

  it('asks those last whose last answer was of no use', () => {
    const wants = new Wants();
    for (const name of ['a', 'b']) wants.add({ nodeId: FRA, row: row(`release/${name}`, 1) }, 0);
    start(wants, 1);
    end(wants, 1, 'failed');
    wants.add({ nodeId: SIN, row: row('release/b', 1) }, 0);
    expect(wants.next(ALL)[0]?.nodeId).toBe(SIN);
  });

  it('asks another announcer after a failure, and the first again only after a pause', () => {
    const wants = new Wants();
    wants.add({ nodeId: FRA, row: row('release/a', 1) }, 0);
    wants.add({ nodeId: SIN, row: row('release/a', 1) }, 0);
    expect(start(wants, 1)?.nodeId).toBe(FRA);
    end(wants, 1, 'failed');
    wants.add({ nodeId: FRA, row: row('release/a', 1) }, 999);
    expect(start(wants, 2)?.nodeId).toBe(SIN);
    end(wants, 2, 'done');
    expect(wants.next(ALL)).toEqual([]);
    wants.add({ nodeId: FRA, row: row('release/a', 1) }, 1000);
    expect(wants.next(ALL)[0]?.nodeId).toBe(FRA);
  });

  it('asks at once for another statement of a stream of which one is not proven', () => {
    const wants = new Wants();
    wants.add({ nodeId: FRA, row: row('release/a', 1) }, 0);
    start(wants, 1);
    end(wants, 1, 'unproven');
    wants.add({ nodeId: FRA, row: row('release/a', 1) }, 0);
    expect(wants.next(ALL)).toEqual([]);
    wants.add({ nodeId: FRA, row: row('release/a', 2) }, 0);
    expect(wants.next(ALL)[0]?.row.sequence).toBe(2);
  });

  it('keeps what an announcer added while its fetch was under way', () => {
    const wants = new Wants();
    wants.add({ nodeId: FRA, row: row('release/a', 4) }, 0);
    start(wants, 1);
    wants.add({ nodeId: FRA, row: row('release/a', 3) }, 0);
    end(wants, 1, 'failed');
    expect(wants.next(ALL)[0]?.row.sequence).toBe(3);
  });

  it('drops what is no longer useful', () => {
    const wants = new Wants();
    wants.add({ nodeId: FRA, row: row('release/a', 1) }, 0);
    expect(wants.next(() => 0)).toEqual([]);
    expect(wants.next(ALL)).toEqual([]);
  });
});

describe('compareRow', () => {
  const at = (sequence: number, digest = 'a', forked = false): Row => ({
    ...row('release/a', sequence),
    digest: parseSha256(digest.repeat(64)),
    forked,
  });

  /** A fork after sequence 9. */
  const lacking = (lacks: number): Row => ({ ...at(9, 'a', true), lacks });

  it.each([
    ['nothing is held', undefined, at(1), 'fetch'],
    ['the other is ahead', at(1), at(2, 'b'), 'fetch'],
    ['the other is behind', at(2, 'b'), at(1), 'tell'],
    ['both are equal', at(2), at(2), 'same'],
    ['the digests differ', at(2), at(2, 'b'), 'fetch'],
    ['only the other is forked', at(9), at(1, 'a', true), 'fetch'],
    ['only we are forked', at(1, 'a', true), at(9), 'tell'],
    ['the other fork is deeper', at(2, 'a', true), at(1, 'b', true), 'fetch'],
    ['our fork is deeper', at(1, 'a', true), at(2, 'b', true), 'tell'],
    ['the same fork has other evidence', at(1, 'a', true), at(1, 'b', true), 'tell'],
    ['the other holds more below the same fork', lacking(2), lacking(1), 'fetch'],
    ['the other holds less below the same fork', lacking(1), lacking(2), 'tell'],
    ['we lack something below a fork that the other holds', lacking(1), at(9), 'fetch'],
    ['the other does not hold it either', lacking(1), at(8), 'tell'],
  ] as const)('when %s', (_, ours, theirs, relation) => {
    expect(compareRow(ours, theirs)).toBe(relation);
  });
});

function row(stream: string, sequence: number): Row {
  const digest = parseSha256('0'.repeat(63) + String(sequence % 10));
  return { stream: parseStreamName(stream), sequence, digest, forked: false };
}

function begun(nodeId: NodeId, fetchId: number): NewFetch {
  return { fetchId, from: { nodeId, region: FAR }, linkId: '1', patience: 1 };
}

function start(wants: Wants, fetchId: number): Want | undefined {
  const picked = wants.next(ONE_EACH);
  const [want] = picked;
  if (want !== undefined) {
    wants.begin(begun(want.nodeId, fetchId), picked, 0);
  }
  return want;
}

function end(wants: Wants, fetchId: number, outcome: Outcome): void {
  const fetch = wants.fetches.get(fetchId);
  if (fetch !== undefined) wants.settle(fetch, outcome, 0);
}
