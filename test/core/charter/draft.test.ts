import { describe, expect, it } from 'vitest';
import { verifyFirstCharter } from '../../../src/core/charter/chain.ts';
import { encodeCharter, parseCharter } from '../../../src/core/charter/charter.ts';
import { draftCharter, rotateCharter } from '../../../src/core/charter/draft.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { CHARTER_STREAM, NO_PREVIOUS } from '../../../src/core/ids.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import {
  ALICE,
  BOB,
  DAY_MS,
  expectCode,
  firstDraft,
  NOW_MS,
  REALM,
  role,
  signer,
} from '../support.ts';

const { payload, body } = firstDraft();
const current = verifyFirstCharter(
  { statement: signStatement(payload, [ALICE, BOB]), body },
  { realm: REALM, digest: sha256(payload) },
);

describe('draftCharter', () => {
  it('states the first charter, to the second', () => {
    const { signers, roles } = current.charter;
    const draft = draftCharter(REALM, { signers, roles }, NOW_MS + 999);
    expect(draft.charter).toMatchObject({
      version: 1,
      note: '',
      lifecycle: { holdDownSeconds: 86_400, overlapSeconds: 604_800, blastRadiusPercent: 20 },
      clients: { freshnessSeconds: 600 },
    });
    expect(parseStatement(draft.payload)).toMatchObject({
      realm: REALM,
      stream: CHARTER_STREAM,
      sequence: 1,
      charterVersion: 1,
      previous: NO_PREVIOUS,
      issuedMs: NOW_MS,
      expiresMs: NOW_MS + 365 * DAY_MS,
      bodyDigest: sha256(draft.body),
      bodyBytes: draft.body.length,
    });
    expect(parseCharter(draft.body)).toEqual(draft.charter);
  });

  it('refuses what no node would accept', () => {
    const { signers, roles } = current.charter;
    const half = { ...roles, release: role(1, 'alice', 'bob') };
    expectCode('POLICY', () => draftCharter(REALM, { signers, roles: half }, NOW_MS));
    expectCode('KEY', () =>
      draftCharter(REALM, { signers: [...signers, signer('x', ALICE)], roles }, NOW_MS),
    );
  });
});

describe('rotateCharter', () => {
  it('keeps what is not changed, but not the note', () => {
    const draft = rotateCharter(current, { clients: { freshnessSeconds: 60 } }, NOW_MS);
    expect(draft.charter).toEqual({
      ...current.charter,
      version: 2,
      note: '',
      clients: { freshnessSeconds: 60 },
    });
    expect(encodeCharter(draft.charter)).toEqual(draft.body);
  });

  it('follows the current charter', () => {
    const draft = rotateCharter(current, { note: 'second' }, NOW_MS + DAY_MS + 1);
    expect(draft.charter.note).toBe('second');
    expect(parseStatement(draft.payload)).toMatchObject({
      sequence: 2,
      charterVersion: 2,
      previous: current.digest,
      issuedMs: NOW_MS + DAY_MS,
    });
  });

  it('refuses what no node would accept', () => {
    const roles = { ...current.charter.roles, charter: role(1, 'alice', 'bob', 'carol') };
    expectCode('POLICY', () => rotateCharter(current, { roles }, NOW_MS));
  });
});
