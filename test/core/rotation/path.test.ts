import { describe, expect, it } from 'vitest';
import type { BundleAdoption } from '../../../src/core/adoption/model.ts';
import { parseSequence, parseSha256 } from '../../../src/core/ids.ts';
import { rotationNote } from '../../../src/core/rotation/note.ts';
import { type RotationPath, rotationPath } from '../../../src/core/rotation/path.ts';
import { ROTATION_GATES } from '../../../src/core/rotation/steps.ts';
import { bodyOf, tombstone } from '../releases/bodies.ts';
import { NOW_MS } from '../support.ts';
import {
  adoption,
  BEHIND,
  HOUR_MS,
  LOADED,
  NEW,
  NODE,
  OLD,
  releaseOf,
  rotation,
  type States,
  use,
} from './support.ts';

/** `stage next, delivered later, …` without what lies behind and ahead. */
function present({ steps }: RotationPath): readonly string[] {
  return steps
    .filter(({ standing }) => standing !== 'done' && standing !== 'later')
    .map(({ name, standing }) => `${name} ${standing}`);
}

function kinds({ steps }: RotationPath): readonly string[] {
  return steps.flatMap(({ blockers }) => blockers.map(({ kind }) => kind));
}

const STAGED: States = { old: {}, new: { state: 'staged' } };
const BOTH: States = { old: {}, new: {} };
const LEAVING: States = { old: { state: 'retiring' }, new: {} };
const EARLIER = { sequence: parseSequence(2), digest: parseSha256('ef'.repeat(32)) };
const MOVED = adoption({ anchors: [use(NEW, NOW_MS), use(OLD, NOW_MS - 25 * HOUR_MS)] });

