/**
 * The counts of one bundle on one node, kept with each change: groups of clients, uses of anchors.
 *
 * @module
 */
import type { AnchorId, BundleName, Sequence, Sha256 } from '../ids.ts';
import { ANCHORS_MAX } from '../limits.ts';
import type { NamedRelease } from '../rollouts/body.ts';
import { type Client, type Progress, placeOf, shortDigest, type UseTotal } from './client.ts';
import type { AnchorAdoption, ClientCounts, ClientPlace } from './model.ts';
import type { RolloutRow } from './rollout-row.ts';
import {
  type BundleRow,
  MERGED_GROUPS_MAX,
  OTHER_LABELS,
  ROW_GROUPS_MAX,
  type RowGroup,
} from './row.ts';
import { type CountedRollout, WaveTally } from './wave-tally.ts';

/** What a node serves of a bundle. */
export interface ServedHead {
  readonly sequence: Sequence;
  readonly digest: Sha256;
  /** The anchors in it: a use of any other one is not believed. */
  readonly anchors: ReadonlySet<AnchorId>;
  /** The rollout that names it, or an earlier one; absent: none does. */
  readonly rollout?: CountedRollout | undefined;
}

/** How far a rollout is at a node. */
export type OpenWaves = Pick<RolloutRow, 'rollout' | 'open' | 'standing'>;

interface AnchorTotal extends UseTotal {
  clients: number;
  handshakes: number;
  lastUsedMs: number;
}

interface Group {
  readonly name: string;
  readonly place: ClientPlace;
  readonly labels: ReadonlyMap<string, string>;
  readonly presence: Client['presence'];
  count: number;
}

interface PastHead {
  readonly sequence: number;
  readonly digest: Sha256;
  readonly sinceMs: number;
}

/** Heads whose time is remembered. */
const HEADS_MAX = 64;
/** Anchors that left the head whose uses stay known, and ones that may come with the next head. */
const PAST_MAX = 256;
const EARLY_MAX = 256;
/** Groups that are counted apart; more are counted by stage and presence only. */
const GROUPS_MAX = ROW_GROUPS_MAX - MERGED_GROUPS_MAX;
/** Groups that each bundle may have however many there are in all. */
const GROUPS_MIN = 8;

/** The counts of one bundle. */
export class Tally {
  readonly bundle: BundleName;
  readonly #room: { groups: number };
  readonly #groups: Map<string, Group> = new Map();
  readonly #anchors: Map<AnchorId, AnchorTotal> = new Map();
  /** Of anchors that left the head: they may be put back. The one that left first comes first. */
  readonly #past: Map<AnchorId, AnchorTotal> = new Map();
  /** Of anchors that are not in the head: a client may be further than this node. */
  readonly #early: Map<AnchorId, UseTotal> = new Map();
  readonly #heads: PastHead[] = [];
  readonly #counts = { connected: 0, departed: 0, silent: 0, untracked: 0 };
  #head: ServedHead | undefined;
  #waves: WaveTally | undefined;
  #open: OpenWaves | undefined;
  /** Until when it is not known of everybody who was there lately. */
  #partialUntilMs = 0;

  /** `room`: how many groups all bundles together may have yet. */
  constructor(bundle: BundleName, room: { groups: number }) {
    this.bundle = bundle;
    this.#room = room;
  }

  get head(): ServedHead | undefined {
    return this.#head;
  }

  /** A digest as all clients have it, who are many: that of the head in place of an equal one. */
  shared(digest: Sha256): Sha256 {
    return this.#head?.digest === digest ? this.#head.digest : digest;
  }

  /** True when there is nothing to tell any more: it can be forgotten. */
  isEmpty(nowMs: number): boolean {
    const hasUses = this.#anchors.size > 0 || this.#past.size > 0;
    return this.#groups.size === 0 && !hasUses && nowMs >= this.#partialUntilMs;
  }

  /** The rollout by which clients are counted. */
  get rollout(): CountedRollout | undefined {
    return this.#waves?.rollout;
  }

