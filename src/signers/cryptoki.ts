/**
 * The PKCS#11 binding: an optional package with native code, loaded when a token is asked for and
 * not before. Everything that is used of it is declared here, so that Kedge compiles and installs
 * without it.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';

/** What a binding's call takes and gives for a slot, a session or an object. */
export type Handle = Buffer;

/** An attribute of an object; `value` absent: to be filled in. */
export interface Attribute {
  readonly type: number;
  readonly value?: number | Buffer;
}

/** What a token says of itself; texts are padded with blanks. */
export interface TokenInfo {
  readonly label: string;
  readonly serialNumber: string;
  readonly manufacturerID: string;
  readonly model: string;
  readonly flags: number;
}

/** The calls of PKCS#11 that Kedge makes, as `pkcs11js` offers them. They throw `CKR_…` names. */
export interface Cryptoki {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): readonly Handle[];
  C_GetTokenInfo(slot: Handle): TokenInfo;
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin?: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, max: number): readonly Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): readonly { readonly value: Buffer }[];
  C_SignInit(session: Handle, mechanism: { readonly mechanism: number }, key: Handle): void;
  /** Runs outside the main thread, as a token may wait for a touch. */
  C_SignAsync(session: Handle, data: Buffer, room: Buffer): Promise<Buffer>;
}

/** Numbers of the standard (PKCS#11 3.0, `pkcs11t.h`). */
export const CK = {
  serialSession: 0x4,
  user: 1,
  contextSpecific: 2,
  loginRequired: 0x4,
  protectedPath: 0x100,
  tokenInitialized: 0x400,
  pinCountLow: 0x10000,
  pinFinalTry: 0x20000,
  pinLocked: 0x40000,
  class: 0x0,
  label: 0x3,
  value: 0x11,
  keyType: 0x100,
  id: 0x102,
  ecParams: 0x180,
  ecPoint: 0x181,
  alwaysAuthenticate: 0x202,
  certificate: 1,
  publicKey: 2,
  privateKey: 3,
  ec: 0x3,
  ecEdwards: 0x40,
  ecdsa: 0x1041,
  eddsa: 0x1057,
} as const;

interface Binding {
  readonly PKCS11: new () => Cryptoki;
}

/** Loads the binding. `load` is another importer, for tests. Errors: `CONFIG` says what to do. */
export async function loadCryptoki(
  load: () => Promise<unknown> = () => import('pkcs11js'),
): Promise<Cryptoki> {
  let loaded: unknown;
  try {
    loaded = await load();
  } catch (cause) {
    throw unusable('it is not installed, or not built for this version of Node', cause);
  }
  const exported = hasDefault(loaded) ? loaded.default : loaded;
  if (!isBinding(exported)) throw unusable('it has another shape than version 2');
  return new exported.PKCS11();
}

/**
 * Turns what a call threw into a typed error. The names that a token gives say who has to act:
 * a refused person is `ACCESS`, a token that is busy or gone is `UNAVAILABLE`.
 */
export function tokenError(thrown: unknown, what: string): KedgeError {
  if (thrown instanceof KedgeError) return thrown;
  const name = /\bCKR_[A-Z0-9_]+/.exec(thrown instanceof Error ? thrown.message : '')?.[0] ?? '';
  const known = REASONS.get(name);
  const told = name === '' ? String(thrown).slice(0, 200) : name;
  return new KedgeError(known?.code ?? 'UNAVAILABLE', `${what}: ${known?.why ?? told}`, {
    detail: { token: told, ...(known?.hint === undefined ? {} : { hint: known.hint }) },
    cause: thrown,
  });
}

interface Reason {
  readonly code: 'ACCESS' | 'ALGORITHM' | 'UNAVAILABLE';
  readonly why: string;
  readonly hint?: string;
}

const WRONG_PIN: Reason = {
  code: 'ACCESS',
  why: 'the PIN is wrong; it was tried once',
  hint: 'a token locks after a few wrong PINs, so find the right one before you try again',
};
const BUSY: Reason = {
  code: 'UNAVAILABLE',
  why: 'the token is busy',
  hint: 'end the other program that uses it, or wait, and try again',
};
const GONE: Reason = { code: 'UNAVAILABLE', why: 'the token was taken away or does not answer' };
const REFUSED: Reason = { code: 'ACCESS', why: 'the token refused, or nobody touched it in time' };
const CANNOT: Reason = { code: 'ALGORITHM', why: 'the token cannot sign this way with this key' };
const REASONS: ReadonlyMap<string, Reason> = new Map([
  ['CKR_PIN_INCORRECT', WRONG_PIN],
  ['CKR_PIN_INVALID', WRONG_PIN],
  ['CKR_PIN_LEN_RANGE', WRONG_PIN],
  ['CKR_PIN_LOCKED', { code: 'ACCESS', why: 'the PIN is locked; unlock it with the PUK first' }],
  ['CKR_PIN_EXPIRED', { code: 'ACCESS', why: 'the PIN has expired; set a new one first' }],
  ['CKR_USER_NOT_LOGGED_IN', REFUSED],
  ['CKR_FUNCTION_CANCELED', REFUSED],
  ['CKR_FUNCTION_REJECTED', REFUSED],
  ['CKR_KEY_FUNCTION_NOT_PERMITTED', REFUSED],
  ['CKR_MECHANISM_INVALID', CANNOT],
  ['CKR_KEY_TYPE_INCONSISTENT', CANNOT],
  ['CKR_SESSION_COUNT', BUSY],
  ['CKR_OPERATION_ACTIVE', BUSY],
  ['CKR_USER_ANOTHER_ALREADY_LOGGED_IN', BUSY],
  ['CKR_USER_TOO_MANY_TYPES', BUSY],
  ['CKR_CRYPTOKI_ALREADY_INITIALIZED', BUSY],
  ['CKR_TOKEN_NOT_PRESENT', GONE],
  ['CKR_TOKEN_NOT_RECOGNIZED', GONE],
  ['CKR_DEVICE_REMOVED', GONE],
  ['CKR_DEVICE_ERROR', GONE],
  ['CKR_SESSION_HANDLE_INVALID', GONE],
]);

function hasDefault(value: unknown): value is { readonly default: unknown } {
  return typeof value === 'object' && value !== null && 'default' in value;
}

function isBinding(value: unknown): value is Binding {
  return (
    typeof value === 'object' &&
    value !== null &&
    'PKCS11' in value &&
    typeof value.PKCS11 === 'function'
  );
}

function unusable(why: string, cause?: unknown): KedgeError {
  return new KedgeError('CONFIG', `tokens need the package pkcs11js, and ${why}`, {
    detail: {
      hint:
        'install it beside kedge: npm install --ignore-scripts=false pkcs11js@2 (with -g when ' +
        'kedge is global); it compiles, so it needs python3, make and a C++ compiler',
    },
    cause,
  });
}
