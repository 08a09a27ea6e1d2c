import { describe, expect, it } from 'vitest';
import { type Cluster, gatherCluster } from '../../src/cli/node/cluster.ts';
import { clusterJson, formatCluster } from '../../src/cli/node/cluster-view.ts';
import { makeStyles } from '../../src/cli/terminal/styles.ts';
import type { NodeStatus, PeerStatus } from '../../src/core/admin/messages.ts';
import { parseNodeId, parseRealmName, parseRegionName, parseSha256 } from '../../src/core/ids.ts';

const ROOT = parseSha256('aa'.repeat(32));
const OTHER = parseSha256('bb'.repeat(32));

const NOW_MS = 60_000;

function gather(
  statuses: readonly NodeStatus[],
  unreachable: Parameters<typeof gatherCluster>[1],
): Cluster {
  return gatherCluster(statuses, unreachable, NOW_MS);
}

function peer(name: string, more: Partial<PeerStatus> = {}): PeerStatus {
  return {
    nodeId: parseNodeId(name),
    region: parseRegionName(name.slice(0, 3)),
    address: `${name}:7441`,
    state: 'alive',
    role: 'ordinary',
    link: 'up',
    sinceMs: 0,
    peerRoot: ROOT,
    ...more,
  };
}

function status(name: string, peers: readonly PeerStatus[], root: typeof ROOT = ROOT): NodeStatus {
  return {
    nodeId: parseNodeId(name),
    region: parseRegionName(name.slice(0, 3)),
    realm: parseRealmName('prod.example.org'),
    version: '0.1.0',
    firstCharterDigest: ROOT,
    startedAtMs: 0,
    root,
    streams: [],
    behind: 0,
    repair: {},
    peers,
    failingSeeds: [],
    tlsWorkers: [],
    subscribers: [],
    regions: [],
  };
}

describe('gatherCluster', () => {
  it('is well when everybody is alive and holds the same; who left does not count', () => {
    const left = peer('fra-9', { state: 'left', link: 'none' });
    const cluster = gather([status('iad-1', [peer('fra-1'), left])], []);
    expect(cluster.problems).toEqual([]);
    const text = formatCluster(cluster, makeStyles('plain'));
    expect(text).toContain('2 of 2 members alive in 2 regions, 1 left');
  });

  it('shows who is refused, by whom and what for', () => {
    const conduct = { faults: 16, cutOffs: 1, refusedUntilMs: 5000, lastFault: 'no frame (PARSE)' };
    const cluster = gather([status('iad-1', [peer('fra-1', { conduct })])], []);
    expect(cluster.problems).toEqual(['iad-1 refuses fra-1 for its faults']);
    const text = formatCluster(cluster, makeStyles('plain'));
    expect(text).toContain('fra-1 by iad-1  no frame (PARSE)');
  });

  it('shows what is hard to believe, and calls unwell only what cannot be reached', () => {
    const lastError = 'fra-9 at fra-9:7441 did not answer within 5 s';
    const ghost = peer('fra-9', { doubt: 'unproven', link: 'none', lastError });
    const far = peer('iad-2', { doubt: 'too-far' });
    const cluster = gather([status('iad-1', [ghost, far])], []);
    expect(cluster.problems).toEqual([`iad-1 does not reach fra-9: ${lastError}`]);
    const text = formatCluster(cluster, makeStyles('plain'));
    expect(text).toContain('iad-2 by iad-1  claims the same region, and is far away');
    expect(text).toContain('fra-9 by iad-1  never showed itself');
  });

  it('names who holds something else than most', () => {
    const different = peer('fra-2', { peerRoot: OTHER });
    const { problems } = gather([status('iad-1', [peer('fra-1'), different])], []);
    expect(problems).toEqual(['not the same as most hold: fra-2']);
  });

  it('believes what a node says of itself rather than what others were told', () => {
    const statuses = [
      status('iad-1', [peer('fra-1', { peerRoot: OTHER, state: 'suspect' })]),
      status('fra-1', [peer('iad-1')]),
    ];
    expect(gather(statuses, []).problems).toEqual([]);
  });

  it('takes the worst that anybody sees of a node that was not asked', () => {
    const statuses = [
      status('iad-1', [peer('fra-1'), peer('iad-2')]),
      status('iad-2', [peer('fra-1', { state: 'failed' }), peer('iad-1')]),
    ];
    expect(gather(statuses, []).problems).toEqual(['fra-1 is failed']);
  });

  it('does not call equal what nobody knows', () => {
    const { peerRoot: _, ...untold } = peer('fra-1', { link: 'none' });
    const { problems } = gather([status('iad-1', [untold])], []);
    expect(problems).toEqual(['what they hold is not known, ask them with --nodes: fra-1']);
  });
});

