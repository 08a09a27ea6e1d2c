import { beforeEach, describe, expect, it } from 'vitest';
import type { AdoptionBoard } from '../../../src/core/adoption/board.ts';
import { ROW_AGE_MAX_MS } from '../../../src/core/adoption/freshness.ts';
import type { BundleAdoption } from '../../../src/core/adoption/model.ts';
import {
  judgeRemoval,
  QUIET_DEFAULT_MS,
  QUIET_MIN_MS,
  type RemovalJudgement,
} from '../../../src/core/adoption/removal.ts';
import { adoptionOf, type ReportingNode } from '../../../src/core/adoption/view.ts';
import type { Anchor, AnchorState } from '../../../src/core/anchors/anchor.ts';
import { parseNodeId, parseRegionName, parseSha256, type Sha256 } from '../../../src/core/ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../../../src/core/limits.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import { decodeAdoption, encodeAdoption } from '../../../src/wire/adoption.ts';
import {
  ANCHOR,
  BUNDLE,
  boardAt,
  count,
  join,
  NOW_MS,
  OTHER_ANCHOR,
  releaseAt,
  rowOf,
  told,
} from './support.ts';

const HEAD = 3;
const DAY_MS = 86_400_000;
/** When everything was seen for long enough. */
const LATER_MS = NOW_MS + QUIET_DEFAULT_MS;

describe('adoptionOf', () => {
  it('adds up nodes by region', () => {
    const [first, second, third] = [boardAt(HEAD), boardAt(HEAD), boardAt(HEAD)];
    join(first, 1, HEAD);
    join(second, 2, HEAD);
    join(third, 3, 2);
    const { groups } = view([node('iad-1', first), node('iad-2', second), node('fra-1', third)]);
    expect(groups).toMatchObject([
      { region: 'fra', sequence: 2, count: 1 },
      { region: 'iad', sequence: HEAD, count: 2 },
    ]);
  });

  it.each([
    ['suspect', 'met', 'unreachable'],
    ['failed', 'met', 'unreachable'],
    ['left', 'met', 'left'],
    ['alive', 'doubtful', 'unreachable'],
  ] as const)('does not count a node that is %s and %s', (state, trust, standing) => {
    const board = boardAt(HEAD);
    join(board, 1, HEAD);
    const seen = view([{ ...node('iad-1', board), state, trust }]);
    expect(seen.groups).toEqual([]);
    expect(seen.nodes).toMatchObject([{ nodeId: 'iad-1', standing, connected: 1 }]);
  });

  it('counts clients once that moved away from a node that was killed', () => {
    const [killed, other] = [boardAt(HEAD), boardAt(HEAD)];
    join(killed, 1, HEAD);
    join(other, 1, HEAD, { streams: 2, previousNode: parseNodeId('iad-1') });
    const seen = view([{ ...node('iad-1', killed), state: 'suspect' }, node('fra-1', other)]);
    expect(count(seen.groups, () => true)).toBe(1);
  });

  it('I09: tells uses of the head, whatever a node says of others or of the future', () => {
    const board = boardAt(HEAD);
    const client = join(board, 1, HEAD, { reportsUsage: true });
    const use = { anchor: ANCHOR, purpose: 'tls-client', handshakes: 1, agoMs: 0 };
    board.used(client, { bundle: BUNDLE, uses: [use], untracked: false }, NOW_MS - 1000);
    const hostile = ['evl-1', 'evl-2', 'evl-3'].map((name, index): ReportingNode => {
      const anchors = Array.from({ length: 500 }, (_, n) => ({
        anchor: parseSha256((index * 500 + n).toString(16).padStart(64, '0')),
        clients: 0,
        handshakes: 0,
        lastUsedMs: NOW_MS + DAY_MS,
      }));
      const later = {
        anchor: OTHER_ANCHOR,
        clients: 1,
        handshakes: 1,
        lastUsedMs: NOW_MS + DAY_MS,
      };
      const row = rowOf(name, [{ ...told(boardAt(HEAD)), anchors: [later, ...anchors] }]);
      return { ...node(name, board), row };
    });
    expect(view([...hostile, node('iad-1', board)]).anchors).toEqual([
      { anchor: OTHER_ANCHOR, clients: 3, handshakes: 3, lastUsedMs: NOW_MS },
      { anchor: ANCHOR, clients: 1, handshakes: 1, lastUsedMs: NOW_MS - 1000 },
    ]);
  });

  it('can be sent and read whatever labels nodes tell', () => {
    const nodes = ['evl-1', 'evl-2', 'evl-3'].map((name, index): ReportingNode => {
      const groups = Array.from({ length: 512 }, (_, n) => ({
        stage: 'loaded' as const,
        sequence: 1 + index * 512 + n,
        digest: '0'.repeat(16),
        labels: new Map(['a', 'b', 'c', 'd'].map((key) => [key.repeat(128), '\u20ac'.repeat(128)])),
        presence: 'connected' as const,
        count: 1_000_000_000,
      }));
      return {
        ...node(name, boardAt(HEAD)),
        row: rowOf(name, [{ ...told(boardAt(HEAD)), groups }]),
      };
    });
    const seen = view(nodes);
    expect(count(seen.groups, () => true)).toBe(3 * 512 * 1_000_000_000);
    expect(decodeAdoption(encodeAdoption(seen))).toEqual(seen);
  });

  it('names a node of which nothing is known', () => {
    const seen = view([{ ...node('iad-1', boardAt(HEAD)), row: undefined }]);
    expect(seen.nodes).toMatchObject([{ standing: 'silent', connected: 0 }]);
  });
});

