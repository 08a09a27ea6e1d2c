/**
 * What releases of a bundle share.
 */
import { describe, expect, it } from 'vitest';
import { type Bundle, makeBundle } from '../../src/client/bundle.ts';
import { takingOf } from '../../src/client/usage/taking.ts';
import type { Anchor } from '../../src/core/anchors/anchor.ts';
import { NO_PREVIOUS, parseBundleName, parseRealmName, parseSequence } from '../../src/core/ids.ts';
import { addAnchor } from '../../src/core/releases/edit.ts';
import type { ReleaseHead } from '../../src/core/trusted/state.ts';
import { createTestAnchors, type TestAnchor } from '../../src/testing/anchors.ts';

const REALM = parseRealmName('test.example.org');
const NAME = parseBundleName('payments.test.example.org');
const cas = createTestAnchors(3);
const blobs = new Map(cas.map(({ id, der }) => [id, der]));
const empty = { bundle: NAME, anchors: [], tombstones: [], note: '' };

function entryOf({ id, label }: TestAnchor): Anchor {
  const point = { sequence: parseSequence(1), issuedMs: 0 };
  const wanted = { id, label, purposes: ['tls-server'] };
  const [entry] = addAnchor(empty, wanted, 'active', point).anchors;
  if (entry === undefined) throw new Error('no entry');
  return entry;
}

function headOf(sequence: number, anchors: readonly Anchor[]): ReleaseHead {
  const statement = { payload: new Uint8Array(0), signatures: [] };
  return {
    ...{ kind: 'release', sequence: parseSequence(sequence), digest: NO_PREVIOUS, statement },
    ...{ previous: NO_PREVIOUS, charterVersion: 1, issuedMs: 0, expiresMs: 1 },
    ...{ bodyDigest: NO_PREVIOUS, bodyBytes: new Uint8Array(0) },
    body: { ...empty, anchors },
  };
}

const [a, b, c] = cas.map(entryOf);
if (a === undefined || b === undefined || c === undefined) throw new Error('three are needed');
const first = makeBundle(REALM, headOf(1, [a, b]), blobs);

function anchorIn(bundle: Bundle, { id }: Anchor): Bundle['anchors'][number] {
  const found = bundle.anchors.find((anchor) => anchor.id === id);
  if (found === undefined) throw new Error('no such anchor');
  return found;
}

describe('the anchors of the next release', () => {
  const relabelled = { ...b, label: 'another' };
  const next = makeBundle(REALM, headOf(2, [a, relabelled, c]), blobs, { before: first });

  it('are those of the one before, where their entry stayed as it is', () => {
    expect(anchorIn(next, a)).toBe(anchorIn(first, a));
    expect(anchorIn(next, b)).not.toBe(anchorIn(first, b));
    expect(anchorIn(next, b).label).toBe('another');
    expect(anchorIn(next, c).pem()).toBe(cas[2]?.certificatePem);
  });

  it('tell of each release that its certificates are taken, whichever it is', () => {
    let taken = 0;
    takingOf(next)?.watch(() => {
      taken += 1;
    });
    anchorIn(first, b).pem();
    anchorIn(next, c).der();
    expect(taken).toBe(2);
  });

  it('are all withheld when it has expired, and none of them after that', () => {
    const condition = 'expired';
    const expired = makeBundle(REALM, headOf(2, [a]), blobs, { condition, before: first });
    expect(anchorIn(expired, a).withheld?.reason).toBe('expired');
    const after = makeBundle(REALM, headOf(3, [a]), blobs, { before: expired });
    expect(anchorIn(after, a).withheld).toBeUndefined();
  });
});
