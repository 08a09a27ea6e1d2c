/**
 * The program's own certificate and key, which can be replaced while it runs.
 *
 * @module
 */
import type { SecureContextOptions } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';

/** A certificate chain and its key, PEM. */
export interface TlsIdentity {
  /** Leaf first, then intermediates. */
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Of the key, when it is encrypted. */
  readonly passphrase?: string;
}

/** An identity that must be there: callers in JavaScript may give anything. Errors: `CONFIG`. */
export function requireIdentity(identity: TlsIdentity): TlsIdentity {
  const isThere = (part: string): boolean => Reflect.get(Object(identity), part) !== undefined;
  if (isThere('cert') && isThere('key')) return identity;
  throw new KedgeError('CONFIG', 'identity: give it, with cert and key as PEM');
}

/** The identity as options of `node:tls`. */
export function identityOptions(identity: TlsIdentity | undefined): SecureContextOptions {
  if (identity === undefined) return {};
  return {
    cert: asPem(identity.cert),
    key: asPem(identity.key),
    ...(identity.passphrase !== undefined && { passphrase: identity.passphrase }),
  };
}

/** PEM as a buffer. */
function asPem(pem: string | Uint8Array): Buffer {
  return Buffer.from(pem);
}

/**
 * Refuses a PKCS#12 file in a secure context: OpenSSL trusts every CA certificate in it, beside
 * those of the bundle. Errors: `CONFIG`.
 */
export function refusePkcs12(context: object): void {
  if (!('pfx' in context) || context.pfx === undefined) return;
  throw new KedgeError(
    'CONFIG',
    'secureContext.pfx would add the CAs of the file to those of the bundle: ' +
      'give cert and key as PEM',
  );
}
