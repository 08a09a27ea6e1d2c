/**
 * Reads the certificate, key and authorities of a node and checks that they belong together, so
 * that a mistake is reported at start, with the file's name, and not at the first handshake.
 *
 * @module
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { KedgeError } from '../core/errors.ts';
import { Authorities } from '../grpc/tls/authorities.ts';
import type { TlsConfig } from './config.ts';

/** A certificate chain and its key, which belong together. */
export interface KeyPair {
  /** PEM, leaf first. */
  readonly cert: Buffer;
  /** PEM; never logged. */
  readonly key: Buffer;
  readonly leaf: X509Certificate;
}

/** What the three files hold. */
export interface TlsFiles {
  readonly pair: KeyPair;
  readonly authorities: Authorities;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** So long a file has rested before its times tell it from another one, milliseconds. */
const REST_MS = 2_000;
const FILE_MAX_BYTES = 1024 * 1024;

/** Reads and checks all files; whom the certificate names is not checked. Errors: `CONFIG`. */
export async function loadTlsFiles(config: TlsConfig): Promise<TlsFiles> {
  const pair = await loadKeyPair(config);
  return { pair, authorities: await loadAuthorities(config) };
}

/**
 * Reads and checks certificate and key: that they can be read, and belong together. Errors:
 * `CONFIG` with the file and what to do.
 */
export async function loadKeyPair(config: TlsConfig): Promise<KeyPair> {
  const cert = await readConfigured(config.certFile, 'tls.certFile');
  const key = await readConfigured(config.keyFile, 'tls.keyFile');
  const [leaf] = certificatesIn(cert, config.certFile, 'tls.certFile');
  if (leaf === undefined || !leaf.checkPrivateKey(privateKeyIn(key, config.keyFile))) {
    throw new KedgeError(
      'CONFIG',
      `tls.keyFile ${config.keyFile} is not the key of the certificate in tls.certFile ` +
        `${config.certFile}; use the pair that was issued together, the leaf first in its file`,
      { detail: { certFile: config.certFile, keyFile: config.keyFile } },
    );
  }
  return { cert, key, leaf };
}

/** Reads and checks the authorities of `tls.caFile`. Errors: `CONFIG`. */
export async function loadAuthorities(config: TlsConfig): Promise<Authorities> {
  const pem = await readConfigured(config.caFile, 'tls.caFile');
  const certificates = certificatesIn(pem, config.caFile, 'tls.caFile');
  return new Authorities(certificates.map((certificate) => ({ certificate, state: 'active' })));
}

/**
 * Which files lie at these paths, and when they last changed in any way: the same text means that
 * nothing was written or replaced. Absent where one cannot be looked at, or changed just now: the
 * times that a file system notes are coarse, and another change may get the same one.
 */
export async function lookAt(paths: readonly string[], nowMs: number): Promise<string | undefined> {
  try {
    const found = await Promise.all(paths.map(async (path) => await stat(path, { bigint: true })));
    if (found.some(({ ctimeMs }) => nowMs - Number(ctimeMs) < REST_MS)) return undefined;
    return found.map(({ dev, ino, size, ctimeNs }) => [dev, ino, size, ctimeNs].join(' ')).join();
  } catch {
    return undefined;
  }
}

/** Reads a file that the configuration names. Errors: `CONFIG`. */
export async function readConfigured(path: string, key: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new KedgeError(
      'CONFIG',
      `cannot read ${key} ${path} (${code}); check the path and that this user may read it`,
      { cause, detail: { key, file: path } },
    );
  }
  if (bytes.length <= FILE_MAX_BYTES) return bytes;
  throw new KedgeError('CONFIG', `${key} ${path} has more than 1 MiB; check the path`, {
    detail: { key, file: path },
  });
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
