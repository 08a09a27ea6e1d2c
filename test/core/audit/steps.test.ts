import { describe, expect, it } from 'vitest';
import { stepFacts } from '../../../src/core/audit/steps.ts';
import { rolloutStream } from '../../../src/core/ids.ts';
import { setNote } from '../../../src/core/releases/edit.ts';
import { encodeRolloutBody } from '../../../src/core/rollouts/body.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';
import { rolloutOf } from '../rollouts/support.ts';

const BUNDLE = 'payments.test.example.org';

describe('stepFacts', () => {
  it('finds the gate that the signed note of a rotation passed, with its reason', () => {
    const realm = createTestRealm();
    const noted = (note: string): unknown => {
      const { stream, document } = realm.nextRelease(BUNDLE, (body) => setNote(body, note));
      return stepFacts(stream, document.body);
    };
    const passed = 'override loaded: host down, ticket 4711 (1 program has not loaded it)';
    expect(noted(`rotation from "a" to "b": activate; ${passed}`)).toEqual([
      { what: 'override', reason: passed },
    ]);
    expect(noted('rotation from "a" to "b": activate')).toEqual([]);
    expect(noted(passed)).toEqual([]);
  });

  it('says of a rollout how it goes on, and of charters nothing', () => {
    const realm = createTestRealm();
    const { stream, document } = realm.charter;
    expect(stepFacts(stream, document.body)).toEqual([]);
    const told = (plan: Parameters<typeof rolloutOf>[0]): unknown => {
      const body = rolloutOf(plan);
      return stepFacts(rolloutStream(body.bundle), encodeRolloutBody(body));
    };
    expect(told({ state: 'paused' })).toEqual([
      { what: 'rollout-step', reason: 'paused: release 2, the others have release 1' },
    ]);
  });
});
