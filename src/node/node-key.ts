/**
 * The long-lived key of a node, with which it signs what it says about itself as a member.
 *
 * It is made at the first start and kept in the store, apart from the TLS pair, which is renewed
 * every few days. It decides nothing about trust: docs/membership.md.
 *
 * @module
 */
import {
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  type SigningKey,
} from '../core/crypto.ts';
import type { Store } from '../ports/store.ts';

/** The key of the node that has this store. Errors: `STORE`, `KEY` for a damaged one. */
export async function loadNodeKey(store: Store): Promise<SigningKey> {
  const kept = await store.note('node-key');
  if (kept !== undefined) return importSigningKey('ed25519', kept);
  const made = generateSigningKey('ed25519');
  await store.setNote('node-key', exportSigningKey(made));
  return made;
}
