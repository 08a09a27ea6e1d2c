/**
 * mTLS for listeners and links: who is on the other side is always proved by a certificate that
 * chains to the configured authorities, in both directions.
 *
 * Without TLS only loopback addresses are allowed, because there anybody is everybody.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type PeerCertificate } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import type { CertificateNames } from '../../service/identity.ts';
import { parseAltNames } from './certificate-names.ts';
import { channelContext } from './contexts.ts';
import type { TlsMaterial } from './live-tls.ts';

/** Certificates of a chain that are looked at. */
const CHAIN_MAX = 8;
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|::1):\d{1,5}$/;

/**
 * Credentials for a peer, whatever address it was dialled at. `judge` is asked about the names and
 * the verified chain at each handshake and refuses by throwing.
 */
export function mutualTlsChannel(
  material: TlsMaterial,
  judge: (names: CertificateNames, chain: readonly X509Certificate[]) => void,
): ChannelCredentials {
  const context = createSecureContext(channelContext(material));
  return ChannelCredentials.createFromSecureContext(context, {
    checkServerIdentity: (_host, certificate) => {
      try {
        judge(parseAltNames(certificate.subjectaltname), chainIn(certificate));
      } catch (thrown) {
        return KedgeError.from(thrown);
      }
      return undefined;
    },
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

/** The chain behind a certificate, leaf first; a root is its own issuer here. */
function chainIn(leaf: PeerCertificate): readonly X509Certificate[] {
  const raws: Buffer[] = [];
  let next: unknown = leaf;
  while (hasRaw(next) && raws.length <= CHAIN_MAX) {
    const { raw } = next;
    if (raws.some((each) => each.equals(raw))) break;
    raws.push(raw);
    next = Reflect.get(next, 'issuerCertificate');
  }
  return raws.map((raw) => new X509Certificate(raw));
}

function hasRaw(value: unknown): value is { readonly raw: Buffer } {
  return (
    typeof value === 'object' && value !== null && 'raw' in value && Buffer.isBuffer(value.raw)
  );
}

function requireLoopback(address: string): void {
  if (LOOPBACK.test(address)) return;
  throw new KedgeError(
    'CONFIG',
    `${address} is not a loopback address: without TLS anybody who reaches it could do ` +
      'everything; configure tls, or use 127.0.0.1',
  );
}