  /** Clients are counted by these waves from now on; all have to enter them. */
  roll(rollout: CountedRollout | undefined): void {
    const isHeld = (release: NamedRelease): boolean =>
      this.#heads.some(
        ({ sequence, digest }) => sequence === release.sequence && digest === release.digest,
      );
    this.#waves = rollout && new WaveTally(rollout, isHeld);
  }

  /** Counts a client that is counted here by the waves as well. */
  enterWaves(client: Client, progress: Progress): void {
    this.#waves?.enter(client, progress);
  }

  /** Says how far a rollout is at this node. */
  opened(open: OpenWaves): void {
    this.#open = open;
  }

  /** This node serves another head. */
  serve(head: ServedHead | undefined, sinceMs: number): void {
    if (head !== undefined && head.digest !== this.#head?.digest) {
      this.#heads.push({ sequence: head.sequence, digest: head.digest, sinceMs });
      if (this.#heads.length > HEADS_MAX) this.#heads.shift();
    }
    this.#head = head;
    if (head !== undefined) this.#sort(head);
  }

  /** Uses of anchors that are in the head are told of, those of ones that left are kept aside. */
  #sort({ anchors }: ServedHead): void {
    for (const [anchor, total] of this.#anchors) {
      if (anchors.has(anchor)) continue;
      this.#anchors.delete(anchor);
      this.#past.set(anchor, total);
    }
    for (const anchor of this.#past.keys()) {
      if (this.#past.size > PAST_MAX) this.#past.delete(anchor);
    }
    for (const anchor of anchors) {
      const known = this.#anchors.get(anchor) ?? this.#past.get(anchor);
      const early = this.#early.get(anchor);
      if (known !== undefined || early !== undefined) {
        this.#anchors.set(anchor, joined(known, early));
      }
      this.#past.delete(anchor);
      this.#early.delete(anchor);
    }
  }

  /** Counts a client where it is now. */
  enter(client: Client, progress: Progress): void {
    const place = placeOf(progress);
    const { presence, grouped } = client;
    const { stage, sequence, digest, otherSequence = 0, code = '' } = place;
    const at = `${sequence} ${digest} ${otherSequence} ${code}`;
    const name = `${stage} ${at} ${presence} ${grouped.text}`;
    const max = this.#room.groups > 0 ? GROUPS_MAX : GROUPS_MIN;
    if (this.#groups.has(name) || this.#groups.size < max) {
      this.#join(progress, name, { place, labels: grouped.labels, presence });
    } else {
      const various = { stage, sequence: 0, digest: '' };
      const group = { place: various, labels: OTHER_LABELS, presence };
      this.#join(progress, `${stage} ${presence}`, group);
    }
    this.#count(client, progress, 1);
    this.#waves?.enter(client, progress);
    for (const anchor of progress.uses?.keys() ?? []) this.#shift(anchor, 1);
  }

  /** Takes a client out again. */
  leave(client: Client, progress: Progress): void {
    if (progress.group === undefined) return;
    const group = this.#groups.get(progress.group);
    if (group !== undefined) {
      group.count -= 1;
      if (group.count === 0) {
        this.#groups.delete(progress.group);
        this.#room.groups += 1;
      }
    }
    progress.group = undefined;
    this.#waves?.leave(client, progress);
    this.#count(client, progress, -1);
    for (const anchor of progress.uses?.keys() ?? []) this.#shift(anchor, -1);
  }

  /** Adds handshakes of a counted client; says whether it is a client more of that anchor. */
  used(progress: Progress, anchor: AnchorId, use: UseTotal): 'first' | 'again' | 'unknown' {
    if (this.#head?.anchors.has(anchor) !== true) {
      const early = this.#early.get(anchor);
      this.#early.set(anchor, joined(undefined, use, early));
      const [oldest] = this.#early.keys();
      if (oldest !== undefined && this.#early.size > EARLY_MAX) this.#early.delete(oldest);
      return 'unknown';
    }
    progress.uses ??= new Map();
    const before = progress.uses.get(anchor);
    progress.uses.set(anchor, {
      lastUsedMs: Math.max(use.lastUsedMs, before?.lastUsedMs ?? 0),
      handshakes: sum(before?.handshakes ?? 0, use.handshakes),
    });
    const total = this.#anchors.get(anchor) ?? { clients: 0, handshakes: 0, lastUsedMs: 0 };
    if (!this.#anchors.has(anchor) && this.#anchors.size >= ANCHORS_MAX) return 'unknown';
    this.#anchors.set(anchor, total);
    total.handshakes = sum(total.handshakes, use.handshakes);
    total.lastUsedMs = Math.max(total.lastUsedMs, use.lastUsedMs);
    if (before !== undefined) return 'again';
    total.clients += 1;
    return 'first';
  }

  /** Somebody who was there had to be forgotten early. */
  lost(untilMs: number): void {
    this.#partialUntilMs = Math.max(this.#partialUntilMs, untilMs);
  }

  /** Since when there is something newer than what runs; absent: there is not, or nothing runs. */
  behindSinceMs(place: Pick<ClientPlace, 'sequence' | 'digest'>): number | undefined {
    const head = this.#head;
    if (head === undefined || place.sequence === 0) return undefined;
    if (place.digest === shortDigest(head.digest) || place.sequence > head.sequence) {
      return undefined;
    }
    const newer = this.#heads.find(({ sequence }) => sequence > place.sequence);
    return (newer ?? this.#heads.at(-1))?.sinceMs;
  }

  /** All counts as they are told to others. */
  row(nowMs: number): BundleRow {
    return {
      bundle: this.bundle,
      counts: { ...this.#counts } satisfies ClientCounts,
      groups: Array.from(this.#groups.values(), (group) => this.#rowGroup(group)),
      anchors: Array.from(this.#anchors, ([anchor, use]): AnchorAdoption => ({ anchor, ...use })),
      knowledge: nowMs < this.#partialUntilMs ? 'partial' : 'whole',
      ...(this.#waves && { rollout: this.#rolloutRow(this.#waves) }),
    };
  }

  #rolloutRow(waves: WaveTally): RolloutRow {
    const rollout = waves.rollout.digest;
    const known = this.#open?.rollout === rollout ? this.#open : undefined;
    const { open, standing } = known ?? { open: 0, standing: 'going' };
    return { rollout, open, standing, waves: waves.counts() };
  }

  #join(progress: Progress, name: string, made: Omit<Group, 'name' | 'count'>): void {
    const group = this.#groups.get(name);
    // Not the text that was made to look it up, which would be one for each client and change.
    progress.group = group?.name ?? name;
    if (group !== undefined) {
      group.count += 1;
      return;
    }
    this.#groups.set(name, { name, ...made, count: 1 });
    this.#room.groups -= 1;
  }

  #rowGroup({ place, labels, presence, count }: Group): RowGroup {
    const behindSinceMs = this.behindSinceMs(place);
    const group = { ...place, labels, presence, count };
    return behindSinceMs === undefined ? group : { ...group, behindSinceMs };
  }

  #count({ presence, reportsUsage }: Client, { untracked }: Progress, by: 1 | -1): void {
    this.#counts[presence] += by;
    if (!reportsUsage) this.#counts.silent += by;
    if (untracked) this.#counts.untracked += by;
  }

  #shift(anchor: AnchorId, by: 1 | -1): void {
    const total = this.#anchors.get(anchor) ?? this.#past.get(anchor);
    if (total !== undefined) total.clients = Math.max(0, total.clients + by);
  }
}

function joined(known: AnchorTotal | undefined, ...uses: (UseTotal | undefined)[]): AnchorTotal {
  const total = { clients: 0, handshakes: 0, lastUsedMs: 0, ...known };
  for (const use of uses) {
    total.handshakes = sum(total.handshakes, use?.handshakes ?? 0);
    total.lastUsedMs = Math.max(total.lastUsedMs, use?.lastUsedMs ?? 0);
  }
  return total;
}

function sum(a: number, b: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, a + b);
}
