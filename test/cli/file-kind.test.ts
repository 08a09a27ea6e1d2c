/**
 * Commands that are given another file than they can use say what it is and which command shows it.
 */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliRealm, createCliRealm } from './support.ts';

const BUNDLE = 'payments.prod.example.org';

describe('files of another kind', () => {
  let realm: CliRealm;

  beforeAll(async () => {
    realm = await createCliRealm('--hold-down', '0s');
    await realm.run(['anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE]);
    await realm.run(['charter', 'rotate', '--note', 'next']);
    await writeFile(`${realm.cwd}/some.json`, '{"format":"theirs/1"}\n');
  });

  afterAll(async () => {
    await realm[Symbol.asyncDispose]();
  });

  it.each([
    ['charter show charter-2.draft.json', 'a draft of charter 2 in', 'kedge charter plan <file>'],
    ['release show charter-2.draft.json', 'a draft of charter 2 in', 'kedge charter plan <draft>'],
    ['release show charter-1.json', 'charter 1 of prod.example.org', 'kedge charter show <file>'],
    ['charter sign charter-1.json --key k', 'charter 1 of', 'kedge charter show <file>'],
    [`charter show ${BUNDLE}.draft.json`, `release 1 of ${BUNDLE}`, 'kedge release show <file>'],
    [`charter plan ${BUNDLE}.draft.json`, `release 1 of ${BUNDLE}`, 'kedge release show <draft>'],
    ['charter show signers/ana.age', 'the encrypted key of a signer', 'kedge signer show <file>'],
    ['release show ca-1.pem', 'a certificate', 'openssl x509 -noout -text -in <file>'],
  ])('kedge %s: says that it is %s, and names %s', async (command, is, see) => {
    const argv = command.replace('ca-1.pem', await realm.ca('CA 1')).split(' ');
    const { code, stderr } = await realm.run(argv);
    const path = argv[2]?.startsWith('/') === true ? argv[2] : `${realm.cwd}/${argv[2] ?? ''}`;
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: the .* cannot be used here: it is /);
    expect(stderr).toContain(is);
    expect(stderr).toContain(see.replace('<file>', path));
    expect(stderr).toContain('TYPE');
  });

  it('knows nothing of other files', async () => {
    const { stderr } = await realm.run(['release', 'show', 'some.json']);
    expect(stderr).toContain('its format is not kedge-draft/1');
    expect(stderr).toContain('PARSE');
  });
});
