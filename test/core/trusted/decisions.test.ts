import { beforeEach, describe, expect, it } from 'vitest';
import type { Charter } from '../../../src/core/charter/charter.ts';
import { generateSigningKey } from '../../../src/core/crypto.ts';
import { CHARTER_STREAM, parseSequence, parseSha256 } from '../../../src/core/ids.ts';
import { type LogName, logOrigin } from '../../../src/core/log/log-name.ts';
import { logOf } from '../../../src/core/trusted/decisions.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { STREAM } from './world.ts';

const revealed = [generateSigningKey('ed25519').publicKey];

describe('logOf', () => {
  let realm: TestRealm;

  beforeEach(() => {
    realm = createTestRealm();
  });

  it('names a log by the newest decision, and the charters by none', () => {
    next({ resolutions: decide(1) });
    next({});
    expect(logOf(chain(), STREAM)).toMatchObject({ decidedBy: 2 });
    next({ resolutions: decide(2) });
    expect(logOf(chain(), STREAM)).toMatchObject({ decidedBy: 4 });
    expect(origins().map((origin) => origin.split('/').at(-1))).toEqual(['4', CHARTER_STREAM]);
  });

  it('names all logs by the newest recovery, and forgets what was decided up to it', () => {
    next({ resolutions: decide(1) });
    next({ revealed, resolutions: decide(2) });
    expect(logOf(chain(), STREAM)).toEqual({ realm: realm.name, stream: STREAM, recoveredBy: 3 });
    expect(logOf(chain(), CHARTER_STREAM)).toMatchObject({ recoveredBy: 3 });
    next({ resolutions: decide(3) });
    expect(logOf(chain(), STREAM)).toMatchObject({ recoveredBy: 3, decidedBy: 4 });
    expect(origins()).toEqual([`${realm.name}/${STREAM}/3/4`, `${realm.name}/${CHARTER_STREAM}/3`]);
    next({ revealed });
    expect(logOf(chain(), STREAM)).toEqual({ realm: realm.name, stream: STREAM, recoveredBy: 5 });
  });

  function next(change: Pick<Partial<Charter>, 'revealed' | 'resolutions'>): void {
    realm.nextCharter(({ revealed: _, resolutions: __, ...charter }) => ({
      ...charter,
      ...change,
    }));
  }

  function chain(): Parameters<typeof logOf>[0] {
    const charters = realm.charters.map(({ charter }) => ({ version: charter.version, charter }));
    return { realm: realm.name, charters };
  }

  function origins(): readonly string[] {
    return [STREAM, CHARTER_STREAM].map((stream): LogName => logOf(chain(), stream)).map(logOrigin);
  }
});

function decide(sequence: number): NonNullable<Charter['resolutions']> {
  const digest = parseSha256('a'.repeat(64));
  return [{ stream: STREAM, sequence: parseSequence(sequence), digest }];
}
