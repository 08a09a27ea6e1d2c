/**
 * Edits of a body, and that what they make passes the lifecycle.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import type { Anchor } from '../../../src/core/anchors/anchor.ts';
import { verifyLifecycle } from '../../../src/core/anchors/lifecycle.ts';
import {
  encodeReleaseBody,
  parseReleaseBody,
  type ReleaseBody,
} from '../../../src/core/releases/body.ts';
import {
  activateAnchor,
  addAnchor,
  changeAnchor,
  type EditPoint,
  emptyBody,
  nextBody,
  removeAnchor,
  retireAnchor,
  revokeAnchor,
  setNote,
  stageAnchor,
} from '../../../src/core/releases/edit.ts';
import { DAY_MS, expectCode, NOW_MS } from '../support.ts';
import { anchor, anchorId, bodyOf, PAYMENTS, point, tombstone } from './bodies.ts';

const [OLD, NEW] = [anchorId('old'), anchorId('new')];
const TLS = { label: 'CA', purposes: ['tls-server'] };

describe('edits of a release body', () => {
  it('carry an anchor through its whole life, each step accepted by the lifecycle', () => {
    const lifecycle = { holdDownSeconds: 86_400, overlapSeconds: 86_400, blastRadiusPercent: 20 };
    let body: ReleaseBody | undefined;
    let sequence = 0;
    const publish = (edit: (before: ReleaseBody, at: EditPoint) => ReleaseBody): void => {
      sequence += 1;
      const at = point(sequence, NOW_MS + sequence * 2 * DAY_MS);
      const next = edit(nextBody(body ?? emptyBody(PAYMENTS)), at);
      verifyLifecycle(body, next, at, { lifecycle, gap: 'linked', authority: 'release' });
      body = parseReleaseBody(encodeReleaseBody(next));
      expect(body).toEqual(next);
    };
    publish((before, at) => addAnchor(before, { ...TLS, id: OLD }, 'active', at));
    publish((before, at) => stageAnchor(before, { ...TLS, id: NEW }, at));
    publish((before, at) => activateAnchor(before, NEW, at));
    publish((before, at) => retireAnchor(before, OLD, { ...at, distrustAfterMs: at.issuedMs }));
    publish((before, at) => activateAnchor(before, OLD, at));
    publish((before, at) => retireAnchor(before, OLD, at));
    publish((before, at) => removeAnchor(before, OLD, at));
    publish((before, at) => stageAnchor(before, { ...TLS, id: anchorId('third') }, at));
    publish((before, at) => revokeAnchor(before, anchorId('third'), at));
    expect(body?.anchors.map(({ id, state }) => [id, state])).toEqual([[NEW, 'active']]);
    expect(body?.tombstones).toHaveLength(2);
  });

  it('write lists in canonical order', () => {
    const at = point(1);
    const id = anchorId('a');
    const values = ['b.example.org', 'a.example.org', 'a.example.org'];
    const constraints = [
      { type: 'permitted-uri', critical: false, values: [] },
      { type: 'permitted-dns', critical: true, values },
    ];
    const purposes = ['tls-server', 'spiffe', 'tls-server'];
    const body = addAnchor(
      emptyBody(PAYMENTS),
      { id, label: 'a', purposes, constraints },
      'active',
      at,
    );
    expect(body.anchors[0]).toMatchObject({
      purposes: ['spiffe', 'tls-server'],
      constraints: [
        { type: 'permitted-dns', values: ['a.example.org', 'b.example.org'] },
        { type: 'permitted-uri' },
      ],
    });
    const more = ['x', 'y', 'z'].reduce(
      (before, name) => stageAnchor(before, { ...TLS, id: anchorId(name) }, at),
      body,
    );
    const buried = ['x', 'y', 'z'].reduce((b, name) => removeAnchor(b, anchorId(name), at), more);
    expect(parseReleaseBody(encodeReleaseBody(more)).anchors).toHaveLength(4);
    expect(parseReleaseBody(encodeReleaseBody(buried)).tombstones).toHaveLength(3);
  });

  it('refuse to list an anchor twice or again', () => {
    const body = bodyOf([anchor('old')], { tombstones: [tombstone('new')] });
    expectCode('LIFECYCLE', () => stageAnchor(body, { ...TLS, id: OLD }, point(2)));
    const error = expectCode('LIFECYCLE', () => stageAnchor(body, { ...TLS, id: NEW }, point(2)));
    expect(error.message).toContain('may not come back');
  });

  it('refuse steps that the state machine does not have', () => {
    const body = bodyOf([anchor('old'), anchor('new', { state: 'staged' })]);
    expectCode('LIFECYCLE', () => activateAnchor(body, OLD, point(2)));
    expectCode('LIFECYCLE', () => retireAnchor(body, NEW, point(2)));
    expectCode('LIFECYCLE', () => removeAnchor(body, OLD, point(2)));
  });

  it('refuse anchors that are not listed', () => {
    const body = bodyOf([]);
    for (const edit of [activateAnchor, retireAnchor, removeAnchor, revokeAnchor]) {
      const error = expectCode('LIFECYCLE', () => edit(body, OLD, point(2)));
      expect(error.detail).toEqual({ anchor: OLD });
    }
    expectCode('LIFECYCLE', () => changeAnchor(body, OLD, {}));
  });

  it('change what is said about an anchor and nothing else', () => {
    const body = bodyOf([anchor('old', { distrustAfterMs: NOW_MS })]);
    const change = (attributes: Parameters<typeof changeAnchor>[2]): unknown =>
      changeAnchor(body, OLD, attributes).anchors[0];
    expect(change({})).toEqual(body.anchors[0]);
    expect(change({ label: 'x' })).toEqual({ ...body.anchors[0], label: 'x' });
    expect(change({ purposes: ['spiffe'] })).toMatchObject({ purposes: ['spiffe'] });
    expect(change({ distrustAfterMs: 5000 })).toMatchObject({ distrustAfterMs: 5000 });
    expect(change({ distrustAfterMs: 'never' })).toStrictEqual(anchor('old'));
    const constraints = [{ type: 'permitted-dns', critical: true, values: ['example.org'] }];
    expect(change({ constraints })).toMatchObject({ constraints });
  });

  it('set a limit on leaves of an anchor that retires, or leave the one that it has', () => {
    const retired = (old: Partial<Anchor>, more: { readonly distrustAfterMs?: number }): unknown =>
      retireAnchor(bodyOf([anchor('old', old)]), OLD, { ...point(2), ...more }).anchors[0];
    const [limited, state] = [{ distrustAfterMs: NOW_MS }, 'retiring'] as const;
    expect(retired({}, {})).toStrictEqual(anchor('old', { state }));
    expect(retired({}, limited)).toStrictEqual(anchor('old', { state, ...limited }));
    expect(retired(limited, {})).toStrictEqual(anchor('old', { state, ...limited }));
    expect(retired({ distrustAfterMs: 5000 }, limited)).toMatchObject(limited);
  });

  it('lift the limit on leaves when an anchor becomes active again', () => {
    const retiring = anchor('old', { state: 'retiring', distrustAfterMs: NOW_MS });
    const [again] = activateAnchor(bodyOf([retiring]), OLD, point(2)).anchors;
    expect(again).toEqual(anchor('old'));
  });

  it('start the next release without note and rollback mark', () => {
    const body = setNote({ ...bodyOf([anchor('old')]), replaces: point(1).sequence }, 'hello');
    expect(body.note).toBe('hello');
    expect(nextBody(body)).toEqual(bodyOf([anchor('old')]));
  });

  it('keep that a bundle comes in waves', () => {
    const body = bodyOf([anchor('old')], { delivery: 'waves', note: 'x' });
    expect(nextBody(body)).toEqual(bodyOf([anchor('old')], { delivery: 'waves' }));
    expect(retireAnchor(body, OLD, point(2)).delivery).toBe('waves');
  });

  it('leave the body that they were given', () => {
    const body = bodyOf([anchor('old'), anchor('new', { state: 'staged' })]);
    const before = structuredClone(body);
    stageAnchor(body, { ...TLS, id: anchorId('third') }, point(2));
    revokeAnchor(body, OLD, point(2));
    activateAnchor(body, NEW, point(2));
    expect(body).toEqual(before);
  });
});
