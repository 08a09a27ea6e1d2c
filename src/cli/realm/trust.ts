/**
 * What the CLI believes of a realm: built from the pin down, with the core's own rules, whoever
 * delivered the documents (a node, a draft file, a charter file).
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { parseRealmName, parseSha256, type RealmName, type Sha256 } from '../../core/ids.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { acceptDocument } from '../../core/trusted/accept.ts';
import type { Holding } from '../../core/trusted/holding.ts';
import {
  type AcceptedCharter,
  currentCharter,
  emptyTrustedState,
  type TrustedState,
} from '../../core/trusted/state.ts';
import { parseArgument } from '../help.ts';
import type { Profile } from '../profile.ts';

/** Whom a command believes: the digest of the realm's first charter, and the realm when named. */
export interface Pin {
  readonly digest: Sha256;
  readonly realm: RealmName | undefined;
}

/** Releases below one that are looked at, to judge it. */
export const BELOW_MAX: number = 16;

/**
 * A release with those below it, oldest first, that it takes to judge it: one that only the revoke
 * role signed narrows the release before, so that one has to be known too (NR-1).
 */
export interface GroundedDocument extends SignedDocument {
  readonly below?: readonly SignedDocument[];
}

/** Takes the pin from the command line or the profile. Errors: `CONFIG`. */
export function requirePin(
  profile: Profile,
  options: { readonly pin?: string; readonly realm?: string },
): Pin {
  const digest =
    options.pin === undefined
      ? profile.pin
      : parseArgument('--pin', options.pin.toLowerCase(), parseSha256);
  const realm =
    options.realm === undefined
      ? profile.realm
      : parseArgument('--realm', options.realm, parseRealmName);
  if (digest === undefined) {
    throw new KedgeError('CONFIG', 'the pin of the realm is not set', {
      detail: {
        hint:
          'put `pin: <digest>` in kedge.yaml, or give --pin or KEDGE_PIN; ' +
          '`kedge realm init` printed it, the owner of the realm knows it',
      },
    });
  }
  return { digest, realm };
}

/** Takes pin and realm, both needed. Errors: `CONFIG`. */
export function requirePinnedRealm(
  profile: Profile,
  options: { readonly pin?: string; readonly realm?: string },
): Pin & { readonly realm: RealmName } {
  const { digest, realm } = requirePin(profile, options);
  if (realm !== undefined) return { digest, realm };
  throw new KedgeError('CONFIG', 'the realm is not known', {
    detail: { hint: 'give --realm, or set `realm:` in kedge.yaml' },
  });
}

/**
 * Verifies a chain of charters from the first on, and a release under the charter of its time.
 *
 * The release is judged between the charters, where it was accepted when it was new: later charters
 * may have removed its signers, which takes nothing from what they signed before. That is under the
 * charter that it names, or under a later one when its last signatures came after that (QU-2).
 * Errors: those of `acceptDocument`; `GAP` without a charter; `FORK`.
 */
export function verifyRealm(
  pin: Pin,
  documents: {
    readonly charters: readonly SignedDocument[];
    readonly release?: GroundedDocument | undefined;
    /** A rollout of its bundle, which comes after it. */
    readonly rollout?: SignedDocument | undefined;
  },
  nowMs: number,
): TrustedState {
  const [first] = documents.charters;
  if (first === undefined) {
    throw new KedgeError('GAP', 'there is no charter to judge anything by', {
      detail: { hint: 'give the charter file of the realm with --charter, or a node with --node' },
    });
  }
  let state = emptyTrustedState(
    pin.realm ?? parseStatement(first.statement.payload).realm,
    pin.digest,
  );
  const { release, rollout } = documents;
  const waiting = [...(release?.below ?? []), release, rollout].filter((one) => one !== undefined);
  let refusal: KedgeError | undefined;
  for (const charter of documents.charters) {
    const { sequence } = parseStatement(charter.statement.payload);
    for (;;) {
      const [oldest] = waiting;
      if (oldest === undefined || namedBy(oldest) >= sequence) break;
      const accepted = acceptIfSigned(state, oldest, nowMs);
      if (accepted instanceof KedgeError) {
        refusal ??= accepted;
        break;
      }
      state = accepted;
      refusal = undefined;
      waiting.shift();
    }
    state = accept(state, charter, nowMs);
  }
  for (const document of waiting) {
    const accepted = acceptIfSigned(state, document, nowMs);
    // What the charter that it names said tells best what is missing.
    if (accepted instanceof KedgeError) throw refusal ?? accepted;
    state = accepted;
  }
  return state;
}

function namedBy({ statement }: SignedDocument): number {
  return parseStatement(statement.payload).charterVersion;
}

/** As {@link acceptPast}; that signers are missing is a value, as a later charter may have them. */
function acceptIfSigned(
  state: TrustedState,
  document: SignedDocument,
  nowMs: number,
): TrustedState | KedgeError {
  try {
    return acceptPast(state, document, nowMs);
  } catch (thrown) {
    const error = KedgeError.from(thrown);
    if (error.code === 'THRESHOLD') return error;
    throw thrown;
  }
}

function acceptPast(state: TrustedState, document: SignedDocument, nowMs: number): TrustedState {
  const { issuedMs } = parseStatement(document.statement.payload);
  return accept(state, document, Math.min(issuedMs, nowMs));
}

function accept(state: TrustedState, document: SignedDocument, nowMs: number): TrustedState {
  const chain = [document.statement];
  const offer = { chain, body: document.body, mode: 'jump', holdings: holdingsOf(state) } as const;
  const result = acceptDocument(state, offer, nowMs);
  if (result.outcome !== 'forked') return result.state;
  const { stream, sequence } = result.evidence;
  throw new KedgeError('FORK', `two valid statements exist for sequence ${sequence} of ${stream}`);
}

/**
 * What is known of a release whose charter is older than a decision about its stream: that the node
 * or the draft says so. Who builds on the side that fell is refused by every node.
 */
function holdingsOf(state: TrustedState): readonly Holding[] {
  return [...state.streams.values()].map((of) => {
    const { head } = of;
    if (head === undefined) return { of };
    return { of, newest: { statement: head.statement, body: head.bodyBytes } };
  });
}

/** The charter that rules now. Errors: `GAP` when there is none. */
export function requireCharter(state: TrustedState): AcceptedCharter {
  const current = currentCharter(state);
  if (current !== undefined) return current;
  throw new KedgeError('GAP', 'there is no charter to judge anything by');
}
