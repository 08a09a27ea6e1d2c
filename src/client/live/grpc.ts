/**
 * What live credentials of grpc-js have in common. grpc-js is loaded on first use.
 *
 * @module
 */
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import type { UpdateIdentityOptions } from './distrust.ts';
import type { TlsIdentity } from './identity.ts';

/** Live credentials; disposing them leaves the last set in use. */
export interface LiveGrpcCredentials<Credentials> extends Disposable {
  /** For `new Client(…)` or `server.bindAsync(…)` of the same copy of grpc-js. */
  readonly credentials: Credentials;
  /**
   * Replaces the own certificate and key; `open` is for connections that are.
   * Errors: `CONFIG` when they cannot be used; the old ones stay.
   */
  updateIdentity(identity: TlsIdentity, options?: UpdateIdentityOptions): void;
}

/** Refuses a context that OpenSSL does not take: grpc-js would drop every connection over it. */
export function requireUsable(context: SecureContextOptions): void {
  try {
    createSecureContext(context);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KedgeError('CONFIG', `the certificate or key cannot be used: ${reason}`, { cause });
  }
}