describe('judgeRemoval', () => {
  let board: AdoptionBoard;

  beforeEach(() => {
    board = boardAt(HEAD);
    join(board, 1, HEAD, { reportsUsage: true });
  });

  it('finds a removal safe that nobody will notice, and says why', () => {
    const judgement = judge();
    expect(judgement).toMatchObject({ verdict: 'safe', blockers: [] });
    expect(judgement.evidence).toEqual([
      'others are active for tls-client',
      'the only client runs the newest release',
      'no use of it was reported',
      'the only node told of its clients in the last minute',
    ]);
  });

  it('blocks while a client does not run the newest release', () => {
    join(board, 2, 2, { reportsUsage: true });
    expect(kinds(judge())).toEqual(['behind']);
  });

  it('blocks while a client has refused', () => {
    const client = join(board, 2, 2, { reportsUsage: true });
    board.refused(client, releaseAt(HEAD), 'POLICY', 'no');
    expect(judge().blockers).toMatchObject([
      { kind: 'refused', clients: 1, text: '1 client refused a release: POLICY' },
    ]);
  });

  it('blocks when it was used within the quiet time, by how many and when', () => {
    const client = join(board, 2, HEAD, { reportsUsage: true });
    const use = { anchor: ANCHOR, purpose: 'tls-client', handshakes: 3, agoMs: 0 };
    board.used(client, { bundle: BUNDLE, uses: [use], untracked: false }, LATER_MS - 1000);
    expect(judge().blockers).toMatchObject([{ kind: 'used', clients: 1 }]);
    expect(kinds(judge({ nowMs: LATER_MS + QUIET_DEFAULT_MS }))).toEqual([]);
  });

  it('I09: takes no quiet time in which clients may not have told of open connections', () => {
    const client = join(board, 2, HEAD, { reportsUsage: true });
    const use = { anchor: ANCHOR, purpose: 'tls-client', handshakes: 3, agoMs: 0 };
    board.used(client, { bundle: BUNDLE, uses: [use], untracked: false }, LATER_MS);
    const inUse = (nowMs: number): readonly string[] =>
      kinds(
        judgeRemoval({
          ...question('retiring'),
          adoption: view([node('iad-1', board)], nowMs),
          quietMs: 1000,
        }),
      );
    expect(inUse(LATER_MS + QUIET_MIN_MS - 1)).toEqual(['used']);
    expect(inUse(LATER_MS + QUIET_MIN_MS)).toEqual([]);
  });

  it('says of one and of minutes what people say', () => {
    const adoption = view([node('iad-1', board)], NOW_MS);
    const { blockers } = judgeRemoval({ ...question('retiring'), adoption, quietMs: 1000 });
    expect(blockers.map(({ text }) => text)).toEqual([
      '1 node has not observed for 15 minutes: iad-1',
    ]);
  });

  it('takes nobody who is connected for no evidence', () => {
    const adoption = view([node('iad-1', boardAt(HEAD))], LATER_MS);
    const { evidence } = judgeRemoval({ ...question('retiring'), adoption });
    expect(evidence).toContain('no client is connected, which proves nothing');
  });

  it('blocks while a client does not say what it uses, or cannot', () => {
    const client = join(board, 2, HEAD, { reportsUsage: true });
    board.used(client, { bundle: BUNDLE, uses: [], untracked: true }, NOW_MS);
    join(board, 3, HEAD);
    expect(kinds(judge())).toEqual(['unreported', 'untracked']);
  });

  it('blocks while a client that lost its connection may still run', () => {
    board.closed(join(board, 2, HEAD, { reportsUsage: true }), 'broken', NOW_MS);
    expect(kinds(judge())).toEqual(['departed']);
  });

  it('I09: never says safe when something is not known', () => {
    const unreachable = { ...node('fra-1', boardAt(HEAD)), state: 'failed' as const };
    expect(kinds(judge({ others: [unreachable] }))).toEqual(['unreachable']);
    const silent = { ...node('fra-1', boardAt(HEAD)), row: undefined };
    expect(kinds(judge({ others: [silent] }))).toEqual(['silent']);
    const left = { ...node('fra-1', boardAt(HEAD)), state: 'left' as const };
    expect(kinds(judge({ others: [left] }))).toEqual(['left']);
    expect(kinds(judge({ nowMs: LATER_MS - 1 }))).toEqual(['young']);
    const nobody = view([], LATER_MS);
    expect(kinds(judgeRemoval({ ...question('retiring'), adoption: nobody }))).toContain('silent');
  });

  it('I09: does not take what a node told too long ago for what is', () => {
    const other = (issuedAtMs: number): RemovalJudgement =>
      judge({ others: [toldAt(node('fra-1', boardAt(HEAD)), issuedAtMs)] });
    const old = other(LATER_MS - ROW_AGE_MAX_MS);
    expect(old.evidence).toContain('all 2 nodes told of their clients in the last 30 minutes');
    expect(other(LATER_MS - ROW_AGE_MAX_MS - 1).blockers).toEqual([
      {
        kind: 'outdated',
        nodes: ['fra-1'],
        text: '1 node has not told of its clients for more than 30 minutes: fra-1',
      },
    ]);
    expect(kinds(other(LATER_MS + CLOCK_SKEW_MAX_MS))).toEqual([]);
    expect(kinds(other(LATER_MS + CLOCK_SKEW_MAX_MS + 1))).toEqual(['outdated']);
  });

  it('I09: blocks while a node had to forget clients early', () => {
    const small = boardAt(HEAD, 0);
    small.closed(join(small, 2, HEAD, { reportsUsage: true }), 'broken', LATER_MS);
    expect(kinds(judge({ others: [node('fra-1', small)] }))).toEqual(['partial']);
  });

  it('I10: what a client only knows does not count as working', () => {
    const client = join(board, 2, 2, { reportsUsage: true });
    board.acknowledged(client, releaseAt(HEAD), 'delivered');
    expect(kinds(judge())).toEqual(['behind']);
    board.acknowledged(client, releaseAt(HEAD), 'loaded');
    expect(kinds(judge())).toEqual([]);
  });

  it('blocks an anchor that is active, or that nothing replaces', () => {
    expect(kinds(judge({ state: 'active' }))).toEqual(['not-retiring']);
    expect(kinds(judge({ otherState: 'staged' }))).toEqual(['no-successor']);
    expect(kinds(judge({ otherState: 'retiring' }))).toEqual(['no-successor']);
  });

  it('asks no clients and no nodes about an anchor that is staged, which nobody trusts', () => {
    join(board, 2, 2);
    board.closed(join(board, 3, HEAD, { reportsUsage: true }), 'broken', NOW_MS);
    const silent = { ...node('fra-1', boardAt(HEAD)), row: undefined };
    const young = { others: [silent], nowMs: NOW_MS + 1 };
    expect(kinds(judge({ ...young, state: 'retiring' }))).toContain('young');
    const judged = judge({ ...young, state: 'staged' });
    expect(judged).toMatchObject({ verdict: 'safe', blockers: [] });
    expect(judged.evidence).toEqual(['it is staged: no client trusts it yet, so none can miss it']);
    const later = judge({ ...young, state: 'staged', release: releaseAt(HEAD + 1) });
    expect(kinds(later)).toEqual(['head-differs']);
  });

  it('blocks when the node serves another release, or the anchor is not in it', () => {
    expect(kinds(judge({ release: releaseAt(HEAD + 1) }))).toEqual(['head-differs']);
    // A node may claim the sequence for something else.
    const forged = { sequence: HEAD, digest: releaseAt(HEAD + 1).digest };
    expect(kinds(judge({ release: forged }))).toEqual(['head-differs']);
    const other = question('retiring');
    expect(kinds(judgeRemoval({ ...other, anchor: releaseAt(9).digest }))).toEqual(['not-in-head']);
  });

  function judge(
    change: {
      readonly others?: readonly ReportingNode[];
      readonly nowMs?: number;
      readonly state?: AnchorState;
      readonly otherState?: AnchorState;
      readonly release?: { readonly sequence: number; readonly digest: Sha256 };
    } = {},
  ): RemovalJudgement {
    const { others = [], nowMs = LATER_MS, state = 'retiring', otherState, release } = change;
    const asked = question(state, otherState);
    return judgeRemoval({
      ...asked,
      release: { ...asked.release, ...release },
      adoption: view([node('iad-1', board), ...others], nowMs),
    });
  }

  function question(
    state: AnchorState,
    otherState: AnchorState = 'active',
  ): Parameters<typeof judgeRemoval>[0] {
    const body: ReleaseBody = {
      bundle: BUNDLE,
      anchors: [anchorOf(ANCHOR, state), anchorOf(OTHER_ANCHOR, otherState)],
      tombstones: [],
      note: '',
    };
    const adoption = view([node('iad-1', board)], LATER_MS);
    const release = { body, sequence: HEAD, digest: releaseAt(HEAD).digest };
    return { adoption, release, anchor: ANCHOR, quietMs: QUIET_DEFAULT_MS };
  }
});

