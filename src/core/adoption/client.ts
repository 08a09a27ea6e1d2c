/**
 * One client as the board of a node knows it: what it runs, what it was sent, what it used.
 *
 * @module
 */
import { encodeUtf8 } from '../bytes.ts';
import { sha256 } from '../crypto.ts';
import type { ErrorCode } from '../errors.ts';
import type { AnchorId, BundleName, NodeId, Sequence, Sha256 } from '../ids.ts';
import type { WatchStart } from '../watch/messages.ts';
import type { ClientPlace, Presence } from './model.ts';

/** Something that a client was sent or refused, and does not run. */
export interface OtherRelease {
  readonly sequence: Sequence;
  readonly digest: Sha256;
  readonly stage: 'delivered' | 'refused';
  readonly refusal?: { readonly code: ErrorCode; readonly reason: string };
}

/** How one client uses one anchor. */
export interface UseTotal {
  readonly lastUsedMs: number;
  readonly handshakes: number;
}

/** How far a client is with the release of a rollout. */
type Reach = 'without' | 'delivered' | 'loaded' | 'refused';

/** Where a client is counted. */
export interface WavePlace {
  readonly rollout: Sha256;
  readonly wave: number;
  readonly reach: Reach | 'nowhere';
}

/** A client and one bundle that it watches. */
export interface Progress {
  readonly bundle: BundleName;
  held: { readonly sequence: Sequence; readonly digest: Sha256 } | undefined;
  other: OtherRelease | undefined;
  untracked: boolean;
  /** Absent until it reports one. */
  uses: Map<AnchorId, UseTotal> | undefined;
  /** The name of the group in which it is counted; absent: in none. */
  group: string | undefined;
  /** Where it is counted by wave; absent: no rollout runs. */
  wave?: WavePlace;
}

/** Digits of a key: nobody finds two clients with one key by chance. */
const KEY_CHARS = 32;
const SHORT_CHARS = 16;
const NO_PLACE: ClientPlace = { stage: 'waiting', sequence: 0, digest: '' };

/** What names an instance among all nodes without telling who it is. */
export function clientKey(identity: string, instance: string): string {
  return sha256(encodeUtf8(`${identity}\n${instance}`)).slice(0, KEY_CHARS);
}

/** What lists call an instance: nobody gets from it to the instance, or to its key. */
export function aliasOf(identity: string, instance: string): string {
  return sha256(encodeUtf8(`listed\n${identity}\n${instance}`)).slice(0, KEY_CHARS);
}

/** A client; only the board changes one. */
export class Client {
  readonly identity: string;
  readonly instance: string | undefined;
  /** {@link clientKey}, or for one without instance a name that holds on this node. */
  readonly key: string;
  /**
   * What stands for its instance in lists. Who knows an instance can say that it came to another
   * node, so it is told to nobody.
   */
  readonly alias: string | undefined;
  /** Where it stands in lists. */
  readonly name: string;
  readonly streams: number;
  readonly previousNode: NodeId | undefined;
  readonly labels: ReadonlyMap<string, string>;
  /** Those by which it is counted, and the same as text. */
  readonly grouped: { readonly labels: ReadonlyMap<string, string>; readonly text: string };
  readonly reportsUsage: boolean;
  readonly bundles: Map<BundleName, Progress> = new Map();
  presence: Presence = 'connected';
  sinceMs: number;
  /** False once another stream took its place: what it still says counts for nothing. */
  isCounted = true;
  /** True once another node said that it came there: the end of its stream is no departure. */
  isElsewhere = false;

  constructor(
    who: { readonly identity: string; readonly key: string; readonly grouped: Client['grouped'] },
    start: WatchStart,
    nowMs: number,
  ) {
    this.identity = who.identity;
    this.key = who.key;
    this.grouped = who.grouped;
    this.instance = start.instance;
    this.alias = start.instance === undefined ? undefined : aliasOf(who.identity, start.instance);
    this.name = `${who.identity} ${this.alias ?? who.key}`;
    this.streams = start.streams ?? 0;
    this.previousNode = start.previousNode;
    this.labels = start.labels;
    this.reportsUsage = start.reportsUsage === true;
    this.sinceMs = nowMs;
    for (const { bundle, held } of start.bundles) {
      const progress = { bundle, held, other: undefined, untracked: false };
      this.bundles.set(bundle, { ...progress, uses: undefined, group: undefined });
    }
  }

  /** What was known of the same instance before stays known. */
  inherit(before: Client): void {
    for (const [bundle, { uses, untracked, other }] of before.bundles) {
      const progress = this.bundles.get(bundle);
      if (progress === undefined) continue;
      progress.uses = uses;
      progress.untracked = untracked;
      // Who comes again has not changed its mind: else a refusal would be gone before it is told.
      const isPast = (other?.sequence ?? 0) <= (progress.held?.sequence ?? 0);
      if (other?.stage === 'refused' && !isPast) progress.other = other;
    }
  }

  /** True when it refused something and has not come further since. */
  get hasRefused(): boolean {
    return [...this.bundles.values()].some(({ other }) => other?.stage === 'refused');
  }
}

/** Where a client is with a bundle. */
export function placeOf({ held, other }: Progress): ClientPlace {
  const running = held && { sequence: held.sequence, digest: shortDigest(held.digest) };
  if (other === undefined) {
    return running === undefined ? NO_PLACE : { stage: 'loaded', ...running };
  }
  const { stage, sequence: otherSequence, refusal } = other;
  return {
    stage,
    sequence: running?.sequence ?? 0,
    digest: running?.digest ?? '',
    otherSequence,
    ...(refusal !== undefined && { code: refusal.code }),
  };
}

/** How a digest begins. */
export function shortDigest(digest: Sha256): string {
  return digest.slice(0, SHORT_CHARS);
}

/** The labels by which a client is counted. */
export function groupedBy(
  names: readonly string[],
  labels: WatchStart['labels'],
): Client['grouped'] {
  const kept = new Map<string, string>();
  for (const name of names) {
    const value = labels.get(name);
    if (value !== undefined) kept.set(name, value);
  }
  return { labels: kept, text: JSON.stringify([...kept]) };
}
