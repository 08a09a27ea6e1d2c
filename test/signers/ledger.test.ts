import { appendFile, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parseRealmName, parseSequence, parseSha256, parseStreamName } from '../../src/core/ids.ts';
import { Ledger, type LedgerEntry, ledgerPath } from '../../src/signers/ledger.ts';
import { codeOf } from '../contract/store.ts';
import { childProgram, childResult } from '../support/child.ts';
import { containing } from '../support/messages.ts';

const root = await mkdtemp(join(tmpdir(), 'kedge-ledger-'));
let count = 0;
let path = '';

afterAll(() => rm(root, { recursive: true }));

beforeEach(() => {
  count += 1;
  path = join(root, `${String(count)}.ledger`);
});

const entry: LedgerEntry = {
  realm: parseRealmName('prod.example.org'),
  stream: parseStreamName('release/payments.example.org'),
  sequence: parseSequence(7),
  digest: parseSha256('a'.repeat(64)),
};
const other = parseSha256('b'.repeat(64));

describe('Ledger', () => {
  it('lies beside its key file, by whatever name that is opened', async () => {
    expect(await ledgerPath('keys/ana.age')).toBe('keys/ana.age.ledger');
    const keyFile = `${path}.age`;
    await writeFile(keyFile, '');
    await symlink(keyFile, `${path}.link`);
    expect(await ledgerPath(`${path}.link`)).toBe(await ledgerPath(keyFile));
  });

  it('takes the same digest again', async () => {
    await new Ledger(path).record(entry);
    await new Ledger(path).record(entry);
    expect(await new Ledger(path).entries()).toEqual([entry]);
  });

  it('refuses a second digest for one sequence (C13)', async () => {
    await new Ledger(path).record(entry);
    const refused = new Ledger(path).record({ ...entry, digest: other });
    await expect(refused).rejects.toMatchObject({
      code: 'CONFLICT',
      message: containing('release/payments.example.org 7 of prod.example.org'),
    });
    expect(await new Ledger(path).entries()).toEqual([entry]);
  });

  it('takes one of another side after the charter decided about a fork below', async () => {
    const ledger = new Ledger(path);
    const fell = { ...entry, previous: parseSha256('c'.repeat(64)) };
    const stands = { ...entry, digest: other, previous: parseSha256('d'.repeat(64)) };
    await ledger.record(fell);
    expect(await codeOf(ledger.record(stands))).toBe('CONFLICT');
    await ledger.record(stands, 'other-side');
    await ledger.record(stands, 'other-side');
    expect(await ledger.entries()).toEqual([fell, stands]);
    const rival = { ...stands, digest: parseSha256('e'.repeat(64)) };
    expect(await codeOf(ledger.record(rival, 'other-side'))).toBe('CONFLICT');
  });

  it('takes no second one where the first says nothing of what it follows', async () => {
    const ledger = new Ledger(path);
    await ledger.record(entry);
    const second = { ...entry, digest: other, previous: parseSha256('d'.repeat(64)) };
    expect(await codeOf(ledger.record(second, 'other-side'))).toBe('CONFLICT');
  });

  it('keeps realms, streams and sequences apart', async () => {
    const ledger = new Ledger(path);
    await ledger.record(entry);
    await ledger.record({ ...entry, realm: parseRealmName('staging.example.org'), digest: other });
    await ledger.record({ ...entry, stream: parseStreamName('release/public-web'), digest: other });
    await ledger.record({ ...entry, sequence: parseSequence(8), digest: other });
    expect(await ledger.entries()).toHaveLength(4);
  });

  it('finds the newest entry of a stream', async () => {
    const ledger = new Ledger(path);
    const newer = { ...entry, sequence: parseSequence(9), digest: other };
    expect(await ledger.newest(entry.realm, entry.stream)).toBeUndefined();
    await ledger.record(newer);
    await ledger.record(entry);
    await ledger.record({ ...entry, realm: parseRealmName('other.example.org') });
    expect(await ledger.newest(entry.realm, entry.stream)).toEqual(newer);
  });

  it('writes lines that people and tools can read, for the owner alone', async () => {
    await new Ledger(path).record(entry);
    expect(await readFile(path, 'utf8')).toBe(
      `{"digest":"${entry.digest}","realm":"prod.example.org","sequence":7,` +
        '"stream":"release/payments.example.org"}\n',
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('skips a line that a full disk cut short, and goes on after it', async () => {
    const ledger = new Ledger(path);
    await ledger.record(entry);
    await appendFile(path, '{"digest":"bbbb');
    await ledger.record({ ...entry, sequence: parseSequence(8) });
    expect(await codeOf(ledger.record({ ...entry, digest: other }))).toBe('CONFLICT');
    expect((await ledger.entries()).map(({ sequence }) => sequence)).toEqual([7, 8]);
  });

  it.each([
    ['changed', '{"digest":"x","realm":"prod.example.org","sequence":7,"stream":"charter"}\n'],
    ['not canonical', '{ "digest":"x" }\n'],
    ['of two lines', '{"digest":"bb{"digest":"cc"}\n'],
  ])('signs nothing while a line is unreadable: %s', async (_what, line) => {
    await writeFile(path, line);
    await expect(new Ledger(path).record(entry)).rejects.toMatchObject({
      code: 'STORE',
      message: containing(`line 1 of the ledger ${path}`),
    });
  });

  it('says what to do when the ledger cannot be written', async () => {
    const nowhere = new Ledger(join(root, 'missing', 'ana.ledger'));
    await expect(nowhere.record(entry)).rejects.toMatchObject({
      code: 'STORE',
      message: containing('check the path'),
    });
  });

  it('lets one of many calls win', async () => {
    const ledger = new Ledger(path);
    const digits = Array.from({ length: 16 }, (_, digit) => digit.toString(16));
    const codes = await Promise.all(
      digits.map((digit) =>
        codeOf(ledger.record({ ...entry, digest: parseSha256(digit.repeat(64)) })),
      ),
    );
    expect(codes.filter((code) => code === 'no error')).toHaveLength(1);
    expect(codes.filter((code) => code === 'CONFLICT')).toHaveLength(15);
  });

  it('lets one of several processes win', async () => {
    const program = childProgram(new URL('ledger-child.ts', import.meta.url));
    try {
      for (let round = 0; round < 4; round += 1) {
        const file = `${path}.${String(round)}`;
        const children = ['1', '2', '3', '4'].map((digit) => program.run([file, digit]));
        const results = await Promise.all(children.map(childResult));
        const outcomes = results.map(({ stdout }) => stdout).sort();
        expect(outcomes, results.map(({ stderr }) => stderr).join()).toEqual([
          'CONFLICT',
          'CONFLICT',
          'CONFLICT',
          'won',
        ]);
      }
    } finally {
      program.remove();
    }
  });
});
