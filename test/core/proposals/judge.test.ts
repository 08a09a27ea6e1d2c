import { beforeEach, describe, expect, it } from 'vitest';
import { encodeCharter } from '../../../src/core/charter/charter.ts';
import { generateSigningKey, sha256 } from '../../../src/core/crypto.ts';
import { parseSignerId } from '../../../src/core/ids.ts';
import { isComplete, judgeProposal } from '../../../src/core/proposals/judge.ts';
import type { Proposal } from '../../../src/core/proposals/model.ts';
import { addActive, createTestAnchor } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { named, rolloutPlan } from '../../../src/testing/rollouts.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { expectCode } from '../support.ts';
import { BUNDLE, propose } from './support.ts';

const DAY_MS = 86_400_000;
const anchor = createTestAnchor('CA 1');
const other = createTestAnchor('CA 2');

describe('judgeProposal', () => {
  let realm: TestRealm;

  beforeEach(() => {
    realm = createTestRealm();
  });

  function judge(proposal: Proposal, nowMs: number = TEST_EPOCH_MS): string {
    try {
      return judgeProposal(realm.trustedState(), proposal, nowMs).support.signers.join(' ');
    } catch (thrown) {
      return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'threw';
    }
  }

  it('takes what one of those who may sign it signed', () => {
    expect(judge(propose(realm, anchor, ['alice']))).toBe('alice');
  });

  it('refuses what nobody who may sign it signed', () => {
    realm.addSigner('mallory', generateSigningKey('ed25519'));
    expect(judge(propose(realm, anchor, ['mallory']))).toBe('THRESHOLD');
    expect(judge(propose(realm, anchor, []))).toBe('THRESHOLD');
  });

  it('refuses what is of another realm', () => {
    const elsewhere = createTestRealm({ realm: 'other.example.org' });
    expect(judge(propose(elsewhere, anchor, ['alice']))).toBe('REALM');
  });

  it('asks for the certificates of new anchors alone', () => {
    realm.nextRelease(BUNDLE, addActive(anchor));
    const { document } = realm.nextRelease(BUNDLE, addActive(other), {
      after: realm.releases(BUNDLE)[0] ?? 'nothing',
      signers: ['alice'],
    });
    const state = realm.trustedState();
    for (const blobs of [[other.der], [anchor.der, other.der]]) {
      const judged = judgeProposal(state, { document, blobs }, TEST_EPOCH_MS);
      expect(judged.proposal.blobs).toEqual([other.der]);
    }
    expect(judge({ document, blobs: [anchor.der] })).toBe('DIGEST');
  });

  it('takes a rollout with one of the signatures that it needs', () => {
    realm = createTestRealm({ holdDownSeconds: 0, rolloutSigner: 'deploy' });
    const second = realm.addSigner('deploy-2');
    realm.nextCharter((charter) => ({
      ...charter,
      signers: [
        ...charter.signers,
        { id: second.id, owner: 'd', keys: [second.key.publicKey] },
      ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      roles: {
        ...charter.roles,
        rollout: { signers: [parseSignerId('deploy'), second.id], threshold: 2, expiryDays: 30 },
      },
    }));
    const one = realm.nextRelease(BUNDLE, addActive(anchor));
    const two = realm.nextRelease(BUNDLE, addActive(other));
    const plan = rolloutPlan(named(two), named(one));
    const after = 'nothing' as const;
    const rollout = (...signers: readonly string[]): Proposal => {
      const { document } = realm.nextRollout(BUNDLE, plan, { after, signers });
      return { document, blobs: [] };
    };
    expect(judge(rollout('deploy-2'))).toBe('deploy-2');
    expect(judge(rollout('alice'))).toBe('THRESHOLD');
  });

  it('refuses a charter from the future of the node (AC-6)', () => {
    const state = realm.trustedState();
    const { document } = realm.nextCharter((charter) => ({ ...charter, note: 'next' }), {
      signers: ['alice'],
    });
    const at = (nowMs: number): unknown =>
      judgeProposal(state, { document, blobs: [] }, nowMs).support.signers;
    expect(at(TEST_EPOCH_MS - 300_000)).toEqual(['alice']);
    expectCode('EXPIRED', () => at(TEST_EPOCH_MS - 301_000));
  });

  it('asks those to whom the bundle is delegated, and not the others of the release role', () => {
    realm = createTestRealm({ signers: 5 });
    realm.nextCharter((charter) => {
      const { charter: role } = charter.roles;
      const delegated = { ...role, signers: [parseSignerId('signer-4')], threshold: 1 };
      const delegations = [{ bundle: BUNDLE, role: delegated }];
      const roles = { ...charter.roles, charter: { ...role, signers: role.signers.slice(0, 3) } };
      return { ...charter, delegations, roles };
    });
    expect(judge(propose(realm, anchor, ['signer-4']))).toBe('signer-4');
    expect(judge(propose(realm, anchor, ['signer-5']))).toBe('THRESHOLD');
  });

  it('drops garbage among the signatures, and certificates that it does not need', () => {
    realm.addSigner('mallory', generateSigningKey('ed25519'));
    const { document } = propose(realm, anchor, ['mallory', 'bob']);
    const judged = judgeProposal(
      realm.trustedState(),
      { document, blobs: [other.der, anchor.der] },
      TEST_EPOCH_MS,
    );
    expect(judged.proposal.document.statement.signatures).toHaveLength(1);
    expect(judged.proposal.blobs).toEqual([anchor.der]);
  });

  it('refuses a proposal without the certificates that are new in it', () => {
    const { document } = propose(realm, anchor, ['alice']);
    expect(judge({ document, blobs: [other.der] })).toBe('DIGEST');
  });

  it('refuses more certificates than travel with a proposal, with what to do', () => {
    const { document } = propose(realm, anchor, ['alice']);
    const blobs = Array.from({ length: 65 }, () => new Uint8Array(16_384));
    expect(judge({ document, blobs })).toBe('LIMIT');
    expect(() => judgeProposal(realm.trustedState(), { document, blobs }, TEST_EPOCH_MS)).toThrow(
      /draft file/,
    );
  });

  it('refuses another body than the one that was signed', () => {
    const { document, blobs } = propose(realm, anchor, ['alice']);
    const body = propose(realm, other, ['alice']).document.body;
    expect(judge({ document: { ...document, body }, blobs })).toBe('DIGEST');
  });

  it('refuses a place that is taken, and says by what', () => {
    const proposal = propose(realm, anchor, ['alice']);
    const loser = propose(realm, other, ['alice']);
    realm.nextRelease(BUNDLE, addActive(anchor));
    const state = realm.trustedState();
    expect(() => judgeProposal(state, proposal, TEST_EPOCH_MS)).toThrow(/already published/);
    expect(() => judgeProposal(state, loser, TEST_EPOCH_MS)).toThrow(/is taken/);
    expect(judge(loser)).toBe('CONFLICT');
  });

  it('refuses a place beyond the next one', () => {
    const first = realm.nextRelease(BUNDLE, addActive(anchor));
    const state = createTestRealm().trustedState();
    expect(state.streams.size).toBe(0);
    const { document } = realm.nextRelease(BUNDLE, (body) => body, { after: first });
    const before = { ...realm.trustedState(), streams: new Map() };
    expect(() => judgeProposal(before, { document, blobs: [] }, TEST_EPOCH_MS)).toThrow(/missing/);
  });

  it('refuses what has expired, and what was issued more than 14 days ago', () => {
    const short = propose(realm, anchor, ['alice'], { expiresMs: TEST_EPOCH_MS + DAY_MS });
    expect(judge(short, TEST_EPOCH_MS + DAY_MS)).toBe('EXPIRED');
    const long = propose(realm, anchor, ['alice']);
    expect(judge(long, TEST_EPOCH_MS + 14 * DAY_MS - 1000)).toBe('alice');
    expect(judge(long, TEST_EPOCH_MS + 14 * DAY_MS)).toBe('EXPIRED');
  });

  it('refuses what breaks the lifecycle although the signatures are still to come', () => {
    realm = createTestRealm({ holdDownSeconds: 3600 });
    realm.nextRelease(BUNDLE, addActive(anchor));
    const { document } = realm.nextRelease(BUNDLE, addActive(other), {
      after: realm.releases(BUNDLE)[0] ?? 'nothing',
      signers: ['alice'],
    });
    expect(judge({ document, blobs: [other.der] })).toBe('LIFECYCLE');
  });

  it('takes a charter that a signer of the ruling one signed, not one whom it names itself', () => {
    const mallory = realm.addSigner('mallory');
    const state = realm.trustedState();
    const change = (signers: readonly string[]): Proposal => {
      const fresh = createTestRealm();
      expect(fresh.name).toBe(realm.name);
      const next = realm.nextCharter(
        (charter) => ({
          ...charter,
          signers: [
            ...charter.signers,
            { id: mallory.id, owner: 'm', keys: [mallory.key.publicKey] },
          ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
          roles: {
            ...charter.roles,
            charter: {
              ...charter.roles.charter,
              signers: [...charter.roles.charter.signers, mallory.id].toSorted(),
              threshold: 3,
            },
          },
          note: signers.join(),
        }),
        { signers },
      );
      return { document: next.document, blobs: [] };
    };
    const both = judgeProposal(state, change(['alice', 'mallory']), TEST_EPOCH_MS);
    expect(both.support.signers).toEqual(['alice']);
    expect(both.support.signatures).toHaveLength(2);
  });

  it('says when the signatures suffice', () => {
    const state = realm.trustedState();
    const complete = (signers: readonly string[]): boolean =>
      isComplete(state, propose(realm, anchor, signers).document);
    expect(complete(['alice'])).toBe(false);
    expect(complete(['alice', 'bob'])).toBe(true);
  });

  it('reads no body before somebody who may has signed for it', () => {
    const body = encodeCharter(realm.charter.charter);
    const { document } = propose(realm, anchor, []);
    expect(sha256(body)).not.toBe(sha256(document.body));
    expect(judge({ document: { ...document, body }, blobs: [] })).toBe('THRESHOLD');
  });
});
