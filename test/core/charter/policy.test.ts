import { describe, expect, it } from 'vitest';
import { concatBytes, encodeBase64, parseHex } from '../../../src/core/bytes.ts';
import { type Charter, encodeCharter, parseCharter } from '../../../src/core/charter/charter.ts';
import { parseRegionName } from '../../../src/core/ids.ts';
import {
  ALICE,
  BOB,
  CAROL,
  CHARTER,
  DAVE,
  ERIN,
  ed25519Key,
  expectCode,
  firstDraft,
  id,
  plain,
  replaced,
  role,
  signer,
} from '../support.ts';

const body = firstDraft().body;
const names = ['a', 'b', 'c', 'd', 'e'];

/** A charter with `n` signers of whom `m` are needed in one role. */
function withRole(name: string, m: number, n: number): Charter {
  const signers = names.map((one, i) => signer(one, ed25519Key(40 + i)));
  const base: Charter = {
    ...CHARTER,
    signers: [...signers, signer('zoe', DAVE)],
    roles: { charter: role(1, 'zoe'), release: role(1, 'zoe') },
  };
  const wanted = role(m, ...names.slice(0, n));
  if (name === 'delegation') {
    return { ...base, delegations: [{ bundle: '*.example.org', role: wanted }] };
  }
  if (name === 'recovery') {
    const keyDigests = signers.slice(0, n).map((_, i) => ed25519Key(60 + i).publicKey.keyId);
    return {
      ...base,
      roles: { ...base.roles, recovery: { keyDigests, threshold: m, expiryDays: 30 } },
    };
  }
  return { ...base, roles: { ...base.roles, [name]: wanted } };
}

const MAJORITY = ['charter', 'release', 'rollout', 'recovery', 'delegation'];

describe('thresholds', () => {
  it.each(MAJORITY)('of %s are more than half, and at most all', (name) => {
    for (let n = 1; n <= 5; n += 1) {
      for (let m = -1; m <= n + 1; m += 1) {
        const encode = (): unknown => encodeCharter(withRole(name, m, n));
        if (m > n / 2 && m <= n) expect(encode()).toBeInstanceOf(Uint8Array);
        else expectCode('POLICY', encode);
      }
    }
  });

  it.each(['revoke', 'region'])('of %s are from one to all', (name) => {
    for (let n = 1; n <= 5; n += 1) {
      for (let m = -1; m <= n + 1; m += 1) {
        const encode = (): unknown => encodeCharter(withRole(name, m, n));
        if (m >= 1 && m <= n) expect(encode()).toBeInstanceOf(Uint8Array);
        else expectCode('POLICY', encode);
      }
    }
  });

  it.each([0, -1, '2', 4, 1, Number.MAX_SAFE_INTEGER, true, [2], {}])(
    'refuses %j for two of three (A10)',
    (threshold) => {
      for (const name of ['charter', 'release']) {
        const bytes = replaced(body, `roles.${name}.threshold`, threshold);
        expectCode('POLICY', () => parseCharter(bytes));
      }
    },
  );
});

describe('a refused threshold', () => {
  const messageOf = (name: string, m: number, n: number): string =>
    expectCode('POLICY', () => encodeCharter(withRole(name, m, n))).message;

  it.each(['charter', 'release', 'rollout', 'recovery'])(
    'of %s is named with its bounds',
    (name) => {
      expect(messageOf(name, 1, 3)).toBe(`threshold 1 of role ${name} must be more than half of 3`);
    },
  );

  it('of a delegation is named with the bundle', () => {
    expect(messageOf('delegation', 1, 2)).toBe(
      'threshold 1 of role release of *.example.org must be more than half of 2',
    );
  });

  it.each(['revoke', 'region'])('of %s is named with its bounds', (name) => {
    expect(messageOf(name, 4, 3)).toBe(`threshold 4 of role ${name} must be from 1 to 3`);
  });
});

describe('signers of roles', () => {
  it.each(['charter', 'release', 'revoke', 'rollout', 'region', 'delegation'])(
    'of %s are all in the charter',
    (name) => {
      const charter = withRole(name, 2, 3);
      const without = { ...charter, signers: charter.signers.filter((one) => one.id !== id('b')) };
      expect(expectCode('POLICY', () => encodeCharter(without)).message).toContain(' b,');
    },
  );
});

