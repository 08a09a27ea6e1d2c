/**
 * mTLS for listeners and links: who is on the other side is always proved by a certificate that
 * chains to the configured authorities, in both directions.
 *
 * TLS 1.3 is what our own programs speak; 1.2 is still accepted for foreign gRPC clients, nothing
 * below. Without TLS only loopback addresses are allowed, because there anybody is everybody.
 *
 * @module
 */
import { createSecureContext, type PeerCertificate } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import { requireIdentity } from '../service/identity.ts';
import { parseAltNames } from './certificate-names.ts';

/** A certificate chain with its key, and who vouches for the other side; PEM, fitting together. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

const MIN_VERSION = 'TLSv1.2';
const HANDSHAKE_TIMEOUT_MS = 10_000;
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|::1):\d{1,5}$/;

/** What a listener offers and demands; a caller without a valid certificate is cut off. */
export function mutualTlsServer(material: TlsMaterial): ServerCredentials {
  return new MutualTlsServerCredentials(material);
}

/**
 * What a caller offers, and whom it expects: the other side must have the identity `expected`
 * (`spiffe://…` or `dns:name`), whatever address it was dialled at.
 */
export function mutualTlsChannel(material: TlsMaterial, expected: string): ChannelCredentials {
  const { cert, key, ca } = material;
  const context = createSecureContext({ cert, key, ca, minVersion: MIN_VERSION });
  return ChannelCredentials.createFromSecureContext(context, {
    checkServerIdentity: (_host, certificate) => identityMismatch(certificate, expected),
  });
}

/** No TLS, for a listener on a loopback address. Errors: `CONFIG`. */
export function plaintextServer(address: string): ServerCredentials {
  requireLoopback(address);
  return ServerCredentials.createInsecure();
}

/** No TLS, to a loopback address. Errors: `CONFIG`. */
export function plaintextChannel(address: string): ChannelCredentials {
  requireLoopback(address);
  return ChannelCredentials.createInsecure();
}

class MutualTlsServerCredentials extends ServerCredentials {
  constructor({ cert, key, ca }: TlsMaterial) {
    super(
      {
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: MIN_VERSION,
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      },
      { cert, key, ca },
    );
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function identityMismatch(certificate: PeerCertificate, expected: string): Error | undefined {
  try {
    requireIdentity(parseAltNames(certificate.subjectaltname), expected);
  } catch (thrown) {
    return KedgeError.from(thrown);
  }
  return undefined;
}

function requireLoopback(address: string): void {
  if (LOOPBACK.test(address)) return;
  throw new KedgeError(
    'CONFIG',
    `${address} is not a loopback address: without TLS anybody who reaches it could do ` +
      'everything; configure tls, or use 127.0.0.1',
  );
}
