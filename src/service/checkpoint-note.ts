/**
 * The head of a stream with all cosignatures under it, as a note that any C2SP tool verifies.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { rowIn } from '../core/gossip/rows.ts';
import type { StreamName } from '../core/ids.ts';
import { NOTE_SIGNATURES_MAX } from '../core/limits.ts';
import { sealCheckpoint } from '../core/log/regions.ts';
import { perfectSubtrees, treeRoot } from '../core/log/tree.ts';
import type { Store } from '../ports/store.ts';
import type { Replicator } from './replicator.ts';

/**
 * The note of a stream's durable head. Errors: `UNAVAILABLE` when nothing is held of it, or no
 * region has cosigned it yet; `STORE`.
 */
export async function checkpointNote(
  { store, replicator }: { readonly store: Store; readonly replicator: Replicator },
  stream: StreamName,
): Promise<Uint8Array> {
  const { durable } = replicator;
  const size = rowIn(durable, stream)?.sequence ?? 0;
  if (size === 0) throw new KedgeError('UNAVAILABLE', `this node holds nothing of ${stream}`);
  const root = treeRoot({ size, peaks: await store.subtrees(stream, perfectSubtrees(0, size)) });
  const lines = replicator.attestations
    .cosigned(stream)
    .filter(({ checkpoint }) => checkpoint.size === size && checkpoint.root === root)
    .map(({ line }) => line)
    .slice(0, NOTE_SIGNATURES_MAX);
  if (lines.length > 0) return sealCheckpoint({ realm: durable.realm, stream, size, root }, lines);
  throw new KedgeError('UNAVAILABLE', `no region has cosigned ${stream} at ${size} yet`);
}
