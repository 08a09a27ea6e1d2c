/**
 * Releases against the trusted state: who signed, and what they say. Names of the form `A05` are
 * those of the adversarial cases.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes.ts';
import type { Role } from '../../../src/core/charter/charter.ts';
import type { CharterChange } from '../../../src/core/charter/draft.ts';
import { generateSigningKey, type SigningKey } from '../../../src/core/crypto.ts';
import { parseBundleName, releaseStream } from '../../../src/core/ids.ts';
import { encodeReleaseBody, type ReleaseBody } from '../../../src/core/releases/body.ts';
import { activateAnchor, retireAnchor, revokeAnchor } from '../../../src/core/releases/edit.ts';
import type { Signature, SignedDocument } from '../../../src/core/statements/envelope.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { findStanding } from '../../../src/core/trusted/authority.ts';
import { headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { anchor, anchorId, bodyOf, PAYMENTS, point, tombstone } from '../releases/bodies.ts';
import {
  ALICE,
  BOB,
  CAROL,
  DAVE,
  DAY_MS,
  ERIN,
  expectCode,
  NOW_MS,
  role,
  utf8,
} from '../support.ts';
import {
  begin,
  grown,
  nextCharter,
  nextRelease,
  noted,
  offer,
  placeOf,
  ROLES,
  releaseAfter,
  STREAM,
  take,
} from './world.ts';

const TEN = Array.from({ length: 10 }, (_, index) => anchor(`n${index}`));

/** A state whose bundle has ten anchors for TLS servers and one for clients. */
function tenAnchors(): TrustedState {
  const client = anchor('client', { purposes: ['tls-client'] });
  return take(begin(), nextRelease(begin(), bodyOf([...TEN, client])));
}

function bodyIn(state: TrustedState): ReleaseBody {
  const body = headOf(state, STREAM)?.body;
  if (body === undefined) throw new Error('no head');
  return body;
}

/** The head without these anchors, which are revoked. */
function revoking(state: TrustedState, ...names: readonly string[]): ReleaseBody {
  return names.reduce((body, name) => revokeAnchor(body, anchorId(name), point(2)), bodyIn(state));
}

/** A document with other signatures. */
function withSignatures(
  document: SignedDocument,
  signatures: readonly Signature[],
): SignedDocument {
  return { ...document, statement: { ...document.statement, signatures } };
}

describe('acceptDocument: signers of a release', () => {
  it('takes any two of the three signers, and keeps their signatures alone', () => {
    for (const keys of [
      [ALICE, BOB],
      [CAROL, ALICE],
      [BOB, CAROL],
    ]) {
      const document = releaseAfter(undefined, noted('x'), { keys });
      expect(offer(begin(), document)).toMatchObject({ outcome: 'accepted', document });
    }
  });

  it('A05: refuses one signer fewer than the threshold', () => {
    const document = releaseAfter(undefined, noted('x'), { keys: [ALICE] });
    const error = expectCode('THRESHOLD', () => offer(begin(), document));
    expect(error.detail).toMatchObject({ needed: 2, signed: ['alice'] });
    expect(error.message).toContain('collect the missing signatures');
  });

  it('A03: counts a signer who signs twice once', () => {
    const document = releaseAfter(undefined, noted('x'), { keys: [ALICE] });
    const [one] = document.statement.signatures;
    if (one === undefined) throw new Error('no signature');
    const twice = withSignatures(document, [one, one, { ...one, keyId: '' }]);
    expectCode('THRESHOLD', () => offer(begin(), twice));
  });

  it('A06: drops garbage signatures and never fails because of them', () => {
    const document = releaseAfter(undefined, noted('x'));
    const garbage: readonly Signature[] = [
      { keyId: '', signature: new Uint8Array(0) },
      { keyId: ALICE.publicKey.keyId, signature: new Uint8Array(64) },
      { keyId: 'ff', signature: new Uint8Array(4096).fill(7) },
    ];
    const dirty = withSignatures(document, [...garbage, ...document.statement.signatures]);
    expect(offer(begin(), dirty)).toMatchObject({ outcome: 'accepted', document });
  });

  it('A07: does not count a signer of another role', () => {
    const document = releaseAfter(undefined, noted('x'), { keys: [ALICE, ERIN] });
    expectCode('THRESHOLD', () => offer(begin(), document));
  });

  it('does not count a key that no charter knows', () => {
    const strangers: readonly SigningKey[] = [
      generateSigningKey('ed25519'),
      generateSigningKey('ecdsa-p256-sha256'),
    ];
    expectCode('THRESHOLD', () =>
      offer(begin(), releaseAfter(undefined, noted('x'), { keys: strangers })),
    );
  });

  it('does not count a signature over other bytes', () => {
    const document = releaseAfter(undefined, noted('x'));
    const other = releaseAfter(undefined, noted('y'));
    const swapped = withSignatures(document, other.statement.signatures);
    expectCode('THRESHOLD', () => offer(begin(), swapped));
  });

  it('asks the signers of the delegation for the bundles that have one', () => {
    const delegations = [{ bundle: PAYMENTS, role: role(1, 'erin') }];
    const state = begin({ delegations });
    const byErin = releaseAfter(undefined, noted('x'), { keys: [ERIN] });
    expect(offer(state, byErin).outcome).toBe('accepted');
    expectCode('THRESHOLD', () => offer(state, releaseAfter(undefined, noted('x'))));
  });
});

