/**
 * The pin of a node and, where it is given, the first charter itself.
 *
 * The file is what `kedge realm init` wrote: a DSSE envelope and the body in base64. It is checked
 * against the pin like anything that a peer sends; being a local file earns it no trust, except
 * that without `firstCharterDigest` it is the pin.
 *
 * @module
 */
import { z } from 'zod';
import { encodeUtf8, parseBase64, parseUtf8 } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import type { Sha256 } from '../core/ids.ts';
import { BODY_MAX_BYTES, ENVELOPE_MAX_BYTES } from '../core/limits.ts';
import { parseEnvelope, type SignedDocument } from '../core/statements/envelope.ts';
import { parseStatement } from '../core/statements/statement.ts';
import type { NodeConfig } from './config.ts';
import { readConfigured } from './tls-files.ts';

/** What a node knows of its realm before it has read its store. */
export interface FirstCharter {
  readonly digest: Sha256;
  /** Absent: the charter is in the store already, or a peer will send it. */
  readonly document: SignedDocument | undefined;
}

const FILE_MAX_BYTES = 2 * (BODY_MAX_BYTES + ENVELOPE_MAX_BYTES);

const documentFile = z.object({
  format: z.literal('kedge-document/1'),
  envelope: z.record(z.string(), z.unknown()),
  body: z.string(),
});

/** Loads what the configuration says of the first charter. Errors: `CONFIG`. */
export async function loadFirstCharter(
  config: Pick<NodeConfig, 'firstCharterDigest' | 'firstCharterFile' | 'realm'>,
): Promise<FirstCharter> {
  const { firstCharterDigest: pin, firstCharterFile: file } = config;
  if (file === undefined) {
    if (pin !== undefined) return { digest: pin, document: undefined };
    throw new KedgeError('CONFIG', 'firstCharterDigest or firstCharterFile is needed');
  }
  const document = parseCharterFile(await readConfigured(file, 'firstCharterFile'), file);
  const { digest, realm, kind, sequence } = parseStatement(document.statement.payload);
  if (kind !== 'charter' || sequence !== 1) {
    throw unusable(file, 'it is not the first charter of a realm but a later document');
  }
  if (pin !== undefined && pin !== digest) {
    throw new KedgeError(
      'CONFIG',
      `firstCharterDigest is ${pin}, but firstCharterFile ${file} has the digest ${digest}; find ` +
        'out from the owner of the realm which one is right, and do not simply change the pin',
      { detail: { key: 'firstCharterDigest', file, pin, digest } },
    );
  }
  if (realm !== config.realm) {
    throw new KedgeError(
      'CONFIG',
      `firstCharterFile ${file} is of realm ${realm}, but this node is configured for ` +
        `${config.realm}; use the charter of the right realm`,
      { detail: { key: 'firstCharterFile', file } },
    );
  }
  return { digest, document };
}

function parseCharterFile(bytes: Uint8Array, file: string): SignedDocument {
  if (bytes.length > FILE_MAX_BYTES) throw unusable(file, 'it is too large');
  try {
    const { envelope, body } = documentFile.parse(JSON.parse(parseUtf8(bytes)));
    return {
      statement: parseEnvelope(encodeUtf8(JSON.stringify(envelope))),
      body: parseBase64(body),
    };
  } catch (cause) {
    throw unusable(file, 'it is damaged or of another kind', cause);
  }
}

function unusable(file: string, why: string, cause?: unknown): KedgeError {
  return new KedgeError(
    'CONFIG',
    `firstCharterFile ${file} cannot be used: ${why}; it must be the file that ` +
      '`kedge realm init` wrote',
    { cause, detail: { key: 'firstCharterFile', file } },
  );
}
