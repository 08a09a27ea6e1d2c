import { describe, expect, it } from 'vitest';
import { parseBundleName } from '../../../src/core/ids.ts';
import { DOCUMENT_LEVEL, levelNeeded } from '../../../src/core/statements/document-level.ts';
import { addActive, createTestAnchors } from '../../../src/testing/anchors.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';
import { rolloutPlan } from '../../../src/testing/rollouts.ts';

const BUNDLE = parseBundleName('payments.test.example.org');

describe('levelNeeded', () => {
  it('is 0 for what every version understands, and 1 for what came after', () => {
    const realm = createTestRealm({ rolloutSigner: 'deploy' });
    const edit = addActive(...createTestAnchors(1));
    const plain = realm.nextRelease(BUNDLE, edit);
    const waits = realm.nextRelease(BUNDLE, (body) => ({ ...body, delivery: 'waves' as const }));
    const rollout = realm.nextRollout(BUNDLE, rolloutPlan(waits, plain));
    const resolution = { stream: waits.stream, sequence: waits.sequence, digest: waits.digest };
    const decides = realm.nextCharter((charter) => ({ ...charter, resolutions: [resolution] }));
    expect(levelNeeded('charter', realm.charters[0]?.document.body ?? new Uint8Array())).toBe(0);
    expect(levelNeeded('release', plain.document.body)).toBe(0);
    expect(levelNeeded('release', waits.document.body)).toBe(1);
    expect(levelNeeded('rollout', rollout.document.body)).toBe(1);
    expect(levelNeeded('charter', decides.document.body)).toBe(1);
    expect(DOCUMENT_LEVEL).toBe(1);
  });
});