describe('acceptDocument: signers who left', () => {
  /** Alice and Bob hand over to Carol and Erin. */
  function handOver(state: TrustedState, change: CharterChange = {}): TrustedState {
    const both = role(2, 'carol', 'erin');
    const roles = { ...ROLES, charter: both, release: both };
    return take(state, nextCharter(state, { roles, ...change }, ALICE, BOB, CAROL, ERIN));
  }

  it('tells what the signatures of a statement are good for', () => {
    const { state: before } = grown(1);
    const standingIn = (state: TrustedState, { statement }: SignedDocument): string =>
      findStanding(state, parseStatement(statement.payload), statement);
    const state = handOver(before);
    const standing = (keys: readonly SigningKey[], charterVersion: number): string =>
      standingIn(state, nextRelease(state, noted('x'), { keys, charterVersion }));
    expect(standing([CAROL, ERIN], 2)).toBe('head');
    expect(standing([CAROL, ERIN], 1)).toBe('head');
    expect(standing([ALICE, BOB], 1)).toBe('history');
    expect(standing([ALICE, BOB], 2)).toBe('nothing');
    expect(standing([ALICE], 1)).toBe('nothing');
    expectCode('GAP', () => standing([CAROL, ERIN], 3));
    const named = nextRelease(before, noted('x'));
    const { digest, sequence } = placeOf(named, 2);
    const decided = handOver(before, { resolutions: [{ stream: STREAM, sequence, digest }] });
    expect(standingIn(decided, named)).toBe('head');
    expect(standingIn(decided, nextRelease(before, noted('y')))).toBe('history');
  });

  it('A08: refuses what removed signers sign under the new charter', () => {
    const state = handOver(grown(1).state);
    const document = nextRelease(state, noted('x'), { charterVersion: 2 });
    expectCode('THRESHOLD', () => offer(state, document));
  });

  it('A09: refuses it as head when it names the older charter, and says what to do', () => {
    const state = handOver(grown(1).state);
    const error = expectCode('THRESHOLD', () => offer(state, nextRelease(state, noted('x'))));
    expect(error.message).toContain('publishing a new sequence under the current charter');
  });

  it('A09: takes it as history under a head of the current signers', () => {
    const state = handOver(grown(1).state);
    const second = nextRelease(state, noted('second'));
    const third = releaseAfter(placeOf(second, 2), noted('third'), {
      keys: [CAROL, ERIN],
      charterVersion: 2,
    });
    const chain = [second.statement, third.statement];
    const result = offer(state, third, { chain, history: [second.body] });
    expect(result).toMatchObject({ outcome: 'accepted', documents: [second, third] });
  });

  it('refuses history that no quorum of any time signed', () => {
    const state = handOver(grown(1).state);
    for (const keys of [[ALICE], [ALICE, ERIN]]) {
      const second = nextRelease(state, noted('second'), { keys });
      const third = releaseAfter(placeOf(second, 2), noted('third'), {
        keys: [CAROL, ERIN],
        charterVersion: 2,
      });
      const chain = [second.statement, third.statement];
      expectCode('THRESHOLD', () => offer(state, third, { chain }));
    }
  });

  it('refuses history of removed signers that names the charter without them', () => {
    const state = handOver(grown(1).state);
    const second = nextRelease(state, noted('second'), { charterVersion: 2 });
    const third = releaseAfter(placeOf(second, 2), noted('third'), {
      keys: [CAROL, ERIN],
      charterVersion: 2,
    });
    const chain = [second.statement, third.statement];
    expectCode('THRESHOLD', () => offer(state, third, { chain }));
  });
});

