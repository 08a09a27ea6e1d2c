import { describe, expect, it } from 'vitest';
import type { CertificateOutline } from '../../../src/core/anchors/outline.ts';
import { isSoundPath } from '../../../src/core/anchors/sound-path.ts';

const CONTEXT = { nowMs: 1000, usage: 'server' } as const;
const SERVER = '2b06010505070301';
const CLIENT = '2b06010505070302';
const ANY = '551d2500';
const CA: CertificateOutline = {
  ...{ notBeforeMs: 0, notAfterMs: 2000 },
  ...{ dnsNames: [], uris: [], ips: [], commonNames: [] },
  hasNameConstraints: false,
};

function isSound(...changes: readonly Partial<CertificateOutline>[]): boolean {
  const path = changes.map((change) => ({ ...CA, ...change }));
  return isSoundPath(path, CONTEXT);
}

describe('isSoundPath', () => {
  it.each<[what: string, isSound: boolean, path: readonly Partial<CertificateOutline>[]]>([
    ['a CA that limits nothing', true, [{}]],
    ['several of them', true, [{}, {}, {}]],
    ['one that is valid from now', true, [{ notBeforeMs: 1000 }]],
    ['one that is valid from later', false, [{ notBeforeMs: 1001 }]],
    ['one that is valid until now', true, [{ notAfterMs: 1000 }]],
    ['one that has expired', false, [{ notAfterMs: 999 }]],
    ['an intermediate that has expired', false, [{ notAfterMs: 999 }, {}]],
    ['an anchor that has expired', false, [{}, { notAfterMs: 999 }]],
    ['name constraints, which nobody checks here', false, [{}, { hasNameConstraints: true }]],
    ['an intermediate that may have no CA below it', true, [{ pathLen: 0 }, {}]],
    ['a CA below one that may have none', false, [{}, { pathLen: 0 }]],
    ['a CA below one that may have one', true, [{}, { pathLen: 1 }]],
    ['two CAs below one that may have one', false, [{}, {}, { pathLen: 1 }]],
    ['the usage that is asked for', true, [{ usages: [CLIENT, SERVER] }]],
    ['any usage', true, [{ usages: [ANY] }]],
    ['another usage', false, [{ usages: [CLIENT] }]],
    ['no usage at all', false, [{ usages: [] }]],
    ['an anchor for another usage', false, [{}, { usages: [CLIENT] }]],
  ])('judges a path with %s: %j', (_, expected, path) => {
    expect(isSound(...path)).toBe(expected);
  });

  it('judges by what the leaf is used for', () => {
    const forServers = [{ ...CA, usages: [SERVER] }];
    expect(isSoundPath(forServers, { ...CONTEXT, usage: 'client' })).toBe(false);
    const forClients = [{ ...CA, usages: [CLIENT] }];
    expect(isSoundPath(forClients, { ...CONTEXT, usage: 'client' })).toBe(true);
  });
});
