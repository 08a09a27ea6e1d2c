/**
 * What a program may use of a release. Names of the form `E03` are those of the adversarial cases.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/crypto.ts';
import type { AnchorId } from '../../../src/core/ids.ts';
import { ANCHOR_MAX_BYTES } from '../../../src/core/limits.ts';
import { checkBlobs, missingBlobs, trustedAnchors } from '../../../src/core/releases/usable.ts';
import { expectCode } from '../support.ts';
import { anchor, anchorId, bodyOf, der } from './bodies.ts';

const labels = (anchors: readonly { readonly label: string }[]): readonly string[] =>
  anchors.map(({ label }) => label).sort();

describe('trustedAnchors', () => {
  it('takes active and retiring anchors of the purpose, never staged ones', () => {
    const body = bodyOf([
      anchor('a'),
      anchor('b', { state: 'retiring', purposes: ['tls-client', 'tls-server'] }),
      anchor('c', { state: 'staged' }),
      anchor('d', { purposes: ['tls-client'] }),
    ]);
    expect(labels(trustedAnchors(body, 'tls-server').anchors)).toEqual(['CA a', 'CA b']);
    expect(labels(trustedAnchors(body, 'tls-client').anchors)).toEqual(['CA b', 'CA d']);
    expect(trustedAnchors(body, 'spiffe')).toEqual({ anchors: [], withheld: [] });
  });

  it('withholds anchors with a critical constraint that the reader does not enforce', () => {
    const constraints = (type: string, critical: boolean): Parameters<typeof anchor>[1] => ({
      constraints: [{ type, critical, values: ['example.org'] }],
    });
    const body = bodyOf([
      anchor('critical', constraints('permitted-dns', true)),
      anchor('advice', constraints('permitted-dns', false)),
      anchor('unknown', constraints('from-the-future', true)),
    ]);
    const plain = trustedAnchors(body, 'tls-server');
    expect(labels(plain.anchors)).toEqual(['CA advice']);
    expect(labels(plain.withheld)).toEqual(['CA critical', 'CA unknown']);
    const knowing = trustedAnchors(body, 'tls-server', new Set(['permitted-dns']));
    expect(labels(knowing.anchors)).toEqual(['CA advice', 'CA critical']);
    expect(labels(knowing.withheld)).toEqual(['CA unknown']);
  });
});

describe('checkBlobs', () => {
  const body = bodyOf([anchor('a'), anchor('b', { state: 'staged' })]);
  const blobs = (...names: readonly string[]): Map<AnchorId, Uint8Array> =>
    new Map(names.map((name) => [anchorId(name), der(name)]));

  it('takes the DER of every anchor, and looks at no other', () => {
    const all = blobs('a', 'b').set(anchorId('other'), new Uint8Array(3));
    checkBlobs(body, all);
    expect(missingBlobs(body, all)).toEqual([]);
  });

  it('E04: refuses when one is missing, of a staged anchor too', () => {
    const error = expectCode('DIGEST', () => checkBlobs(body, blobs('a')));
    expect(error.detail['missing']).toEqual([anchorId('b')]);
    expect(missingBlobs(body, blobs('a'))).toEqual([anchorId('b')]);
  });

  it('names some of many that are missing', () => {
    const many = Array.from({ length: 17 }, (_, at) => anchor(`n${at}`));
    const error = expectCode('DIGEST', () => checkBlobs(bodyOf(many), new Map()));
    expect(error.detail['missing']).toHaveLength(16);
  });

  it('E03: refuses one with another digest', () => {
    const flipped = blobs('a', 'b').set(anchorId('b'), der('c'));
    expectCode('DIGEST', () => checkBlobs(body, flipped));
  });

  it('takes what is the very same as it was when it was checked, and nothing else', () => {
    const before = blobs('a', 'b');
    checkBlobs(body, new Map(before), before);
    const flipped = new Map(before).set(anchorId('b'), der('c'));
    expectCode('DIGEST', () => checkBlobs(body, flipped, before));
    // Only to see that it is not hashed again.
    checkBlobs(body, flipped, flipped);
  });

  it('refuses one that is too large, and none that is not', () => {
    const most = new Uint8Array(ANCHOR_MAX_BYTES);
    const at = sha256(most);
    checkBlobs(bodyOf([anchor('x', { id: at })]), new Map([[at, most]]));
    const large = new Uint8Array(ANCHOR_MAX_BYTES + 1);
    const id = sha256(large);
    expectCode('LIMIT', () => checkBlobs(bodyOf([anchor('x', { id })]), new Map([[id, large]])));
  });
});