describe('acceptDocument: body of a release', () => {
  it('E01: refuses the body of another sequence', () => {
    const { state, documents } = grown(1);
    const second = nextRelease(state, noted('release 9'));
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    expect(first.body.length).toBe(second.body.length);
    const error = expectCode('DIGEST', () => offer(state, { ...second, body: first.body }));
    // Whoever passes such a body on has no excuse.
    expect(error.detail['standing']).toBeUndefined();
  });

  it('E02: refuses a body that is longer than declared', () => {
    const first = releaseAfter(undefined, noted('x'));
    const body = concatBytes(first.body, utf8(' '));
    expectCode('DIGEST', () => offer(begin(), { ...first, body }));
  });

  it('refuses a declared length that is not that of the signed body', () => {
    const { length } = encodeReleaseBody(noted('x'));
    const first = releaseAfter(undefined, noted('x'), { bodyBytes: length + 1 });
    expectCode('DIGEST', () => offer(begin(), first));
  });

  it('E08: refuses the body of one bundle in the stream of another', () => {
    const stream = releaseStream(parseBundleName('internal.prod.example.org'));
    expectCode('TYPE', () => offer(begin(), releaseAfter(undefined, noted('x'), { stream })));
  });

  it('E07: refuses an anchor that vanishes without a tombstone, in a jump too', () => {
    const { state } = grown(1);
    const less = bodyOf([anchor('one')]);
    expectCode('LIFECYCLE', () => offer(state, nextRelease(state, less)));
    const later = releaseAfter({ ...placeOf(nextRelease(state, less), 4) }, less);
    expectCode('LIFECYCLE', () => offer(state, later, { mode: 'jump' }));
  });

  it('I01: refuses an activation before the hold-down, and takes it after', () => {
    const state = tenAnchors();
    const staged = anchor('new', { state: 'staged' });
    const second = take(state, nextRelease(state, bodyOf([...bodyIn(state).anchors, staged])));
    const activate = (issuedMs: number): unknown => {
      const body = activateAnchor(bodyIn(second), staged.id, point(3, issuedMs));
      const nowMs = NOW_MS + 2 * DAY_MS;
      return offer(second, nextRelease(second, body, { issuedMs }), { nowMs });
    };
    expectCode('LIFECYCLE', () => activate(NOW_MS + DAY_MS - 1000));
    expect(activate(NOW_MS + DAY_MS)).toMatchObject({ outcome: 'accepted' });
  });

  it('I03: refuses a revoked anchor, whoever signs', () => {
    const state = tenAnchors();
    const second = take(state, nextRelease(state, revoking(state, 'n0')));
    const back = { ...bodyOf([...TEN, anchor('client', { purposes: ['tls-client'] })]) };
    const tombstones = bodyIn(second).tombstones;
    const keys = [ALICE, BOB, CAROL];
    expectCode('LIFECYCLE', () =>
      offer(second, nextRelease(second, { ...back, tombstones }, { keys })),
    );
    expectCode('LIFECYCLE', () => offer(second, nextRelease(second, back, { keys })));
  });

  it('judges the head of a chain by the release before it when its body is there', () => {
    const state = tenAnchors();
    const staged = anchor('new', { state: 'staged' });
    const active = anchor('new');
    const before = bodyIn(state).anchors;
    const second = nextRelease(state, bodyOf([...before, staged]));
    const third = releaseAfter(placeOf(second, 2), bodyOf([...before, active]));
    const chain = [second.statement, third.statement];
    expectCode('LIFECYCLE', () => offer(state, third, { chain, history: [second.body] }));
    // Without the bodies in between the hold-down cannot be judged: spec section 7, jumps.
    expect(offer(state, third, { chain }).outcome).toBe('accepted');
  });

  it('judges such a head against what is held too', () => {
    const state = tenAnchors();
    const second = nextRelease(state, bodyOf([anchor('other')]));
    const third = releaseAfter(placeOf(second, 2), bodyOf([anchor('other')]));
    const chain = [second.statement, third.statement];
    expectCode('LIFECYCLE', () => offer(state, third, { chain, history: [second.body] }));
  });

  it('refuses a body with a contradiction when nothing is held, in a jump too', () => {
    const both = bodyOf([anchor('one')], { tombstones: [tombstone('one')] });
    const document = releaseAfter(placeOf(releaseAfter(undefined, both), 7), both);
    expectCode('LIFECYCLE', () => offer(begin(), document, { mode: 'jump' }));
  });
});