function kinds({ blockers }: RemovalJudgement): readonly string[] {
  return blockers.map(({ kind }) => kind);
}

function anchorOf(id: Anchor['id'], state: AnchorState): Anchor {
  const purposes = ['tls-client'];
  return { id, kind: 'x509-ca', label: 'CA', state, purposes, constraints: [], sinceMs: NOW_MS };
}

/** All have told just now, but for those that say when they did. */
function view(given: readonly ReportingNode[], nowMs: number = NOW_MS): BundleAdoption {
  const nodes = given.map((one) => (one.row?.issuedAtMs === NOW_MS ? toldAt(one, nowMs) : one));
  const { sequence, digest } = releaseAt(HEAD);
  const anchors = new Set([ANCHOR, OTHER_ANCHOR]);
  return adoptionOf({ bundle: BUNDLE, head: { sequence, digest, anchors }, nowMs, nodes });
}

/** What its row says, told at another time. */
function toldAt(node: ReportingNode, issuedAtMs: number): ReportingNode {
  return { ...node, row: node.row && { ...node.row, issuedAtMs } };
}

function node(name: string, board: AdoptionBoard): ReportingNode {
  const region = parseRegionName(name.slice(0, 3));
  const row = rowOf(name, [told(board, LATER_MS)]);
  return { nodeId: parseNodeId(name), region, state: 'alive', trust: 'met', row };
}
