/**
 * One session with one token: the module loaded, the token found, its owner logged in once.
 *
 * A wrong PIN is tried once and never again, because a token locks after a few. The locked state is
 * looked at before, so that no try is spent on it. What was opened is closed in the reverse order.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import {
  type Attribute,
  CK,
  type Cryptoki,
  type Handle,
  type TokenInfo,
  tokenError,
} from './cryptoki.ts';
import type { SignerHost } from './host.ts';
import type { Pkcs11Uri, TokenMatch } from './pkcs11-uri.ts';

const OBJECTS_MAX = 16;
const SECRET_MAX_BYTES = 4096;
const MODULE_VARIABLE = 'KEDGE_PKCS11_MODULE';

/** A session; closing it logs out and unloads the module. */
export class TokenSession implements AsyncDisposable {
  readonly label: string;
  readonly #cryptoki: Cryptoki;
  readonly #session: Handle;
  readonly #pin: string | undefined;

  private constructor(
    cryptoki: Cryptoki,
    opened: { readonly session: Handle; readonly label: string; readonly pin: string | undefined },
  ) {
    this.#cryptoki = cryptoki;
    this.#session = opened.session;
    this.#pin = opened.pin;
    this.label = opened.label;
  }

  /** Errors: `CONFIG` (no module, no one token), `ACCESS` (PIN), `UNAVAILABLE` (busy, gone). */
  static async open(cryptoki: Cryptoki, uri: Pkcs11Uri, host: SignerHost): Promise<TokenSession> {
    const path = modulePath(uri, host);
    attempt(`cannot load the PKCS#11 module ${path}`, () => cryptoki.load(path), {
      code: 'CONFIG',
      hint: 'give the library of the token: module-path in the URI, or KEDGE_PKCS11_MODULE',
    });
    try {
      attempt(`cannot start the PKCS#11 module ${path}`, () => cryptoki.C_Initialize());
    } catch (thrown) {
      cryptoki.close();
      throw thrown;
    }
    try {
      const { slot, info } = findToken(cryptoki, uri.token);
      const label = info.label.trim();
      const what = `token ${label}`;
      const session = attempt(what, () => cryptoki.C_OpenSession(slot, CK.serialSession));
      const pin = await logIn(cryptoki, { session, info, label, uri }, host);
      return new TokenSession(cryptoki, { session, label, pin });
    } catch (thrown) {
      shutDown(cryptoki);
      throw thrown;
    }
  }