describe('acceptDocument: blast radius', () => {
  /** Release signers other than the charter's, so that the quorums are apart. */
  function split(): TrustedState {
    const state = begin({ roles: { ...ROLES, release: role(1, 'erin') } });
    const document = releaseAfter(undefined, bodyOf(TEN), { keys: [ERIN] });
    return take(state, document);
  }

  it('I04: refuses to revoke more than its share without the charter quorum', () => {
    const state = split();
    const three = revoking(state, 'n0', 'n1', 'n2');
    expectCode('BLAST_RADIUS', () => offer(state, nextRelease(state, three, { keys: [ERIN] })));
    const half = nextRelease(state, three, { keys: [ERIN, ALICE] });
    expectCode('BLAST_RADIUS', () => offer(state, half));
  });

  it('I04: takes it with the charter quorum, and keeps its signatures for the next reader', () => {
    const state = split();
    const three = revoking(state, 'n0', 'n1', 'n2');
    const document = nextRelease(state, three, { keys: [ERIN, ALICE, BOB] });
    expect(offer(state, document)).toMatchObject({ outcome: 'accepted', document });
  });

  it('I04: does not bind what the charter quorum has named, whoever is in office then', () => {
    const state = split();
    const three = nextRelease(state, revoking(state, 'n0', 'n1', 'n2'), { keys: [ERIN] });
    const { sequence, digest } = placeOf(three, 2);
    const resolutions = [{ stream: STREAM, sequence, digest }];
    const under = (release: Role): unknown => {
      const roles = { ...ROLES, release };
      const charter = nextCharter(state, { roles, resolutions }, ALICE, BOB);
      return offer(take(state, charter), three);
    };
    const erin = role(1, 'erin');
    for (const release of [erin, role(1, 'carol'), { ...erin, expiryDays: 7 }]) {
      expect(under(release)).toMatchObject({ outcome: 'accepted', document: three });
    }
  });

  it('needs the release quorum as well', () => {
    const state = split();
    const body = bodyOf(TEN, { note: 'charter signers alone' });
    expectCode('THRESHOLD', () => offer(state, nextRelease(state, body, { keys: [ALICE, BOB] })));
  });

  it('I04: refuses to leave a purpose without an anchor', () => {
    const state = take(
      begin({ roles: { ...ROLES, release: role(1, 'erin') } }),
      releaseAfter(undefined, bodyOf([...TEN, anchor('c', { purposes: ['tls-client'] })]), {
        keys: [ERIN],
      }),
    );
    const body = revoking(state, 'c');
    expectCode('BLAST_RADIUS', () => offer(state, nextRelease(state, body, { keys: [ERIN] })));
  });
});

