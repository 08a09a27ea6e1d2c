import { describe, expect, it } from 'vitest';
import { runningRotations } from '../../../src/core/rotation/running.ts';
import { anchor, anchorId, bodyOf } from '../releases/bodies.ts';
import { NOW_MS } from '../support.ts';

describe('runningRotations', () => {
  it('sees none where all is settled', () => {
    expect(runningRotations(bodyOf([anchor('a'), anchor('b')]))).toEqual([]);
  });

  it('sees a staged anchor take over from the one that serves its purpose for longest', () => {
    const body = bodyOf([
      anchor('newer', { sinceMs: NOW_MS - 1000 }),
      anchor('older', { sinceMs: NOW_MS - 2000 }),
      anchor('clients', { sinceMs: NOW_MS - 3000, purposes: ['tls-client'] }),
      anchor('new', { state: 'staged' }),
    ]);
    expect(runningRotations(body)).toEqual([{ from: anchorId('older'), to: anchorId('new') }]);
  });

  it('sees a retiring anchor give way to the one that became active last', () => {
    const body = bodyOf([
      anchor('first', { sinceMs: NOW_MS - 2000 }),
      anchor('last', { sinceMs: NOW_MS - 1000 }),
      anchor('old', { state: 'retiring' }),
    ]);
    expect(runningRotations(body)).toEqual([{ from: anchorId('old'), to: anchorId('last') }]);
  });

  it('tells a rotation once whose old anchor retires already', () => {
    const body = bodyOf([
      anchor('other'),
      anchor('old', { state: 'retiring' }),
      anchor('new', { state: 'staged' }),
    ]);
    expect(runningRotations(body)).toEqual([{ from: anchorId('old'), to: anchorId('new') }]);
  });
});
