/**
 * A signer whose private key stays in a token (PKCS#11): Ed25519, ECDSA P-256 and P-384.
 *
 * ECDSA tokens sign a digest, so the message is hashed here; with Ed25519 the token gets the
 * message (2.1 KB at most). Tokens give `r ‖ s`, which is what statements carry. The public key is
 * read from the token and checked like any other; that the token really signs with its private half
 * is found by the check of each signature in `sign.ts`.
 *
 * @module
 */
import { hash, X509Certificate } from 'node:crypto';
import { concatBytes, parseHex } from '../core/bytes.ts';
import { type Algorithm, importPublicKey, type PublicKey } from '../core/crypto.ts';
import { DER_TAG, elementContent, readElement } from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';
import type { Signer } from '../ports/signer.ts';
import { type Attribute, CK, type Cryptoki, type Handle, loadCryptoki } from './cryptoki.ts';
import type { SignerHost } from './host.ts';
import type { Pkcs11Uri } from './pkcs11-uri.ts';
import { importSpki } from './public-key.ts';
import { TokenSession } from './token-session.ts';

/** How a token signs with one algorithm, and the SPKI that its point belongs in. */
interface TokenScheme {
  readonly alg: Algorithm;
  readonly mechanism: number;
  /** Absent: the token gets the message itself. */
  readonly digest?: 'sha256' | 'sha384';
  readonly pointBytes: number;
  readonly spkiPrefix: Uint8Array;
}

const ED25519: TokenScheme = {
  alg: 'ed25519',
  mechanism: CK.eddsa,
  pointBytes: 32,
  spkiPrefix: parseHex('302a300506032b6570032100'),
};
const P256: TokenScheme = {
  alg: 'ecdsa-p256-sha256',
  mechanism: CK.ecdsa,
  digest: 'sha256',
  pointBytes: 65,
  spkiPrefix: parseHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
};
const P384: TokenScheme = {
  alg: 'ecdsa-p384-sha384',
  mechanism: CK.ecdsa,
  digest: 'sha384',
  pointBytes: 97,
  spkiPrefix: parseHex('3076301006072a8648ce3d020106052b81040022036200'),
};

/** `CKA_EC_PARAMS`, hex: the curve's object identifier, or for Edwards curves also its name. */
const SCHEMES: ReadonlyMap<string, TokenScheme> = new Map([
  ['06032b6570', ED25519],
  ['130c656477617264733235353139', ED25519],
  // What tools of before PKCS#11 3.0 wrote.
  ['06092b06010401da470f01', ED25519],
  ['06082a8648ce3d030107', P256],
  ['06052b81040022', P384],
]);

/** A key in a token; closing it ends the session. */
export class TokenSigner implements Signer, AsyncDisposable {
  readonly publicKey: PublicKey;
  readonly #session: TokenSession;
  readonly #key: Handle;
  readonly #scheme: TokenScheme;

  private constructor(session: TokenSession, key: Handle) {
    this.#session = session;
    this.#key = key;
    this.#scheme = schemeOf(session, key);
    this.publicKey = publicKeyOf(session, key, this.#scheme);
  }

  /**
   * Opens the token and finds the key; asks for the PIN once.
   *
   * Errors: `CONFIG` (package, module, no one key), `ACCESS` (PIN), `ALGORITHM`, `KEY` (a key that
   * Kedge cannot use), `UNAVAILABLE` (busy, gone).
   */
  static async open(uri: Pkcs11Uri, host: SignerHost, cryptoki?: Cryptoki): Promise<TokenSigner> {
    const session = await TokenSession.open(cryptoki ?? (await loadCryptoki()), uri, host);
    try {
      return new TokenSigner(session, findKey(session, uri.key));
    } catch (thrown) {
      await session[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    const { mechanism, digest } = this.#scheme;
    const data = digest === undefined ? message : hash(digest, message, 'buffer');
    const again = this.#session.read(this.#key, CK.alwaysAuthenticate)?.[0] === 1;
    return this.#session.sign(this.#key, { mechanism, data, again });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

function findKey(session: TokenSession, { id, label }: Pkcs11Uri['key']): Handle {
  const template: Attribute[] = [{ type: CK.class, value: CK.privateKey }];
  if (id !== undefined) template.push({ type: CK.id, value: Buffer.from(id) });
  if (label !== undefined) template.push({ type: CK.label, value: Buffer.from(label) });
  const found = session.find(template);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const count = only === undefined ? 'no private key' : 'more than one private key';
  throw new KedgeError('CONFIG', `${count} in the token ${session.label} fits the URI`, {
    detail: { hint: 'list them: pkcs11-tool --module <module> --login --list-objects' },
  });
}

function schemeOf(session: TokenSession, key: Handle): TokenScheme {
  const params = session.read(key, CK.ecParams)?.toString('hex') ?? '';
  const scheme = SCHEMES.get(params);
  if (scheme !== undefined) return scheme;
  throw new KedgeError(
    'ALGORITHM',
    `the key in the token ${session.label} is not of Ed25519, P-256 or P-384`,
    {
      detail: {
        ecParams: params.slice(0, 64),
        hint: 'make one of these kinds in the token; RSA, P-521 and secp256k1 sign nothing here',
      },
    },
  );
}

/** The public half by the id of the private one: a key object, the key itself, or a certificate. */
function publicKeyOf(session: TokenSession, key: Handle, scheme: TokenScheme): PublicKey {
  const id = session.read(key, CK.id) ?? Buffer.alloc(0);
  const sameId = (type: number): readonly Handle[] =>
    session.find([
      { type: CK.class, value: type },
      { type: CK.id, value: id },
    ]);
  for (const object of [...sameId(CK.publicKey), key]) {
    const value = session.read(object, CK.ecPoint);
    if (value !== undefined) return fromPoint(new Uint8Array(value), scheme);
  }
  for (const object of sameId(CK.certificate)) {
    const der = session.read(object, CK.value);
    if (der !== undefined) return fromCertificate(der, scheme);
  }
  throw new KedgeError('KEY', `the token ${session.label} does not show the public key`, {
    detail: { hint: 'put the public key or a certificate with the same id beside the private key' },
  });
}

/** `CKA_EC_POINT` is an OCTET STRING that holds the point; some modules give the bare point. */
function fromPoint(value: Uint8Array, { alg, pointBytes, spkiPrefix }: TokenScheme): PublicKey {
  let point = value;
  if (value.length !== pointBytes) {
    const outer = readElement(value, 0);
    if (outer.tag !== DER_TAG.octetString && outer.tag !== DER_TAG.bitString) {
      throw new KedgeError('KEY', 'the token gives the public key in an unknown form');
    }
    const content = elementContent(value, outer);
    point = outer.tag === DER_TAG.bitString ? content.subarray(1) : content;
  }
  return importPublicKey({ alg, spki: concatBytes(spkiPrefix, point) });
}

function fromCertificate(der: Buffer, { alg }: TokenScheme): PublicKey {
  const key = new X509Certificate(der).publicKey.export({ format: 'der', type: 'spki' });
  const found = importSpki(new Uint8Array(key), 'the certificate beside the private key');
  if (found.alg === alg) return found;
  throw new KedgeError('KEY', `the certificate has a key of ${found.alg}, the token one of ${alg}`);
}