  /** Finds objects; at most a few, as more than one is an error of the caller's anyway. */
  find(template: readonly Attribute[]): readonly Handle[] {
    return this.#attempt(() => {
      this.#cryptoki.C_FindObjectsInit(this.#session, template);
      try {
        return this.#cryptoki.C_FindObjects(this.#session, OBJECTS_MAX);
      } finally {
        this.#cryptoki.C_FindObjectsFinal(this.#session);
      }
    });
  }

  /** Reads an attribute; absent when the token does not give it. */
  read(object: Handle, type: number): Buffer | undefined {
    try {
      const [found] = this.#cryptoki.C_GetAttributeValue(this.#session, object, [{ type }]);
      return found === undefined || found.value.length === 0 ? undefined : found.value;
    } catch (thrown) {
      const error = tokenError(thrown, `token ${this.label}`);
      const absent = ['CKR_ATTRIBUTE_TYPE_INVALID', 'CKR_ATTRIBUTE_SENSITIVE'];
      if (absent.includes(String(error.detail['token']))) return undefined;
      throw error;
    }
  }

  /** Signs `data`. A key that wants its PIN for each signature gets it. */
  async sign(
    key: Handle,
    options: { readonly mechanism: number; readonly data: Uint8Array; readonly again: boolean },
  ): Promise<Uint8Array> {
    const { mechanism, data, again } = options;
    this.#attempt(() => {
      this.#cryptoki.C_SignInit(this.#session, { mechanism }, key);
      if (again) this.#cryptoki.C_Login(this.#session, CK.contextSpecific, this.#pin);
    });
    try {
      const room = Buffer.alloc(SECRET_MAX_BYTES);
      const signed = await this.#cryptoki.C_SignAsync(this.#session, Buffer.from(data), room);
      return new Uint8Array(signed);
    } catch (thrown) {
      throw tokenError(thrown, `token ${this.label}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    shutDown(this.#cryptoki);
  }

  #attempt<Value>(action: () => Value): Value {
    return attempt(`token ${this.label}`, action);
  }
}

function modulePath(uri: Pkcs11Uri, host: SignerHost): string {
  const path = uri.modulePath ?? host.env[MODULE_VARIABLE];
  if (path?.startsWith('/') === true) return path;
  throw new KedgeError('CONFIG', 'the PKCS#11 module of the token is not given', {
    detail: {
      hint:
        `add ?module-path=/path/to/module.so to the URI, or set ${MODULE_VARIABLE}; the path ` +
        'must be absolute, for example /usr/lib/softhsm/libsofthsm2.so',
    },
  });
}

function findToken(
  cryptoki: Cryptoki,
  match: TokenMatch,
): { readonly slot: Handle; readonly info: TokenInfo } {
  const all = attempt('cannot list the tokens', () =>
    cryptoki.C_GetSlotList(true).map((slot) => ({ slot, info: cryptoki.C_GetTokenInfo(slot) })),
  );
  // SoftHSM shows an empty one beside the real ones, so that there is one to initialise.
  const tokens = all.filter(({ info }) => (info.flags & CK.tokenInitialized) !== 0);
  const fits = (want: string | undefined, has: string): boolean =>
    want === undefined || want === has.trim();
  const found = tokens.filter(
    ({ slot, info }) =>
      fits(match.label, info.label) &&
      fits(match.serial, info.serialNumber) &&
      fits(match.manufacturer, info.manufacturerID) &&
      fits(match.model, info.model) &&
      (match.slotId === undefined || slot.readUInt32LE(0) === match.slotId),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const labels = tokens.map(({ info }) => JSON.stringify(info.label.trim())).join(', ');
  const there = tokens.length === 0 ? 'no token is there' : `these are there: ${labels}`;
  throw new KedgeError(
    only === undefined ? 'UNAVAILABLE' : 'CONFIG',
    `${only === undefined ? 'no token fits' : `${found.length} tokens fit`} the URI; ${there}`,
    { detail: { hint: 'name it with token=<label>, serial=<number> or slot-id=<number>' } },
  );
}

/** Gives the PIN back, for keys that want it again; absent with a PIN pad or without a login. */
async function logIn(
  cryptoki: Cryptoki,
  token: {
    readonly session: Handle;
    readonly info: TokenInfo;
    readonly label: string;
    readonly uri: Pkcs11Uri;
  },
  host: SignerHost,
): Promise<string | undefined> {
  const { session, info, label, uri } = token;
  const has = (flag: number): boolean => (info.flags & flag) !== 0;
  if (!has(CK.loginRequired)) return undefined;
  if (has(CK.pinLocked)) throw tokenError(new Error('CKR_PIN_LOCKED'), `token ${label}`);
  if (has(CK.pinFinalTry)) host.warn(`one more wrong PIN locks the token ${label}`);
  else if (has(CK.pinCountLow)) host.warn(`a wrong PIN was tried on the token ${label} before`);
  if (has(CK.protectedPath)) host.note(`Type the PIN on the pad of the token ${label}.`);
  const pin = has(CK.protectedPath) ? undefined : await pinOf(label, uri, host);
  attempt(`token ${label}`, () => cryptoki.C_Login(session, CK.user, pin));
  return pin;
}

async function pinOf(label: string, { pinFile }: Pkcs11Uri, host: SignerHost): Promise<string> {
  if (pinFile === undefined) return host.secret({ kind: 'pin', of: label });
  const bytes = await host.read(pinFile, { what: 'PIN file', maxBytes: SECRET_MAX_BYTES });
  const pin = Buffer.from(bytes)
    .toString()
    .replace(/\r?\n$/, '');
  if (pin !== '' && !/[\r\n]/.test(pin)) return pin;
  throw new KedgeError('CONFIG', `the PIN file ${pinFile} must have exactly one line`);
}

/** Ends all sessions too. A module that cannot end any more is of no further use anyway. */
function shutDown(cryptoki: Cryptoki): void {
  try {
    cryptoki.C_Finalize();
  } finally {
    cryptoki.close();
  }
}

function attempt<Value>(
  what: string,
  action: () => Value,
  as?: { readonly code: 'CONFIG'; readonly hint: string },
): Value {
  try {
    return action();
  } catch (thrown) {
    const error = tokenError(thrown, what);
    if (as === undefined) throw error;
    const { code, hint } = as;
    throw new KedgeError(code, error.message, { detail: { ...error.detail, hint }, cause: thrown });
  }
}
