/** A stream that forked at its second release, and charters that decide about it. */
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { parseSequence, type Sha256 } from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { decisionsOn } from '../../../src/core/trusted/decisions.ts';
import { makeEvidence } from '../../../src/core/trusted/evidence.ts';
import type { Holding } from '../../../src/core/trusted/holding.ts';
import { touchedBy } from '../../../src/core/trusted/settle.ts';
import { type Evidence, type TrustedState } from '../../../src/core/trusted/state.ts';
import { ALICE, BOB } from '../support.ts';
import { begin, grown, nextCharter, noted, offer, placeOf, releaseAfter, STREAM } from './world.ts';

export const BEGUN: TrustedState = begin();
export const FIRST: SignedDocument = documentAt(grown(1).documents, 0);
export const A: SignedDocument = after(FIRST, 1, 'a');
export const B: SignedDocument = after(FIRST, 1, 'b');
export const C: SignedDocument = after(FIRST, 1, 'c');
export const A3: SignedDocument = after(A, 2, 'a3');
export const B3: SignedDocument = after(B, 2, 'b3');
export const PROOF: Evidence = proof(A, B, 2);
export const KEEP_A: SignedDocument = decide({ 2: A });

function documentAt(documents: readonly SignedDocument[], index: number): SignedDocument {
  const document = documents[index];
  if (document === undefined) throw new Error('no such document');
  return document;
}

/** A release on top of one at `sequence`. */
export function after(
  before: SignedDocument,
  sequence: number,
  note: string,
  changed: { readonly charterVersion?: number; readonly keys?: readonly SigningKey[] } = {},
): SignedDocument {
  return releaseAfter(placeOf(before, sequence), noted(note), changed);
}

export function proof(a: SignedDocument, b: SignedDocument, sequence: number): Evidence {
  return makeEvidence(STREAM, parseSequence(sequence), [a.statement, b.statement]);
}

/** The next charter, which lets these statements stand, by sequence. */
export function decide(
  standing: Readonly<Record<number, SignedDocument>>,
  state: TrustedState = begin(),
): SignedDocument {
  const resolutions = Object.entries(standing).map(([sequence, document]) => ({
    stream: STREAM,
    sequence: parseSequence(Number(sequence)),
    digest: digestOf(document),
  }));
  return nextCharter(state, { resolutions }, ALICE, BOB);
}

export function digestOf({ statement }: SignedDocument): ReturnType<typeof sha256> {
  return sha256(statement.payload);
}

/** What a store would answer: the newest of `held` that the decision leaves, by a full chain. */
export function holdingsOf(
  state: TrustedState,
  charter: SignedDocument,
  held: readonly SignedDocument[],
): readonly Holding[] {
  const next = takeWithout(state, charter);
  if (next === undefined) return [];
  return [...touchedBy(next)].map(([stream, { of, at }]) => {
    const chain = longest(held, decisionsOn(next.charters, stream));
    const stays = chain.findLast(({ sequence }) => sequence >= at.sequence);
    const newest = stays ?? chain.findLast(({ sequence }) => sequence < at.sequence);
    const end = of.kind === 'forked' ? of.commonSequence : 0;
    const before = stays && chain.find(({ sequence }) => sequence === end);
    return {
      of,
      ...(newest && { newest: newest.document }),
      ...(before && { beforeFork: before.digest }),
    };
  });
}

interface Placed {
  readonly document: SignedDocument;
  readonly sequence: number;
  readonly digest: Sha256;
}

/** The longest chain of held documents that contradicts no decision. */
function longest(
  held: readonly SignedDocument[],
  decisions: ReturnType<typeof decisionsOn>,
): readonly Placed[] {
  let best: readonly Placed[] = [];
  const grow = (chain: readonly Placed[]): void => {
    if (chain.length > best.length) best = chain;
    for (const document of held) {
      const { sequence, digest, previous } = parseStatement(document.statement.payload);
      const decided = decisions.find((one) => one.sequence === sequence);
      const follows = previous === (chain.at(-1)?.digest ?? '0'.repeat(64));
      if (!follows || (decided !== undefined && decided.digest !== digest)) continue;
      grow([...chain, { document, sequence, digest }]);
    }
  };
  grow([]);
  return best;
}

/** The state after a charter, had it moved nothing. */
function takeWithout(state: TrustedState, charter: SignedDocument): TrustedState | undefined {
  try {
    const result = offer({ ...state, streams: new Map() }, charter);
    return result.outcome === 'accepted' ? { ...result.state, streams: state.streams } : undefined;
  } catch (thrown) {
    if (thrown instanceof KedgeError) return undefined;
    throw thrown;
  }
}