describe('rotationPath', () => {
  it('begins by staging the new anchor', () => {
    const path = rotationPath(rotation({ old: {} }));
    expect(path).toMatchObject({ next: 'stage', standing: 'ready' });
    expect(path.steps.map(({ name }) => name)).toEqual([
      'stage',
      'delivered',
      'hold-down',
      'activate',
      'loaded',
      'taken-up',
      'retire',
      'unused',
      'overlap',
      'remove',
    ]);
    expect(present(path)).toEqual(['stage next']);
  });

  it('activates it when all have it and the hold-down is over', () => {
    const path = rotationPath(rotation(STAGED));
    expect(path).toMatchObject({ next: 'activate', standing: 'ready' });
    expect(present(path)).toEqual(['delivered open', 'hold-down open', 'activate next']);
  });

  it('waits for the hold-down and says until when', () => {
    const sinceMs = NOW_MS - HOUR_MS;
    const path = rotationPath(rotation({ old: {}, new: { state: 'staged', sinceMs } }));
    expect(path).toMatchObject({ next: 'activate', standing: 'waiting' });
    expect(path.steps.find(({ name }) => name === 'hold-down')?.blockers).toMatchObject([
      { kind: 'waiting', readyMs: sinceMs + 24 * HOUR_MS },
    ]);
  });

  it.each<[string, Partial<BundleAdoption>, string]>([
    ['a client is behind', { groups: [LOADED, BEHIND] }, 'behind'],
    ['a client refused', { groups: [{ ...BEHIND, stage: 'refused', code: 'POLICY' }] }, 'refused'],
    ['a client may come back', { groups: [{ ...LOADED, presence: 'departed' }] }, 'departed'],
    [
      'a node does not answer',
      { nodes: [NODE, { ...NODE, standing: 'unreachable' }] },
      'unreachable',
    ],
    ['a node has only begun', { nodes: [{ ...NODE, sinceMs: NOW_MS - 1000 }] }, 'young'],
    ['no node tells anything', { nodes: [], groups: [] }, 'silent'],
    ['a node serves another release', { head: EARLIER }, 'head-differs'],
  ])('does not activate while %s', (_, changed, kind) => {
    const path = rotationPath(rotation(STAGED, { adoption: adoption(changed) }));
    expect(path.standing).toBe('waiting');
    expect(kinds(path)).toContain(kind);
  });

  it('retires the old one when leaves of the new one are used and the old one is quiet', () => {
    expect(kinds(rotationPath(rotation(BOTH)))).toEqual(['not-taken-up']);
    const busy = adoption({ anchors: [use(NEW, NOW_MS), use(OLD, NOW_MS - HOUR_MS)] });
    const waiting = rotationPath(rotation(BOTH, { adoption: busy }));
    expect(waiting).toMatchObject({ next: 'retire', standing: 'waiting' });
    expect(kinds(waiting)).toEqual(['used']);
    const path = rotationPath(rotation(BOTH, { adoption: MOVED }));
    expect(present(path)).toEqual(['loaded open', 'taken-up open', 'retire next']);
  });

  it('takes no word of a client that does not tell what it uses', () => {
    const silent = { ...MOVED, nodes: [{ ...NODE, silent: 1 }] };
    expect(kinds(rotationPath(rotation(BOTH, { adoption: silent })))).toEqual(['unreported']);
  });

  it('removes the old one when it is unused and the overlap is over', () => {
    const path = rotationPath(rotation(LEAVING, { adoption: MOVED }));
    expect(present(path)).toEqual(['unused open', 'overlap open', 'remove next']);
    const early = rotation({ ...LEAVING, old: { state: 'retiring', sinceMs: NOW_MS } });
    expect(kinds(rotationPath({ ...early, adoption: MOVED }))).toEqual(['waiting']);
  });

  it('is done when the old one is gone and the new one active', () => {
    const gone = bodyOf(rotation({ new: {} }).release.body.anchors, {
      tombstones: [tombstone('old')],
    });
    const path = rotationPath(rotation({}, releaseOf(gone)));
    expect(path).toMatchObject({ next: undefined, standing: 'done' });
    expect(new Set(path.steps.map(({ standing }) => standing))).toEqual(new Set(['done']));
  });

  it('goes on after an emergency that took the old one away', () => {
    const { anchors } = rotation({ new: { state: 'staged' } }).release.body;
    const revoked = bodyOf(anchors, { tombstones: [tombstone('old', { reason: 'revoked' })] });
    expect(rotationPath(rotation({}, releaseOf(revoked)))).toMatchObject({ next: 'activate' });
  });

  it('passes a closed gate only when it is overridden, and never a time of the charter', () => {
    const closed = adoption({ groups: [BEHIND] });
    const sinceMs = NOW_MS - HOUR_MS;
    const ask = rotation(STAGED, { adoption: closed, overrides: new Set(['delivered']) });
    const path = rotationPath(ask);
    expect(present(path)).toEqual(['delivered overridden', 'hold-down open', 'activate next']);
    const others = new Set(ROTATION_GATES.filter((gate) => gate !== 'delivered'));
    expect(rotationPath({ ...ask, overrides: others }).standing).toBe('waiting');
    const early = rotation(
      { old: {}, new: { state: 'staged', sinceMs } },
      { overrides: new Set(ROTATION_GATES) },
    );
    expect(rotationPath(early).standing).toBe('waiting');
  });

  it.each<[string, Parameters<typeof rotation>, string]>([
    ['to itself', [BOTH, { to: OLD }], 'cannot take over from itself'],
    ['from what was never there', [{ new: {} }], 'was never in the bundle'],
    ['from what nobody trusts', [{ old: { state: 'staged' }, new: {} }], 'is staged'],
    ['to what is on its way out', [{ old: {}, new: { state: 'retiring' } }], 'is retiring'],
    ['to what left', [{}, releaseOf(bodyOf([], { tombstones: [tombstone('new')] }))], 'has left'],
  ])('refuses to rotate %s', (_, [states, changed], message) => {
    expect(() => rotationPath(rotation(states, changed))).toThrow(message);
  });
});

describe('rotationNote', () => {
  const names = { from: 'Old CA', to: 'New CA' };
  it('says which step it is', () => {
    const path = rotationPath(rotation({ old: {} }));
    expect(rotationNote('stage', names, path, 'unneeded')).toBe(
      'rotation from "Old CA" to "New CA": stage',
    );
  });

  it('says which gate was passed, why, and what was known', () => {
    const closed = adoption({ groups: [BEHIND] });
    const path = rotationPath(
      rotation(STAGED, { adoption: closed, overrides: new Set(['delivered']) }),
    );
    expect(rotationNote('activate', names, path, 'test machine, ticket 4711')).toBe(
      'rotation from "Old CA" to "New CA": activate; override delivered: test machine, ' +
        'ticket 4711 (1 client does not run the newest release)',
    );
    expect(() => rotationNote('activate', names, path, 'x'.repeat(201))).toThrow('at most 200');
    const long = rotationNote('activate', { from: 'x'.repeat(500), to: 'y' }, path, 'because');
    expect(long.length).toBeLessThan(500);
  });
});