describe('keys', () => {
  it('belong to one signer (A01)', () => {
    const signers = [...CHARTER.signers, signer('dave', ALICE)];
    const error = expectCode('KEY', () => encodeCharter({ ...CHARTER, signers }));
    expect(error.message).toContain('listed for signer alice and for signer dave');
    expect(error.detail).toEqual({ keyId: ALICE.publicKey.keyId });
  });

  it('are listed once for their signer', () => {
    const signers = [signer('alice', ALICE, ALICE), signer('bob', BOB), signer('carol', CAROL)];
    expectCode('KEY', () => encodeCharter({ ...CHARTER, signers }));
  });

  it('are the same in compressed form (A01, A02)', () => {
    const { spki } = CAROL.publicKey;
    const parity = 2 + ((spki.at(-1) ?? 0) & 1);
    const compressed = concatBytes(
      parseHex('3039301306072a8648ce3d020106082a8648ce3d030107032200'),
      Uint8Array.of(parity),
      spki.subarray(27, 59),
    );
    const key = { alg: 'ecdsa-p256-sha256', spki: encodeBase64(compressed) };
    const alone = parseCharter(replaced(body, 'signers.2.keys.0', key));
    expect(alone.signers[2]?.keys).toEqual([CAROL.publicKey]);
    expectCode('KEY', () => parseCharter(replaced(body, 'signers.1.keys.0', key)));
    const both = [...(plain(body)['signers'] as { keys: unknown[] }[])].map((one) => one.keys);
    expectCode('KEY', () => parseCharter(replaced(body, 'signers.2.keys', [both[2]?.[0], key])));
  });

  it('of regions are nobody else’s', () => {
    const region = (name: string, key: typeof ALICE): Charter['regions'][number] => ({
      name: parseRegionName(name),
      keys: [key.publicKey],
    });
    const withRegions = (...regions: Charter['regions']): (() => unknown) => {
      return () => encodeCharter({ ...CHARTER, regions });
    };
    expect(withRegions(region('fra', DAVE), region('iad', ERIN))()).toBeInstanceOf(Uint8Array);
    expectCode('KEY', withRegions(region('fra', ALICE)));
    expectCode('KEY', withRegions(region('fra', DAVE), region('iad', DAVE)));
  });

  it('of recovery are not listed', () => {
    const recovery = (keyId: typeof ALICE.publicKey.keyId): (() => unknown) => {
      const role3 = { keyDigests: [keyId], threshold: 1, expiryDays: 30 };
      return () => encodeCharter({ ...CHARTER, roles: { ...CHARTER.roles, recovery: role3 } });
    };
    expect(recovery(DAVE.publicKey.keyId)()).toBeInstanceOf(Uint8Array);
    expectCode('KEY', recovery(BOB.publicKey.keyId));
  });
});

describe('online roles', () => {
  const signers = [...CHARTER.signers, signer('dave', DAVE), signer('erin', ERIN)];
  const revoke = role(1, 'erin');
  const delegations = [{ bundle: 'x.example.org', role: role(1, 'erin') }];

  it.each(['region', 'rollout'])('such as %s share no signer with an offline one', (name) => {
    const encode = (online: string, extra: Partial<Charter> = {}): (() => unknown) => {
      const roles = { ...CHARTER.roles, ...extra.roles, [name]: role(1, online) };
      return () => encodeCharter({ ...CHARTER, ...extra, signers, roles });
    };
    expect(encode('dave')()).toBeInstanceOf(Uint8Array);
    expect(encode('erin')()).toBeInstanceOf(Uint8Array);
    expectCode('KEY', encode('alice'));
    expectCode('KEY', encode('erin', { roles: { ...CHARTER.roles, revoke } }));
    expectCode('KEY', encode('erin', { delegations }));
    const elsewhere = { ...CHARTER.roles, release: role(1, 'erin') };
    expectCode('KEY', encode('erin', { roles: elsewhere }));
  });

  it('may share signers with each other', () => {
    const roles = { ...CHARTER.roles, region: role(1, 'dave'), rollout: role(1, 'dave') };
    expect(encodeCharter({ ...CHARTER, signers, roles })).toBeInstanceOf(Uint8Array);
  });
});
