/**
 * What nodes compare: digests, tree nodes and rows, as messages ⇄ the values of
 * `core/gossip/frames.ts`. Errors: `PARSE`, `LIMIT`.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { RowsAnswer, StoreDigest } from '../core/gossip/frames.ts';
import {
  isBucket,
  isTreeIndex,
  SHORT_HASH_BYTES,
  TREE_FANOUT,
  type TreeNode,
} from '../core/gossip/repair/row-tree.ts';
import type { SignedMark } from '../core/gossip/restored/store-mark.ts';
import type { Row } from '../core/gossip/rows.ts';
import { CHARTER_STREAM, parseStreamName } from '../core/ids.ts';
import { MARK_MAX_BYTES, SIGNATURE_MAX_BYTES, STREAMS_MAX } from '../core/limits.ts';
import {
  decodeBytes,
  decodeSha256,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireMessage,
} from './fields.ts';
import type { RowInput, RowOutput } from './gen/kedge/v1/Row.ts';
import type { RowsInput, RowsOutput } from './gen/kedge/v1/Rows.ts';
import type { StoreDigestInput, StoreDigestOutput } from './gen/kedge/v1/StoreDigest.ts';
import type { StoreMarkOutput } from './gen/kedge/v1/StoreMark.ts';
import type { TreeInput, TreeOutput } from './gen/kedge/v1/Tree.ts';

/** Tree nodes in one message, and buckets in another. */
const NODES_MAX = 256;
const BUCKETS_MAX = 4096;
const NODE_BYTES = { min: TREE_FANOUT * SHORT_HASH_BYTES, max: TREE_FANOUT * SHORT_HASH_BYTES };

/** Reads a digest. */
export function decodeDigest(digest: StoreDigestOutput): StoreDigest {
  const { mark, remembered } = digest;
  const markSeen = decodeUint(digest.markSeen, 'count of a mark');
  return {
    root: decodeSha256(digest.root, 'root'),
    count: decodeUint(digest.count, 'row count'),
    revision: decodeUint(digest.revision, 'revision'),
    seen: decodeUint(digest.seen, 'seen revision'),
    ask: digest.answer ? 'answer' : 'note',
    others: digest.others,
    standing: !digest.holding ? 'serving' : digest.seeking ? 'seeking' : 'holding',
    ...(mark !== null && { mark: decodeMark(mark) }),
    ...(markSeen > 0 && { markSeen }),
    ...(remembered !== null && { remembered: decodeMark(remembered) }),
  };
}

export function digestMessage(digest: StoreDigest): StoreDigestInput {
  return {
    root: encodeHexBytes(digest.root),
    count: String(digest.count),
    answer: digest.ask === 'answer',
    revision: String(digest.revision),
    seen: String(digest.seen),
    others: digest.others,
    holding: digest.standing !== 'serving',
    seeking: digest.standing === 'seeking',
    ...(digest.mark !== undefined && { mark: digest.mark }),
    ...(digest.markSeen !== undefined && { markSeen: String(digest.markSeen) }),
    ...(digest.remembered !== undefined && { remembered: digest.remembered }),
  };
}

/** Stays bytes here: `core/gossip/restored/marks.ts` parses and verifies. */
function decodeMark({ payload, signature }: StoreMarkOutput): SignedMark {
  return {
    payload: decodeBytes(payload, { min: 1, max: MARK_MAX_BYTES }, 'mark of a store'),
    signature: decodeBytes(signature, { min: 1, max: SIGNATURE_MAX_BYTES }, 'signature of a mark'),
  };
}

/** Reads tree nodes. */
export function decodeTree({ nodes }: TreeOutput): readonly TreeNode[] {
  return requireCount(nodes, NODES_MAX, 'tree nodes').map(({ index, hashes }) => {
    if (!isTreeIndex(index)) throw new KedgeError('PARSE', `no tree node: ${String(index)}`);
    return { index, hashes: decodeBytes(hashes, NODE_BYTES, 'hashes of a tree node') };
  });
}

export function treeMessage(nodes: readonly TreeNode[]): TreeInput {
  return { nodes: nodes.map(({ index, hashes }) => ({ index, hashes })) };
}

/** Reads one part of a peer's rows. */
export function decodeRows({ rows, revision, buckets }: RowsOutput): RowsAnswer {
  const answer = {
    rows: requireCount(rows, STREAMS_MAX, 'rows').map(decodeRow),
    buckets: requireCount(buckets, BUCKETS_MAX, 'buckets').map((bucket) => {
      if (isBucket(bucket)) return bucket;
      throw new KedgeError('PARSE', `no bucket: ${String(bucket)}`);
    }),
  };
  const at = decodeUint(revision, 'rows revision');
  return at === 0 ? answer : { ...answer, revision: at };
}

export function rowsMessage({ rows, revision = 0, buckets }: RowsAnswer): RowsInput {
  return { rows: rows.map(rowMessage), revision: String(revision), buckets: [...buckets] };
}

/** Reads one row. */
export function decodeRow(message: RowOutput | null): Row {
  const { stream, digest, forked, ...counts } = requireMessage(message, 'row');
  const sequence = decodeUint(counts.sequence, 'row sequence');
  const lacks = decodeUint(counts.lacks, 'lacking statements');
  if (lacks > (forked ? sequence : 0)) {
    throw new KedgeError('PARSE', 'a row lacks more statements than can be below its fork');
  }
  const rank = decodeUint(counts.rank, 'rank of charters');
  if (rank > 0 && stream !== CHARTER_STREAM) {
    throw new KedgeError('PARSE', 'a row has a rank, and is not that of the charters');
  }
  return {
    stream: parseStreamName(stream),
    sequence,
    digest: decodeSha256(digest, 'row digest'),
    forked,
    ...(lacks > 0 && { lacks }),
    ...(rank > 0 && { rank }),
  };
}

export function rowMessage(row: Row): RowInput {
  return {
    stream: row.stream,
    sequence: String(row.sequence),
    digest: encodeHexBytes(row.digest),
    forked: row.forked,
    ...(row.lacks !== undefined && { lacks: String(row.lacks) }),
    ...(row.rank !== undefined && { rank: String(row.rank) }),
  };
}
