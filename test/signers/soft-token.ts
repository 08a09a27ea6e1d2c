/** A token in software (SoftHSM 2), for tests: made in a folder of its own, keys and all. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { CK, type Cryptoki, type Handle, loadCryptoki } from '../../src/signers/cryptoki.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';

export const PIN = '918273';
const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];
export const MODULE: string | undefined = MODULES.find((path) => existsSync(path));

/** Why there is no token here; absent when there is one. */
export async function whyNoToken(): Promise<string | undefined> {
  if (MODULE === undefined) return 'SoftHSM 2 is not installed (Debian: apt install softhsm2)';
  const isBuilt = await loadCryptoki().then(
    () => true,
    () => false,
  );
  return isBuilt
    ? undefined
    : 'pkcs11js is not built (npm rebuild --ignore-scripts=false pkcs11js)';
}

/** The calls that only tests make. */
interface Maker extends Cryptoki {
  C_GenerateKeyPair(
    session: Handle,
    mechanism: { readonly mechanism: number },
    publicTemplate: readonly { readonly type: number; readonly value: unknown }[],
    privateTemplate: readonly { readonly type: number; readonly value: unknown }[],
  ): { readonly publicKey: Handle; readonly privateKey: Handle };
  C_DestroyObject(session: Handle, object: Handle): void;
}

export interface KeyPlan {
  readonly label: string;
  readonly id: number;
  readonly params: string;
  readonly keep?: 'both' | 'private' | 'public';
  readonly again?: boolean;
}

export const PARAMS = {
  ed25519: '130c656477617264733235353139',
  p256: '06082a8648ce3d030107',
  p384: '06052b81040022',
  p521: '06052b81040023',
} as const;

/** Makes a token `kedge` with the keys; `SOFTHSM2_CONF` names it for this process. */
export async function makeToken(keys: readonly KeyPlan[]): Promise<TempDir> {
  const dir = await createTempDir('kedge-token-');
  await mkdir(dir.join('tokens'));
  const conf = await dir.write('softhsm2.conf', `directories.tokendir = ${dir.join('tokens')}\n`);
  process.env['SOFTHSM2_CONF'] = conf;
  const argv = ['--init-token', '--free', '--label', 'kedge', '--so-pin', '1234', '--pin', PIN];
  const made = spawnSync('softhsm2-util', argv, { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`softhsm2-util: ${made.stderr} ${String(made.error)}`);
  const cryptoki = (await loadCryptoki()) as Maker;
  cryptoki.load(MODULE ?? '');
  cryptoki.C_Initialize();
  try {
    const slot = cryptoki
      .C_GetSlotList(true)
      .find((one) => cryptoki.C_GetTokenInfo(one).label.trim() === 'kedge');
    const session = cryptoki.C_OpenSession(slot ?? Buffer.alloc(8), 0x6);
    cryptoki.C_Login(session, CK.user, PIN);
    for (const key of keys) makeKey(cryptoki, session, key);
  } finally {
    cryptoki.C_Finalize();
    cryptoki.close();
  }
  return dir;
}

function makeKey(cryptoki: Maker, session: Handle, plan: KeyPlan): void {
  const { label, id, params, keep = 'both', again = false } = plan;
  const isEdwards = params === PARAMS.ed25519;
  const common = [
    { type: CK.label, value: label },
    { type: CK.id, value: Buffer.from([id]) },
    // CKA_TOKEN
    { type: 0x1, value: true },
  ];
  const { publicKey, privateKey } = cryptoki.C_GenerateKeyPair(
    session,
    { mechanism: isEdwards ? 0x1055 : 0x1040 },
    [
      ...common,
      { type: CK.ecParams, value: Buffer.from(params, 'hex') },
      // CKA_VERIFY
      { type: 0x10a, value: true },
    ],
    [
      ...common,
      // CKA_PRIVATE, CKA_SENSITIVE, CKA_SIGN
      { type: 0x2, value: true },
      { type: 0x103, value: true },
      { type: 0x108, value: true },
      ...(again ? [{ type: CK.alwaysAuthenticate, value: true }] : []),
    ],
  );
  if (keep === 'private') cryptoki.C_DestroyObject(session, publicKey);
  if (keep === 'public') cryptoki.C_DestroyObject(session, privateKey);
}