describe('acceptDocument: the revoke role', () => {
  it('takes a release that only revokes', () => {
    const state = tenAnchors();
    const document = nextRelease(state, revoking(state, 'n0'), { keys: [DAVE] });
    expect(offer(state, document)).toMatchObject({ outcome: 'accepted', document });
  });

  it('refuses one that does anything else', () => {
    const state = tenAnchors();
    const staged = anchor('new', { state: 'staged' });
    const adding = bodyOf([...bodyIn(state).anchors, staged]);
    expectCode('THRESHOLD', () => offer(state, nextRelease(state, adding, { keys: [DAVE] })));
    const retiring = retireAnchor(bodyIn(state), anchorId('n0'), point(2));
    expectCode('THRESHOLD', () => offer(state, nextRelease(state, retiring, { keys: [DAVE] })));
  });

  it('has no first release, no jump and no blast radius of its own', () => {
    const first = releaseAfter(undefined, bodyOf([]), { keys: [DAVE] });
    expectCode('THRESHOLD', () => offer(begin(), first));
    const state = tenAnchors();
    const body = revoking(state, 'n0');
    const later = releaseAfter(placeOf(nextRelease(state, body), 5), body, { keys: [DAVE] });
    expectCode('THRESHOLD', () => offer(state, later, { mode: 'jump' }));
    const many = nextRelease(state, revoking(state, 'n0', 'n1', 'n2'), { keys: [DAVE] });
    expectCode('BLAST_RADIUS', () => offer(state, many));
  });

  it('is held to its own validity', () => {
    const state = tenAnchors();
    const body = revoking(state, 'n0');
    const expiresMs = NOW_MS + 31 * DAY_MS;
    expectCode('POLICY', () => offer(state, nextRelease(state, body, { keys: [DAVE], expiresMs })));
    expect(offer(state, nextRelease(state, body, { expiresMs })).outcome).toBe('accepted');
  });

  it('may be history', () => {
    const state = tenAnchors();
    const second = nextRelease(state, revoking(state, 'n0'), { keys: [DAVE] });
    const third = releaseAfter(placeOf(second, 2), { ...revoking(state, 'n0'), note: 'third' });
    const chain = [second.statement, third.statement];
    expect(offer(state, third, { chain }).outcome).toBe('accepted');
  });

  it('carries no history of signers who have left', () => {
    const before = tenAnchors();
    const roles = { ...ROLES, release: role(1, 'carol'), charter: ROLES.charter };
    const state = take(before, nextCharter(before, { roles }, ALICE, BOB));
    const evil = bodyOf([...bodyIn(state).anchors, anchor('evil')]);
    const second = nextRelease(state, evil);
    const revoked = revokeAnchor(evil, anchorId('n0'), point(3));
    const third = releaseAfter(placeOf(second, 2), revoked, { keys: [DAVE] });
    const chain = [second.statement, third.statement];
    expectCode('THRESHOLD', () => offer(state, third, { chain, history: [second.body] }));
  });

  it('carries no history of signers who have left, even where that narrows', () => {
    const before = tenAnchors();
    const roles = { ...ROLES, release: role(1, 'carol') };
    const state = take(before, nextCharter(before, { roles }, ALICE, BOB));
    const second = nextRelease(state, revoking(state, 'n0'));
    const body = revoking(state, 'n0', 'n1');
    const third = releaseAfter(placeOf(second, 2), body, { keys: [DAVE] });
    const chain = [second.statement, third.statement];
    const error = expectCode('THRESHOLD', () =>
      offer(state, third, { chain, history: [second.body] }),
    );
    // It may be good as history below a release that others sign.
    expect(error.detail['standing']).toBe('history');
  });

  it('adds nothing to what comes along, whoever signed that', () => {
    const state = tenAnchors();
    const second = nextRelease(state, { ...bodyIn(state), note: 'second' });
    const staged = anchor('evil', { state: 'staged' });
    const adding = bodyOf([...bodyIn(state).anchors, staged]);
    const third = releaseAfter(placeOf(second, 2), adding, { keys: [DAVE] });
    const chain = [second.statement, third.statement];
    expectCode('THRESHOLD', () => offer(state, third, { chain, history: [second.body] }));
  });

  it('narrows twice what comes along, where that has a quorum of today', () => {
    const state = tenAnchors();
    const staged = bodyOf([...bodyIn(state).anchors, anchor('new', { state: 'staged' })]);
    const second = nextRelease(state, staged);
    const third = releaseAfter(placeOf(second, 2), revokeAnchor(staged, anchorId('n0'), point(3)), {
      keys: [DAVE],
    });
    const body = revokeAnchor(
      revokeAnchor(staged, anchorId('n0'), point(3)),
      anchorId('n1'),
      point(4),
    );
    const fourth = releaseAfter(placeOf(third, 3), body, { keys: [DAVE] });
    const chain = [second.statement, third.statement, fourth.statement];
    const history = [second.body, third.body];
    expect(offer(state, fourth, { chain, history }).outcome).toBe('accepted');
    expectCode('THRESHOLD', () => offer(state, fourth, { chain }));
  });

  it('is nobody in a realm whose charter names none', () => {
    const roles = { charter: ROLES.charter, release: ROLES.release };
    const state = begin({ roles });
    const first = take(state, releaseAfter(undefined, bodyOf(TEN)));
    const document = nextRelease(first, revoking(first, 'n0'), { keys: [DAVE] });
    expectCode('THRESHOLD', () => offer(first, document));
  });
});
