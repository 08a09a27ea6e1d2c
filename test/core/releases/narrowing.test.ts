/**
 * What the revoke role may sign by itself.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import type { Anchor } from '../../../src/core/anchors/anchor.ts';
import { parseBundleName, parseSequence } from '../../../src/core/ids.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import { narrowsOnly } from '../../../src/core/releases/narrowing.ts';
import { NOW_MS } from '../support.ts';
import { anchor, bodyOf, tombstone } from './bodies.ts';

const DNS = { type: 'permitted-dns', critical: true, values: ['a.example.org', 'b.example.org'] };
const FULL = anchor('a', {
  purposes: ['spiffe', 'tls-server'],
  constraints: [DNS],
  distrustAfterMs: NOW_MS,
});
const BEFORE = bodyOf([FULL, anchor('b')], { tombstones: [tombstone('gone')] });

/** BEFORE with its first anchor changed. */
function changed(change: Partial<Anchor>): boolean {
  return narrowsOnly(BEFORE, bodyOf([{ ...FULL, ...change }, anchor('b')], BEFORE));
}

function other(change: Partial<ReleaseBody>): boolean {
  return narrowsOnly(BEFORE, { ...BEFORE, ...change });
}

describe('narrowsOnly', () => {
  it('lets anchors be revoked and narrowed, and a note be written', () => {
    const revoked = tombstone('b', { reason: 'revoked' });
    const tombstones = [...BEFORE.tombstones, revoked];
    expect(narrowsOnly(BEFORE, bodyOf([FULL], { tombstones }))).toBe(true);
    expect(other({ note: 'stolen key' })).toBe(true);
    expect(changed({})).toBe(true);
    expect(changed({ purposes: ['spiffe'] })).toBe(true);
    expect(changed({ distrustAfterMs: NOW_MS - 1000 })).toBe(true);
    expect(changed({ constraints: [DNS, { ...DNS, type: 'permitted-uri' }] })).toBe(true);
  });

  it('lets nothing be added or widened', () => {
    expect(narrowsOnly(BEFORE, bodyOf([FULL, anchor('b'), anchor('c')], BEFORE))).toBe(false);
    expect(changed({ purposes: ['spiffe', 'tls-client', 'tls-server'] })).toBe(false);
    expect(changed({ purposes: ['tls-client'] })).toBe(false);
    expect(changed({ distrustAfterMs: NOW_MS + 1000 })).toBe(false);
    const { purposes, constraints } = FULL;
    const unlimited = anchor('a', { purposes, constraints });
    expect(narrowsOnly(BEFORE, bodyOf([unlimited, anchor('b')], BEFORE))).toBe(false);
    expect(narrowsOnly(bodyOf([unlimited]), bodyOf([FULL]))).toBe(true);
    expect(changed({ constraints: [] })).toBe(false);
    expect(changed({ constraints: [{ ...DNS, critical: false }] })).toBe(false);
    expect(changed({ constraints: [{ ...DNS, values: ['a.example.org'] }] })).toBe(false);
    const swapped = ['a.example.org', 'c.example.org'];
    expect(changed({ constraints: [{ ...DNS, values: swapped }] })).toBe(false);
    const more = [...DNS.values, 'c.example.org'];
    expect(changed({ constraints: [{ ...DNS, values: more }] })).toBe(false);
  });

  it('lets no state, date or label change', () => {
    expect(changed({ state: 'retiring' })).toBe(false);
    expect(changed({ sinceMs: NOW_MS + 1000 })).toBe(false);
    expect(changed({ label: 'other' })).toBe(false);
  });

  it('lets no anchor be removed, and no release be put back or moved', () => {
    const tombstones = [...BEFORE.tombstones, tombstone('b')];
    expect(narrowsOnly(BEFORE, bodyOf([FULL], { tombstones }))).toBe(false);
    expect(other({ replaces: parseSequence(1) })).toBe(false);
    expect(other({ bundle: parseBundleName('other.example.org') })).toBe(false);
  });

  it('lets nobody make what takes trust away wait for waves', () => {
    expect(other({ delivery: 'waves' })).toBe(false);
    const inWaves = { ...BEFORE, delivery: 'waves' } as const;
    expect(narrowsOnly(inWaves, inWaves)).toBe(true);
    expect(narrowsOnly(inWaves, BEFORE)).toBe(true);
  });
});
