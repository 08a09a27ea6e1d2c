/**
 * Names that a node knows nothing of: refused, with those that it knows, wherever a command would
 * otherwise answer that there is nothing.
 *
 * @module
 */
import type { StreamStatus } from '../../core/admin/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, type StreamName, splitStream } from '../../core/ids.ts';
import type { NodeAdmin } from '../node/admin.ts';

const NAMES_SHOWN = 8;

/** Errors: `CONFIG` for a stream that the node does not hold, with those that it holds. */
export async function requireStream(
  node: Pick<NodeAdmin, 'streams'>,
  stream: StreamName,
): Promise<void> {
  const error = await unknownStream(node, stream);
  if (error !== undefined) throw error;
}

/** The same as a value; absent where the node holds the stream. */
export async function unknownStream(
  node: Pick<NodeAdmin, 'streams'>,
  stream: StreamName,
): Promise<KedgeError | undefined> {
  const held = await node.streams();
  if (held.some((one) => one.stream === stream)) return undefined;
  const { bundle, others } = namesOf(held);
  const parsed = splitStream(stream);
  const isBundle = parsed.kind === 'release';
  const what = isBundle ? `there is no bundle ${parsed.bundle}` : `there is no stream ${stream}`;
  return unknown(`${what} at this node`, isBundle ? bundle : [...others, ...bundle]);
}

/** That a bundle has no release; `node`: says which have some. */
export async function noRelease(
  bundle: BundleName,
  node: Pick<NodeAdmin, 'streams'> | undefined,
): Promise<KedgeError> {
  const message = `there is no release of ${bundle}`;
  if (node !== undefined) return unknown(message, namesOf(await node.streams()).bundle);
  return new KedgeError('CONFIG', message, {
    detail: { hint: 'without a node, give a release file with --base' },
  });
}

function unknown(message: string, names: readonly string[]): KedgeError {
  const more = names.length > NAMES_SHOWN ? ', …; see kedge bundle list' : '';
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  const hint = names.length === 0 ? 'the node holds no bundle yet' : `there are: ${shown}${more}`;
  return new KedgeError('CONFIG', message, { detail: { hint } });
}

/** As people type them. */
function namesOf(held: readonly StreamStatus[]): {
  readonly bundle: readonly string[];
  readonly others: readonly string[];
} {
  const parsed = held.map(({ stream, sequence }) => ({ stream, sequence, ...splitStream(stream) }));
  return {
    bundle: parsed.flatMap((one) =>
      one.kind === 'release' && one.sequence > 0 ? [one.bundle] : [],
    ),
    others: parsed.flatMap((one) => (one.kind === 'release' ? [] : [one.stream])),
  };
}