describe('formatCluster', () => {
  it('says in its verdict which links are down, and why', () => {
    const down = peer('fra-2', { link: 'down', lastError: 'refused\u001b[2J', peerRoot: ROOT });
    const seen = [status('iad-1', [peer('fra-1'), down]), status('fra-2', [])];
    const cluster = gather(seen, []);
    const text = formatCluster(cluster, makeStyles('plain'));
    expect(text).toContain('iad-1 -> fra-2  refused\u{fffd}[2J');
    expect(text).toContain('not well: iad-1 does not reach fra-2: refused');
  });

  it('says in its verdict which seeds lead to nobody', () => {
    const failing = { address: 'fra-1:7441', sinceMs: 0, reason: 'getaddrinfo ENOTFOUND fra-1' };
    const seen = { ...status('iad-1', []), failingSeeds: [failing] };
    const cluster = gather([seen], []);
    expect(cluster.failingSeeds).toMatchObject([{ from: 'iad-1', address: 'fra-1:7441' }]);
    const text = formatCluster(cluster, makeStyles('plain'));
    expect(text).toContain('iad-1 -> fra-1:7441  getaddrinfo ENOTFOUND fra-1');
    expect(text).toContain('not well: iad-1 finds nobody at its seed fra-1:7441: getaddrinfo');
  });

  it('says in its verdict whose store takes nothing', () => {
    const storeTrouble = { sinceMs: 0, reason: 'the disk is full' };
    const cluster = gather([{ ...status('iad-1', []), storeTrouble }], []);
    const text = formatCluster(cluster, makeStyles('plain'));
    expect(text).toContain('not well: iad-1 can keep nothing: the disk is full');
  });

  it('says in its verdict on whom the key of a region waits, and since when', () => {
    const keyWait = { sinceMs: 0, on: [parseNodeId('fra-1')] };
    const cluster = gather([{ ...status('iad-1', []), keyWait }], []);
    expect(formatCluster(cluster, makeStyles('plain'))).toContain(
      'not well: iad-1, since 1970-01-01T00:00:00Z: the key of the region signs nothing before',
    );
    const fresh = { ...status('iad-1', []), keyWait: { ...keyWait, sinceMs: 1 } };
    expect(gather([fresh], []).problems).toEqual([]);
    const since = '1970-01-01T00:00:00Z';
    expect(clusterJson(cluster)).toMatchObject({ keyWaits: [{ nodeId: 'iad-1', since }] });
  });

  it('puts the verdict first where the rest may be cut', () => {
    const cluster = gather([status('iad-1', [])], []);
    const lines = formatCluster(cluster, makeStyles('plain'), 'first').split('\n');
    expect(lines[0]).toBe('1 of 1 member alive in 1 region');
    expect(lines[1]).toContain('well: ');
  });

  it('says whose word it is that all is well, unless everybody was asked', () => {
    const view = (...statuses: readonly NodeStatus[]): string =>
      formatCluster(gather(statuses, []), makeStyles('plain'));
    const one = status('iad-1', [peer('fra-1')]);
    expect(view(one)).toContain('well, as far as iad-1 can tell: all');
    expect(view(one, status('fra-1', [peer('iad-1')]))).toMatch(/hold the same$/);
  });
});
