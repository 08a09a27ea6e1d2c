/**
 * Reads the certificate, key and authorities of a node and checks that they belong together, so
 * that a mistake is reported at start, with the file's name, and not at the first handshake.
 *
 * @module
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { KedgeError } from '../core/errors.ts';
import type { TlsConfig } from './config.ts';

/** The content of the files; `key` must never be logged. */
export interface TlsFiles {
  /** PEM, leaf first. */
  readonly cert: Buffer;
  /** PEM. */
  readonly key: Buffer;
  /** PEM. */
  readonly ca: Buffer;
  /** When the leaf expires. */
  readonly expiresMs: number;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads and checks the files. Errors: `CONFIG` with the file and what to do. */
export async function loadTlsFiles(config: TlsConfig): Promise<TlsFiles> {
  const cert = await readConfigured(config.certFile, 'tls.certFile');
  const key = await readConfigured(config.keyFile, 'tls.keyFile');
  const ca = await readConfigured(config.caFile, 'tls.caFile');
  const leaf = certificatesIn(cert, config.certFile, 'tls.certFile')[0];
  certificatesIn(ca, config.caFile, 'tls.caFile');
  if (leaf === undefined || !leaf.checkPrivateKey(privateKeyIn(key, config.keyFile))) {
    throw new KedgeError(
      'CONFIG',
      `tls.keyFile ${config.keyFile} is not the key of the certificate in tls.certFile ` +
        `${config.certFile}; use the pair that was issued together, the leaf first in its file`,
      { detail: { certFile: config.certFile, keyFile: config.keyFile } },
    );
  }
  return { cert, key, ca, expiresMs: Date.parse(leaf.validTo) };
}

/** Reads a file that the configuration names. Errors: `CONFIG`. */
export async function readConfigured(path: string, key: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new KedgeError(
      'CONFIG',
      `cannot read ${key} ${path} (${code}); check the path and that this user may read it`,
      { cause, detail: { key, file: path } },
    );
  }
}

function certificatesIn(pem: Buffer, path: string, key: string): X509Certificate[] {
  const blocks = pem.toString('latin1').match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    throw new KedgeError('CONFIG', `${key} ${path} has no PEM certificate in it; check the file`, {
      detail: { key, file: path },
    });
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new KedgeError(
      'CONFIG',
      `${key} ${path} has a certificate that cannot be parsed; issue or copy it again`,
      { cause, detail: { key, file: path } },
    );
  }
}

function privateKeyIn(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is dropped on purpose: nothing derived from key bytes goes any further.
    throw new KedgeError(
      'CONFIG',
      `tls.keyFile ${path} is not an unencrypted PEM private key; for example ` +
        '`openssl pkcs8 -topk8 -nocrypt -in key.pem` makes one',
      { detail: { key: 'tls.keyFile', file: path } },
    );
  }
}
