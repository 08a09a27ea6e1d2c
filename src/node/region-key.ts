/**
 * The key with which a node attests for its region, and which store knows what it signed.
 *
 * A key that signed and then forgot what could sign two roots for one size, which ends the region
 * (spec section 8, CO-13). So a file beside the key names the store that has the record; with any
 * other store, above all a new one in place of a lost one, the key signs nothing.
 *
 * @module
 */
import { stat } from 'node:fs/promises';
import { encodeUtf8, parseUtf8 } from '../core/bytes.ts';
import type { SigningKey } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { type CosignedHead, parseCosignedHead } from '../core/log/regions.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import { createPrivateFile, readWhole } from '../signers/files.ts';
import { loadPlainKey } from '../signers/plain-key.ts';
import type { NodeConfig } from './config.ts';

/** A key that this node may sign with, and what its store has of what it cosigned. */
export interface RegionSigner {
  readonly key: SigningKey;
  readonly cosigned: readonly CosignedHead[];
}

const OTHERS = 0o077;
const BINDING_MAX_BYTES = 64;
const KEY = 'region.keyFile';

/**
 * Loads the key of `region.keyFile`; absent when it belongs to another store, which is logged.
 * Errors: `CONFIG` (no readable Ed25519 key, readable by others, no place for the file beside it).
 */
async function loadRegionKey(
  path: string,
  storeId: string,
  logger: Logger,
): Promise<SigningKey | undefined> {
  const key = await configured(path, () => loadPlainKey(path));
  const { mode } = await configured(path, () => stat(path));
  if ((mode & OTHERS) !== 0) throw wrong(path, 'can be read by others; chmod 600 it');
  if (key.publicKey.alg !== 'ed25519') throw wrong(path, 'is no Ed25519 key; others cannot cosign');
  const bound = await boundStore(path, storeId);
  if (bound === storeId) return key;
  logger.error(
    { event: 'region.refused', keyFile: path, boundTo: bound, storeId },
    'region.keyFile signed for another store, whose record is not here: nothing is attested; ' +
      'bring that store back, or put a new key into the charter and the file',
  );
  return undefined;
}

/**
 * Loads the key that the configuration names, with its record; absent where there is none, or it
 * belongs to another store. A record that is damaged is logged and counts as none: what peers know
 * of that stream then speaks against the store. Errors: `CONFIG`, `STORE`.
 */
export async function loadRegionSigner(
  { region }: Pick<NodeConfig, 'region'>,
  store: Store,
  logger: Logger,
): Promise<RegionSigner | undefined> {
  const key = region && (await loadRegionKey(region.keyFile, store.storeId, logger));
  if (key === undefined) return undefined;
  const cosigned: CosignedHead[] = [];
  for (const note of await store.cosigned(key.publicKey.keyId)) {
    try {
      cosigned.push(parseCosignedHead(note));
    } catch (thrown) {
      const { code, message: reason } = KedgeError.from(thrown);
      const fields = { event: 'region.failed', code, reason } as const;
      logger.error(fields, 'a record of what was cosigned is damaged');
    }
  }
  return { key, cosigned };
}

/** The store that the key of this file belongs to; absent when it never had any. */
export async function storeOfKey(path: string): Promise<string | undefined> {
  const file = `${path}.store`;
  const isBound = await stat(file).then(
    () => true,
    () => false,
  );
  return isBound ? await configured(file, async () => readStoreId(file)) : undefined;
}

/** The store that the key belongs to: from now on this one, when it never had any. */
async function boundStore(path: string, storeId: string): Promise<string> {
  const bound = await storeOfKey(path);
  if (bound !== undefined) return bound;
  const file = `${path}.store`;
  return await configured(file, async () => {
    await createPrivateFile(file, encodeUtf8(`${storeId}\n`));
    return await readStoreId(file);
  });
}

async function readStoreId(file: string): Promise<string> {
  const bytes = await readWhole(file, { maxBytes: BINDING_MAX_BYTES, what: 'store of a key' });
  return parseUtf8(bytes).trim();
}

async function configured<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new KedgeError('CONFIG', `${KEY}: ${KedgeError.from(cause).message}`, {
      cause,
      detail: { key: KEY, file: path },
    });
  }
}

function wrong(path: string, what: string): KedgeError {
  return new KedgeError('CONFIG', `${KEY} ${path} ${what}`, { detail: { key: KEY, file: path } });
}
