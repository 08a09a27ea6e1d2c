/**
 * Drafts of charters: the body and the statement payload that the signers then sign.
 *
 * A draft that comes out of here would be accepted once enough signers of both charters signed it;
 * whatever a node would refuse is refused while nobody has signed yet. Spec section 4.
 *
 * @module
 */
import { sha256 } from '../crypto.ts';
import { CHARTER_STREAM, NO_PREVIOUS, parseSequence, type RealmName, type Sha256 } from '../ids.ts';
import { VALIDITY_MAX_DAYS } from '../limits.ts';
import { encodeStatement } from '../statements/statement.ts';
import type { CharterPoint } from './chain.ts';
import { type Charter, encodeCharter, parseCharter } from './charter.ts';

const DAY_MS = 86_400_000;

/** The waiting times and limits of a realm that did not choose its own. */
export const DEFAULT_LIFECYCLE: Charter['lifecycle'] = {
  holdDownSeconds: 86_400,
  overlapSeconds: 7 * 86_400,
  blastRadiusPercent: 20,
};

/** The defaults for clients of a realm that did not choose its own. */
export const DEFAULT_CLIENTS: Charter['clients'] = { freshnessSeconds: 600 };

/** What a new charter says; what is absent takes the default, or stays as it is on rotation. */
export type CharterChange = Partial<Omit<Charter, 'version' | 'realm'>>;

/** A charter that waits for signatures. */
export interface CharterDraft {
  readonly charter: Charter;
  readonly body: Uint8Array;
  /** The payload to sign. */
  readonly payload: Uint8Array;
}

/**
 * Drafts a realm's first charter, valid for the charter role's `expiryDays` from `nowMs`.
 *
 * Errors: those of `parseCharter` and `encodeStatement`.
 */
export function draftCharter(
  realm: RealmName,
  content: CharterChange & Pick<Charter, 'signers' | 'roles'>,
  nowMs: number,
): CharterDraft {
  return draft(
    {
      delegations: [],
      regions: [],
      lifecycle: DEFAULT_LIFECYCLE,
      clients: DEFAULT_CLIENTS,
      note: '',
      ...content,
      realm,
      version: 1,
    },
    NO_PREVIOUS,
    nowMs,
  );
}

/**
 * Drafts the charter after `current`, with `change` in place of what it names. Note, resolutions
 * and revealed keys are not carried over: they belong to one version, and decisions hold without
 * being repeated. One that reveals recovery keys is valid no longer than that role may sign for.
 *
 * Errors: those of `parseCharter` and `encodeStatement`.
 */
export function rotateCharter(
  current: Pick<CharterPoint, 'charter' | 'digest'>,
  change: CharterChange,
  nowMs: number,
): CharterDraft {
  const version = current.charter.version + 1;
  const { resolutions: _, revealed: __, ...kept } = current.charter;
  const { recovery } = kept.roles;
  const maxDays = change.revealed === undefined ? undefined : recovery?.expiryDays;
  const next = { ...kept, note: '', ...change, version };
  return draft(next, current.digest, nowMs, maxDays);
}

function draft(
  charter: Charter,
  previous: Sha256,
  nowMs: number,
  maxDays: number = VALIDITY_MAX_DAYS,
): CharterDraft {
  const body = encodeCharter(charter);
  const issuedMs = Math.floor(nowMs / 1000) * 1000;
  const payload = encodeStatement({
    realm: charter.realm,
    stream: CHARTER_STREAM,
    sequence: parseSequence(charter.version),
    previous,
    charterVersion: charter.version,
    issuedMs,
    expiresMs: issuedMs + Math.min(maxDays, charter.roles.charter.expiryDays) * DAY_MS,
    bodyDigest: sha256(body),
    bodyBytes: body.length,
  });
  return { charter: parseCharter(body), body, payload };
}
