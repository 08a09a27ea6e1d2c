/**
 * The script with which an auditor checks an export, on charters that few realms ever have: keys of
 * several kinds, and a recovery.
 */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { sealAuditCheckpoint } from '../../src/core/audit/checkpoint.ts';
import { verifyFirstCharter } from '../../src/core/charter/chain.ts';
import { draftCharter, rotateCharter } from '../../src/core/charter/draft.ts';
import { type SigningKey, sha256 } from '../../src/core/crypto.ts';
import { parseNodeId } from '../../src/core/ids.ts';
import { EMPTY_TREE, treeRoot } from '../../src/core/log/tree.ts';
import { encodeEnvelope, type SignedDocument } from '../../src/core/statements/envelope.ts';
import { signStatement } from '../../src/core/statements/sign.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import {
  ALICE,
  BOB,
  CHARTER,
  DAVE,
  DAY_MS,
  ERIN,
  ed25519Key,
  NOW_MS,
  p256Key,
  REALM,
  role,
  signer,
} from '../core/support.ts';

const SCRIPT = fileURLToPath(new URL('../../docs/verify-export.sh', import.meta.url));
const LONG = { timeout: 120_000 };
const run = promisify(execFile);
const [RITA, RON] = [ed25519Key(21), p256Key(22)];

describe('docs/verify-export.sh', () => {
  let folder: TempDir;

  beforeEach(async () => {
    folder = await createTempDir('kedge-export-');
  });

  afterEach(async () => {
    await folder[Symbol.asyncDispose]();
  });

  it('takes ECDSA keys, and a charter that the recovery role signed', LONG, async (context) => {
    await requireTools(context);
    const { pin, first, recovered } = charters();
    const by = [RITA, RON, DAVE, ERIN];
    await write([first, recovered(by)]);
    const { stdout } = await run('bash', [SCRIPT, folder.path, pin]);
    expect(stdout).toContain('charter: 2 statements');
    expect(stdout).toContain('GOOD');
  });

  it('refuses a recovery with fewer keys than the role needs', LONG, async (context) => {
    await requireTools(context);
    const { pin, first, recovered } = charters();
    await write([first, recovered([RITA, DAVE, ERIN])]);
    const outcome = run('bash', [SCRIPT, folder.path, pin]);
    await expect(outcome).rejects.toThrow('2.dsse.json has no quorum of the charter before');
  });

  function charters(): {
    readonly pin: string;
    readonly first: SignedDocument;
    readonly recovered: (by: readonly SigningKey[]) => SignedDocument;
  } {
    const revealed = [RITA, RON].map(({ publicKey }) => publicKey);
    const keyDigests = revealed.map(({ keyId }) => keyId).sort();
    const recovery = { keyDigests, threshold: 2, expiryDays: 30 };
    const roles = { ...CHARTER.roles, recovery };
    const draft = draftCharter(REALM, { signers: CHARTER.signers, roles }, NOW_MS);
    const first = sealed(draft, [ALICE, BOB]);
    const pin = sha256(draft.payload);
    const begun = verifyFirstCharter(first, { realm: REALM, digest: pin });
    const change = {
      signers: [signer('dave', DAVE), signer('erin', ERIN)],
      roles: { charter: role(2, 'dave', 'erin'), release: role(2, 'dave', 'erin') },
      revealed: revealed.toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1)),
    };
    const next = rotateCharter(begun, change, NOW_MS + DAY_MS);
    return { pin, first, recovered: (by) => sealed(next, by) };
  }

  /** An export with these charters and an audit log without entries. */
  async function write(documents: readonly SignedDocument[]): Promise<void> {
    for (const name of ['audit', 'streams/charter']) {
      await mkdir(folder.join(name), { recursive: true });
    }
    const root = treeRoot(EMPTY_TREE);
    const head = { realm: REALM, node: parseNodeId('iad-1'), size: 0, root };
    await folder.write('audit/checkpoint', sealAuditCheckpoint(head, undefined, 1));
    await folder.write('audit/entries.jsonl', '');
    await folder.write('audit/removed.json', '{"first":0,"peaks":[]}\n');
    for (const [at, { statement, body }] of documents.entries()) {
      const name = `streams/charter/${String(at + 1)}`;
      await folder.write(`${name}.dsse.json`, encodeEnvelope(statement));
      await folder.write(`${name}.body.json`, body);
    }
  }
});

function sealed(
  { payload, body }: { readonly payload: Uint8Array; readonly body: Uint8Array },
  by: readonly SigningKey[],
): SignedDocument {
  return { statement: signStatement(payload, by), body };
}

async function requireTools(context: TestContext): Promise<void> {
  for (const tool of ['bash', 'openssl', 'sha256sum', 'jq']) {
    const isThere = await run('sh', ['-c', `command -v ${tool}`]).then(
      () => true,
      () => false,
    );
    if (!isThere) context.skip(`${tool} is not installed: the script needs it`);
  }
}
