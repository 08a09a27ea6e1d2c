import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import type { AnchorId } from '../../../src/core/ids.ts';
import { retireAnchor, setNote } from '../../../src/core/releases/edit.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import type { PolicySubmission } from '../../../src/ports/policy.ts';
import { PolicyGate } from '../../../src/service/handing-in/policy-gate.ts';
import { addActive, createTestAnchors, type TestEdit } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestDocument, type TestRealm } from '../../../src/testing/realm.ts';

const BUNDLE = 'payments.test.example.org';
const [old, kept, fresh] = createTestAnchors(3);
const POLICY = {
  rules: [{ name: 'one', for: 'release', that: 'true', message: 'no' }],
} as const;

function realmWithPolicy(): TestRealm {
  const realm = createTestRealm();
  realm.nextCharter((charter) => ({ ...charter, policy: POLICY }));
  if (old !== undefined && kept !== undefined) realm.nextRelease(BUNDLE, addActive(old, kept));
  return realm;
}

interface Seen {
  readonly submissions: readonly PolicySubmission[];
  readonly asked: readonly AnchorId[];
  readonly refused: readonly string[];
}

async function pass(
  state: TrustedState | (() => TrustedState),
  { document }: TestDocument,
  blobs: readonly Uint8Array[] = [],
  verdict?: KedgeError,
): Promise<Seen> {
  const submissions: PolicySubmission[] = [];
  const asked: AnchorId[] = [];
  const refused: string[] = [];
  const gate = new PolicyGate(
    {
      policy: {
        require: (submission) => {
          submissions.push(submission);
          if (verdict !== undefined) throw verdict;
        },
      },
      store: {
        blobs: async (ids) => {
          asked.push(...ids);
          return new Map(ids.map((id) => [id, Uint8Array.of(1)]));
        },
      },
      clock: { nowMs: () => 0 },
      logger: noLogger,
      metrics: { increment: (_, labels) => refused.push(labels?.['code'] ?? ''), set: () => {} },
    },
    typeof state === 'function' ? state : () => state,
  );
  await gate.check(document, blobs).catch((thrown: unknown) => {
    if (thrown !== verdict) throw thrown;
  });
  return { submissions, asked, refused };
}

/** Signed on top of what the realm has, and not remembered. */
function next(realm: TestRealm, edit: TestEdit): TestDocument {
  const after = realm.releases(BUNDLE).at(-1);
  return realm.nextRelease(BUNDLE, edit, { after: after ?? 'nothing' });
}

describe('PolicyGate', () => {
  it('judges what follows the head, with the certificates of all anchors that change', async () => {
    const realm = realmWithPolicy();
    const state = realm.trustedState();
    const edit: TestEdit = (body, point) =>
      addActive(...(fresh ? [fresh] : []))(
        old === undefined ? body : retireAnchor(body, old.id, point),
        point,
      );
    const der = fresh?.facts.der ?? new Uint8Array();
    const seen = await pass(state, next(realm, edit), [der]);
    expect(seen.submissions).toHaveLength(1);
    expect(seen.submissions[0]?.state).toBe(state);
    // What stays as it is is not read from the disk, and neither is what came along.
    expect(seen.asked).toEqual([old?.id]);
    expect([...(seen.submissions[0]?.certificates.keys() ?? [])].toSorted()).toEqual(
      [old?.id, fresh?.id].toSorted(),
    );
  });

  it('counts and passes on what a rule refuses', async () => {
    const realm = realmWithPolicy();
    const refusal = new KedgeError('POLICY', 'no');
    const edit: TestEdit = (body) => setNote(body, 'x');
    const seen = await pass(realm.trustedState(), next(realm, edit), [], refusal);
    expect(seen.refused).toEqual(['POLICY']);
  });

  it('leaves alone what it knows, and what comes too early or too late (PO-5)', async () => {
    const realm = realmWithPolicy();
    const held = realm.releases(BUNDLE).at(-1);
    const state = realm.trustedState();
    realm.nextRelease(BUNDLE, (body) => setNote(body, 'next'));
    const gap = realm.nextRelease(BUNDLE, (body) => setNote(body, 'one too far'));
    const ignored = held === undefined ? [gap] : [held, gap];
    for (const document of ignored) {
      expect((await pass(state, document)).submissions).toEqual([]);
    }
  });

  it('judges charters always, as they may bring rules, releases where there are any', async () => {
    const realm = createTestRealm();
    const before = realm.trustedState();
    const release = realm.nextRelease(BUNDLE, (body) => setNote(body, 'first'));
    expect((await pass(before, release)).submissions).toEqual([]);
    const charter = realm.nextCharter((one) => ({ ...one, policy: POLICY }));
    expect((await pass(before, charter)).submissions).toHaveLength(1);
  });

  it('judges again when the charter changed meanwhile', async () => {
    const realm = realmWithPolicy();
    const states = [realm.trustedState()];
    const document = next(realm, (body) => setNote(body, 'x'));
    realm.nextCharter((charter) => ({ ...charter, note: 'later' }));
    states.push(realm.trustedState());
    let calls = 0;
    const seen = await pass(() => {
      calls += 1;
      return states[calls > 1 ? 1 : 0] ?? realm.trustedState();
    }, document);
    expect(seen.submissions.map(({ state }) => state.charters.length)).toEqual([2, 3]);
  });

  it('passes nothing that it could not judge, as the charter changed in every round', async () => {
    const realm = realmWithPolicy();
    const document = next(realm, (body) => setNote(body, 'x'));
    const changing = (): TrustedState => {
      realm.nextCharter((charter) => ({ ...charter, note: `${String(charter.version)} more` }));
      return realm.trustedState();
    };
    await expect(pass(changing, document)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
