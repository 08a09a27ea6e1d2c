/**
 * A realm to test acceptance in: charters and releases signed with fixed keys.
 *
 * @module
 */
import type { Charter } from '../../../src/core/charter/charter.ts';
import {
  type CharterChange,
  type CharterDraft,
  draftCharter,
  rotateCharter,
} from '../../../src/core/charter/draft.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import {
  NO_PREVIOUS,
  parseSequence,
  type ReleaseStream,
  releaseStream,
  type Sha256,
  type StreamName,
} from '../../../src/core/ids.ts';
import { encodeReleaseBody, type ReleaseBody } from '../../../src/core/releases/body.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { encodeStatement, type StatementFields } from '../../../src/core/statements/statement.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import type { Accepted, Offer } from '../../../src/core/trusted/offer.ts';
import {
  currentCharter,
  emptyTrustedState,
  type Head,
  headOf,
  type TrustedState,
} from '../../../src/core/trusted/state.ts';
import { anchor, bodyOf, PAYMENTS } from '../releases/bodies.ts';
import { ALICE, BOB, CAROL, DAVE, DAY_MS, ERIN, NOW_MS, REALM, role, signer } from '../support.ts';

export const STREAM: ReleaseStream = releaseStream(PAYMENTS);

/** Two of Alice, Bob and Carol decide; Dave alone may revoke. */
export function firstCharter(changed: CharterChange = {}): CharterDraft {
  const signers = [
    signer('alice', ALICE),
    signer('bob', BOB),
    signer('carol', CAROL),
    signer('dave', DAVE),
    signer('erin', ERIN),
  ];
  const lifecycle = { holdDownSeconds: 86_400, overlapSeconds: 3600, blastRadiusPercent: 20 };
  const content = { signers, roles: ROLES, lifecycle, ...changed };
  return draftCharter(REALM, content, NOW_MS - DAY_MS);
}

export const ROLES: Charter['roles'] = {
  charter: role(2, 'alice', 'bob', 'carol'),
  release: role(2, 'alice', 'bob', 'carol'),
  revoke: { ...role(1, 'dave'), expiryDays: 30 },
};

/** A draft with signatures. */
export function signed(draft: CharterDraft, ...keys: readonly SigningKey[]): SignedDocument {
  return { statement: signStatement(draft.payload, keys), body: draft.body };
}

/** The state of somebody who holds the first charter. */
export function begin(changed: CharterChange = {}): TrustedState {
  const document = signed(firstCharter(changed), ALICE, BOB);
  const empty = emptyTrustedState(REALM, sha256(document.statement.payload));
  return take(empty, document);
}

/** The next charter of a state. */
export function nextCharter(
  state: TrustedState,
  change: CharterChange,
  ...keys: readonly SigningKey[]
): SignedDocument {
  const current = currentCharter(state);
  if (current === undefined) throw new KedgeError('BUG', 'no charter to rotate');
  return signed(rotateCharter(current, change, NOW_MS), ...keys);
}

/** What a release says other than the next one of its stream would. */
export interface ReleaseChange extends Partial<StatementFields> {
  readonly keys?: readonly SigningKey[];
}

/** The statement after `head` of a stream, with a body; `changed` wins over all. */
export function documentAfter(
  stream: StreamName,
  head: Pick<Head, 'sequence' | 'digest'> | undefined,
  body: Uint8Array,
  { keys = [ALICE, BOB], ...changed }: ReleaseChange,
): SignedDocument {
  const issuedMs = changed.issuedMs ?? NOW_MS;
  const payload = encodeStatement({
    realm: REALM,
    stream,
    sequence: parseSequence((head?.sequence ?? 0) + 1),
    previous: head?.digest ?? NO_PREVIOUS,
    charterVersion: 1,
    issuedMs,
    expiresMs: issuedMs + 30 * DAY_MS,
    bodyDigest: sha256(body),
    bodyBytes: body.length,
    ...changed,
  });
  return { statement: signStatement(payload, keys), body };
}

/** The release after `head`, signed by Alice and Bob. */
export function releaseAfter(
  head: Pick<Head, 'sequence' | 'digest'> | undefined,
  body: ReleaseBody,
  changed: ReleaseChange = {},
): SignedDocument {
  return documentAfter(releaseStream(body.bundle), head, encodeReleaseBody(body), changed);
}

/** The release after the head of a state. */
export function nextRelease(
  state: TrustedState,
  body: ReleaseBody,
  changed: ReleaseChange = {},
): SignedDocument {
  return releaseAfter(headOf(state, releaseStream(body.bundle)), body, changed);
}

/** Where a document stands, for what follows it. */
export function placeOf(
  document: SignedDocument,
  sequence: number,
): { readonly sequence: Head['sequence']; readonly digest: Sha256 } {
  return { sequence: parseSequence(sequence), digest: sha256(document.statement.payload) };
}

/** Offers one document at {@link NOW_MS}. */
export function offer(
  state: TrustedState,
  document: SignedDocument,
  changed: Partial<Offer> & { readonly nowMs?: number } = {},
): Accepted {
  const { nowMs = NOW_MS, ...rest } = changed;
  const { statement, body } = document;
  return acceptDocument(state, { chain: [statement], body, mode: 'linked', ...rest }, nowMs);
}

/** Offers documents that must be accepted; returns the state after them. */
export function take(state: TrustedState, ...documents: readonly SignedDocument[]): TrustedState {
  let now = state;
  for (const document of documents) {
    const result = offer(now, document);
    if (result.outcome !== 'accepted') throw new KedgeError('BUG', `it was ${result.outcome}`);
    now = result.state;
  }
  return now;
}

/** A body that differs from others by its note alone. */
export function noted(note: string, changed: Partial<ReleaseBody> = {}): ReleaseBody {
  return { ...bodyOf([anchor('one'), anchor('two')]), note, ...changed };
}

/** A state with releases 1 to `count`, and the documents; of a realm and with bodies as given. */
export function grown(
  count: number,
  { realm = {}, body = {} }: { realm?: CharterChange; body?: Partial<ReleaseBody> } = {},
): {
  readonly state: TrustedState;
  readonly documents: readonly SignedDocument[];
} {
  const documents: SignedDocument[] = [];
  let state = begin(realm);
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const document = nextRelease(state, noted(`release ${sequence}`, body));
    documents.push(document);
    state = take(state, document);
  }
  return { state, documents };
}
