/**
 * What a disk answers a fetch with: a statement, what changed against the one before, new blobs.
 *
 * @module
 */
import type { Push } from '../../src/core/gossip/frames.ts';
import { type BaseBody, contentFrom, makePush } from '../../src/core/gossip/replica/push.ts';
import { type AnchorId, type StreamName, splitStream } from '../../src/core/ids.ts';
import { parseReleaseBody } from '../../src/core/releases/body.ts';
import type { BodyContent } from '../../src/core/statements/body-content.ts';
import type { SignedDocument } from '../../src/core/statements/envelope.ts';
import { parseStatement } from '../../src/core/statements/statement.ts';

/** What a push is made of. */
interface PushParts {
  readonly stream: StreamName;
  /** The document before. */
  readonly base: SignedDocument | undefined;
  readonly document: SignedDocument;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

/** Pushes by what they carry: the same for every node. */
const pushes = new WeakMap<SignedDocument, { base: Uint8Array | undefined; push: Push }>();

/** What stands for a body, by the body and the one that it builds on. */
const contents = new WeakMap<Uint8Array, { base: Uint8Array | undefined; content: BodyContent }>();

/** The push of a document. */
export function pushOf(parts: PushParts): Push {
  const { stream, base, document } = parts;
  const known = pushes.get(document);
  if (known?.base === base?.body && known !== undefined) return known.push;
  const { kind } = splitStream(stream);
  const push = kind === 'release' ? delta(parts) : makePush(undefined, document, []);
  pushes.set(document, { base: base?.body, push });
  return push;
}

function delta({ base, document, blobs }: PushParts): Push {
  const before = new Set(base === undefined ? [] : anchorIds(base.body));
  const added = anchorIds(document.body).flatMap((id) => {
    const der = before.has(id) ? undefined : blobs.get(id);
    return der === undefined ? [] : [der];
  });
  const content = contentOf(base, document.body);
  return { statement: document.statement, content, blobs: added };
}

function contentOf(base: SignedDocument | undefined, body: Uint8Array): BodyContent {
  const known = contents.get(body);
  if (known !== undefined && known.base === base?.body) return known.content;
  const content = contentFrom(base && baseOf(base), body);
  contents.set(body, { base: base?.body, content });
  return content;
}

function baseOf({ statement, body }: SignedDocument): BaseBody {
  const { sequence, bodyDigest } = parseStatement(statement.payload);
  return { sequence, bodyDigest, bodyBytes: body };
}

function anchorIds(body: Uint8Array): readonly AnchorId[] {
  return parseReleaseBody(body).anchors.map(({ id }) => id);
}
