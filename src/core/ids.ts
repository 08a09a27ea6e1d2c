/**
 * Names and identifiers: branded strings and numbers, each made by its `parse…` function alone.
 *
 * Realm and bundle names obey the SPIFFE trust-domain grammar (SPIFFE-ID section 2.1), so that each
 * bundle is a SPIFFE trust domain and no name can be a path, a homoglyph or a prototype key.
 *
 * @module
 */
import { KedgeError } from './errors.ts';

declare const brand: unique symbol;
declare const holds: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A realm's name, for example `prod.example.org`. */
export type RealmName = Brand<string, 'RealmName'>;
/** A bundle's name inside its realm, for example `payments.prod.example.org`. */
export type BundleName = Brand<string, 'BundleName'>;
/** `charter`, `release/<bundle>` or `rollout/<bundle>`. */
export type StreamName = Brand<string, 'StreamName'>;
/** The stream of a bundle's releases. */
export type ReleaseStream = StreamName & { readonly [holds]: 'release' };
/** The stream of a bundle's rollouts. */
export type RolloutStream = StreamName & { readonly [holds]: 'rollout' };
/** A SHA-256 as 64 lower-case hex digits. */
export type Sha256 = Brand<string, 'Sha256'>;
/** The SHA-256 of an anchor's DER. Every anchor id is also a {@link Sha256}. */
export type AnchorId = Sha256;
/** The SHA-256 of `alg ‖ canonical SPKI DER`; see spec section 2. */
export type KeyId = Sha256;
/** A signer's name inside its charter. */
export type SignerId = Brand<string, 'SignerId'>;
/** A region's name, for example `iad`. */
export type RegionName = Brand<string, 'RegionName'>;
/** A node's name, unique in its realm. */
export type NodeId = Brand<string, 'NodeId'>;
/** The place of a statement in its stream: an integer from 1 to 2^53 - 1. */
export type Sequence = Brand<number, 'Sequence'>;
/** A time with whole seconds as `YYYY-MM-DDTHH:MM:SSZ`. */
export type Timestamp = Brand<string, 'Timestamp'>;

/** The kinds of streams. */
export type StreamKind = 'charter' | 'release' | 'rollout';

/** The digest that stands for "nothing before" in a stream's first statement. */
export const NO_PREVIOUS: Sha256 = '0'.repeat(64) as Sha256;
/** The one charter stream of a realm. */
export const CHARTER_STREAM: StreamName = 'charter' as StreamName;

const TRUST_DOMAIN = /^[a-z0-9][a-z0-9._-]{0,254}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const SHORT_NAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/;
const LABEL = /^[a-z0-9][a-z0-9-]{0,62}$/;
const TIMESTAMP = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/;

/** Parses a realm's name. Errors: `PARSE`. */
export function parseRealmName(text: string): RealmName {
  return requireMatch(TRUST_DOMAIN, text, 'realm name') as RealmName;
}

/** Parses a bundle's name. Errors: `PARSE`. */
export function parseBundleName(text: string): BundleName {
  return requireMatch(TRUST_DOMAIN, text, 'bundle name') as BundleName;
}

/** Parses a signer's name. Errors: `PARSE`. */
export function parseSignerId(text: string): SignerId {
  return requireMatch(SHORT_NAME, text, 'signer id') as SignerId;
}

/** Parses a region's name. Errors: `PARSE`. */
export function parseRegionName(text: string): RegionName {
  return requireMatch(LABEL, text, 'region name') as RegionName;
}

/** Parses a node's name. Errors: `PARSE`. */
export function parseNodeId(text: string): NodeId {
  return requireMatch(LABEL, text, 'node id') as NodeId;
}

/** Parses 64 lower-case hex digits. Errors: `PARSE`. */
export function parseSha256(text: string): Sha256 {
  // No name of a member of objects looks so.
  return (SHA256.test(text) ? text : requireMatch(SHA256, text, 'SHA-256')) as Sha256;
}

/** A SHA-256 that was computed here, as hex: there is nothing to check. */
export function computedSha256(hex: string): Sha256 {
  return hex as Sha256;
}

/** Checks a sequence: an integer from 1 to 2^53 - 1. Errors: `PARSE`. */
export function parseSequence(value: number): Sequence {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new KedgeError('PARSE', `not a sequence: ${String(value)}`);
  }
  return value as Sequence;
}

/** A stream's name taken apart; `bundle` is absent for `charter`. */
export type ParsedStream =
  | { readonly kind: 'charter' }
  | { readonly kind: 'release' | 'rollout'; readonly bundle: BundleName };

/** Parses a stream's name. Errors: `PARSE`. */
export function parseStreamName(text: string): StreamName {
  splitStream(text);
  return text as StreamName;
}

/** Takes a stream's name apart. Errors: `PARSE`. */
export function splitStream(text: string): ParsedStream {
  if (text === 'charter') return { kind: 'charter' };
  const slash = text.indexOf('/');
  const kind = text.slice(0, Math.max(0, slash));
  if (kind === 'release' || kind === 'rollout') {
    return { kind, bundle: parseBundleName(text.slice(slash + 1)) };
  }
  throw new KedgeError('PARSE', `not a stream name: ${JSON.stringify(text.slice(0, 80))}`);
}

/** The stream of a bundle's releases. */
export function releaseStream(bundle: BundleName): ReleaseStream {
  return `release/${bundle}` as ReleaseStream;
}

/** The stream of a bundle's rollouts. */
export function rolloutStream(bundle: BundleName): RolloutStream {
  return `rollout/${bundle}` as RolloutStream;
}

/** Says whether a stream is one of rollouts. */
export function isRollout(stream: StreamName): stream is RolloutStream {
  return stream.startsWith('rollout/');
}

/** The releases of the bundle whose rollouts are in this stream. */
export function releasesOf(rollouts: RolloutStream): ReleaseStream {
  return `release${rollouts.slice('rollout'.length)}` as ReleaseStream;
}

/** Parses a timestamp: a real UTC second, no other notation. Errors: `PARSE`. */
export function parseTimestamp(text: string): Timestamp {
  const ms = TIMESTAMP.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms) || formatTimestamp(ms) !== text) {
    throw new KedgeError('PARSE', `not a UTC time like 2026-11-23T10:00:00Z: ${quote(text)}`);
  }
  return text as Timestamp;
}

/** Milliseconds since 1970 of a timestamp. */
export function timestampMs(timestamp: Timestamp): number {
  return Date.parse(timestamp);
}

/** Formats milliseconds since 1970, cut to the second. */
export function formatTimestamp(ms: number): Timestamp {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z` as Timestamp;
}

function requireMatch(pattern: RegExp, text: string, what: string): string {
  if (pattern.test(text) && !(text in Object.prototype)) return text;
  throw new KedgeError('PARSE', `not a ${what}: ${quote(text)} (must match ${pattern.source})`);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
