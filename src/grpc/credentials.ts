/**
 * mTLS for listeners and links: who is on the other side is always proved by a certificate that
 * chains to the configured authorities, in both directions.
 *
 * TLS 1.3 is what our own programs speak; 1.2 is still accepted for foreign gRPC clients, nothing
 * below. Without TLS only loopback addresses are allowed, because there anybody is everybody.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { createSecureContext, type PeerCertificate } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import { requireIdentity } from '../service/identity.ts';
import { parseAltNames } from './certificate-names.ts';

/** Where certificate, key and authorities are, as PEM files. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** The bytes of those files, checked to fit together. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

const MIN_VERSION = 'TLSv1.2';
const HANDSHAKE_TIMEOUT_MS = 10_000;
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|::1):\d{1,5}$/;

/** Reads the files and checks that they are usable together. Errors: `CONFIG`. */
export async function loadTlsMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const [cert, key, ca] = await Promise.all([
    readPem(files.certFile, 'tls.certFile'),
    readPem(files.keyFile, 'tls.keyFile'),
    readPem(files.caFile, 'tls.caFile'),
  ]);
  try {
    createSecureContext({ cert, key, ca });
  } catch (cause) {
    const reason = KedgeError.from(cause).message;
    throw new KedgeError(
      'CONFIG',
      `TLS files cannot be used together (${reason}): check that ${files.keyFile} is the ` +
        `unencrypted key of the first certificate in ${files.certFile}`,
      { cause },
    );
  }
  return { cert, key, ca };
}

/** What a listener offers and demands; a caller without a valid certificate is cut off. */
export function mutualTlsServer(material: TlsMaterial): ServerCredentials {
  return new MutualTlsServerCredentials(material);
}

/**
 * What a caller offers, and whom it expects: the other side must have the identity `expected`
 * (`spiffe://…` or `dns:name`), whatever address it was dialled at.
 */
export function mutualTlsChannel(material: TlsMaterial, expected: string): ChannelCredentials {
  const context = createSecureContext({ ...material, minVersion: MIN_VERSION });
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
  constructor(material: TlsMaterial) {
    super(
      {
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: MIN_VERSION,
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      },
      { ...material },
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

async function readPem(path: string, key: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = KedgeError.from(cause).message;
    throw new KedgeError('CONFIG', `${key} cannot be read: ${reason}`, { cause });
  }
}
