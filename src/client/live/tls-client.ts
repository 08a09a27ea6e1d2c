/**
 * Outgoing TLS connections whose trusted server CAs follow a bundle while the program runs.
 *
 * `connect` does everything. `connectOptions` is for libraries that open their connections
 * themselves: what they open is verified by the newest set, and what becomes of it later is in
 * their hands, unless they or the program hand it back with `adopt`.
 *
 * @module
 */
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { Dialler, type DiallerOptions, type LiveConnectionOptions } from './dialler.ts';
import type { UpdateIdentityOptions } from './distrust.ts';
import type { TlsIdentity } from './identity.ts';
import type { TrustSource } from './trust-view.ts';

/** The options of {@link liveTlsClient}. */
export type LiveTlsClientOptions = DiallerOptions;

/** Live trust for outgoing connections; disposing it leaves the last set in use. */
export class LiveTlsClient implements Disposable {
  readonly #dialler: Dialler;

  constructor(source: TrustSource, options: LiveTlsClientOptions) {
    this.#dialler = new Dialler(source, options);
  }

  /**
   * What `tls.connect` needs beside host and port. Ask anew for every connection, and never pass
   * `session` from an earlier one. What is done with them is not seen, so nodes hear that the
   * program uses anchors in ways of which they know nothing; {@link connect} counts.
   * Errors: `UNAVAILABLE` while nobody is trusted.
   */
  connectOptions(): LiveConnectionOptions {
    return this.#dialler.connectOptions();
  }

  /**
   * Connects with the newest trust, resuming a session when there is one from the same set. Trust
   * options in `options` (`ca`, `cert`, `session`, …) are ignored.
   * Errors: as {@link connectOptions}.
   */
  connect(options: ConnectionOptions): TLSSocket {
    return this.#dialler.connect(options);
  }

  /**
   * Puts a connection that was opened with {@link connectOptions} under `onDistrust`, as those of
   * {@link connect} are. It is destroyed when nobody vouches for the server any more.
   */
  adopt(socket: TLSSocket): void {
    this.#dialler.adopt(socket);
  }

  /**
   * Replaces the own certificate and key; `open` is for connections that are.
   * Errors: `CONFIG` when they cannot be used; the old ones stay.
   */
  updateIdentity(identity: TlsIdentity, options?: UpdateIdentityOptions): void {
    this.#dialler.updateIdentity(identity, options);
  }

  [Symbol.dispose](): void {
    this.#dialler[Symbol.dispose]();
  }
}

/** Makes outgoing connections trust what the bundle says. Errors: `CONFIG` for a bad identity. */
export function liveTlsClient(source: TrustSource, options: LiveTlsClientOptions): LiveTlsClient {
  return new LiveTlsClient(source, options);
}
