import { describe, expect, it } from 'vitest';
import { formatStatus, statusJson } from '../../src/cli/node/view.ts';
import { makeStyles } from '../../src/cli/terminal/styles.ts';
import type { NodeStatus } from '../../src/core/admin/messages.ts';
import { parseNodeId } from '../../src/core/ids.ts';
import { decodeNodeStatus, encodeNodeStatus } from '../../src/wire/node-status.ts';
import { status } from '../grpc/support/listener.ts';

const NOW_MS = 600_000;

function shown(changes: Partial<NodeStatus>): string {
  return formatStatus({ ...status, ...changes }, makeStyles('plain'), NOW_MS);
}

describe('formatStatus', () => {
  it('says since when the store takes nothing, and what to do', () => {
    expect(shown({})).toMatch(/store: +takes what is written/);
    const storeTrouble = { sinceMs: 0, reason: 'the disk is full\u001b[2J. Make room' };
    expect(shown({ storeTrouble })).toMatch(
      /store: +takes nothing, first 10 minutes ago: the disk is full\u{fffd}\[2J\. Make room/u,
    );
    expect(statusJson({ ...status, storeTrouble })).toMatchObject({
      store: { trouble: { since: '1970-01-01T00:00:00Z', reason: storeTrouble.reason } },
    });
    expect(statusJson(status)).toMatchObject({ store: { trouble: null }, tlsWorkers: [] });
  });

  it('says since when and on whom the key of the region waits, and what to do', () => {
    expect(shown({})).not.toContain('the key of the region');
    const keyWait = { sinceMs: 0, on: [parseNodeId('fra-1')] };
    const text = shown({ keyWait });
    expect(text).toContain('since 10 minutes ago the key of the region signs nothing before fra-1');
    expect(text).toContain('restart or update what does not answer');
    expect(shown({ keyWait: { ...keyWait, on: [] } })).toContain('see why none is reached');
    const json = { since: '1970-01-01T00:00:00Z', on: ['fra-1'] };
    expect(statusJson({ ...status, keyWait })).toMatchObject({ keyWait: json });
    expect(statusJson(status)).toMatchObject({ keyWait: null });
  });

  it('shows the processes that do TLS, where there are some', () => {
    expect(shown({})).not.toContain('Processes');
    const tlsWorkers = [
      { place: 1, state: 'running', sinceMs: 0, connections: 7, residentBytes: 9e7, ended: 0 },
      { place: 2, state: 'ended', sinceMs: 540_000, connections: 0, ended: 3 },
    ] as const;
    const text = shown({ tlsWorkers });
    expect(text).toMatch(/ {2}1 +running +10 minutes ago +7 +90 MB +0/);
    expect(text).toMatch(/ {2}2 +ended +60 seconds ago +0 +- +3/);
    expect(statusJson({ ...status, tlsWorkers })).toMatchObject({
      tlsWorkers: [{ place: 1, since: '1970-01-01T00:00:00Z' }, { state: 'ended' }],
    });
  });

  it('shows the times of a node that tells of none that there is', () => {
    const sinceMs = Number.MAX_SAFE_INTEGER;
    const worker = { place: 1, state: 'running', connections: 0, ended: 0 } as const;
    const told = decodeNodeStatus(
      encodeNodeStatus({
        ...status,
        startedAtMs: sinceMs,
        repair: { ...status.repair, comparedAtMs: sinceMs, fetchedAtMs: sinceMs },
        storeTrouble: { sinceMs, reason: 'none' },
        tlsWorkers: [{ ...worker, sinceMs }],
      }),
    );
    expect(shown(told)).toContain('9999-12-31T23:59:59Z');
    expect(statusJson(told)).toMatchObject({ startedAt: '9999-12-31T23:59:59Z' });
  });
});
