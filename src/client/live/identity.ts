/**
 * The program's own certificate and key, which can be replaced while it runs.
 *
 * @module
 */
import type { SecureContextOptions } from 'node:tls';

/** A certificate chain and its key, PEM. */
export interface TlsIdentity {
  /** Leaf first, then intermediates. */
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Of the key, when it is encrypted. */
  readonly passphrase?: string;
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
export function asPem(pem: string | Uint8Array): Buffer {
  return Buffer.from(pem);
}
