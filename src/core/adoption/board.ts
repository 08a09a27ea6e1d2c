/**
 * The clients of one node: who watches what, how far it is, what it used.
 *
 * A client is known by the identity that its certificate proves and by the random name of its
 * instance, so two programs with one certificate are two clients, and one that comes back is the
 * same. A later stream of an instance takes the place of the earlier one; nothing is counted twice.
 * One whose stream breaks stays as departed until it is seen again, here or at another node, or its
 * time is over. Memory: connected clients, which the node limits, and a bounded number of departed,
 * of all and of one identity. Only bundles that the node serves are counted: a name that somebody
 * made up counts for nothing.
 *
 * @module
 */
import type { ErrorCode } from '../errors.ts';
import type { BundleName } from '../ids.ts';
import type { AdoptionStage, HeldRelease, Usage, WatchStart } from '../watch/messages.ts';
import { Client, clientKey, groupedBy, type Progress } from './client.ts';
import { Departed } from './departed.ts';
import type { BundleRow } from './row.ts';
import { type OpenWaves, type ServedHead, Tally } from './tally.ts';

/** How a board is kept. */
export interface BoardOptions {
  /** Labels by which clients are counted; few, of few values. */
  readonly labels: readonly string[];
  /** How long a departed client is remembered. */
  readonly departedMs: number;
  /** How many at most; the one that departed first makes room. */
  readonly departedMax: number;
}

/** A client that came to another node; `streams` as it told there, 0 says nothing. */
export interface Arrival {
  readonly key: string;
  readonly streams: number;
}

/** A reason is for people; more of it is not kept. */
const REASON_MAX_CHARS = 256;
/** Groups of all bundles; many more than a row can tell of. */
const GROUPS_MAX = 8192;

/** All clients of one node. */
export class AdoptionBoard {
  readonly #options: BoardOptions;
  readonly #clients: Map<string, Client> = new Map();
  readonly #departed: Departed;
  readonly #room: { groups: number } = { groups: GROUPS_MAX };
  readonly #tallies: Map<BundleName, Tally> = new Map();
  #nameless = 0;
  #revision = 0;
  #usage = 0;

  constructor(options: BoardOptions) {
    this.#options = options;
    this.#departed = new Departed(options.departedMax);
  }

  /** Grows with each change of a count, except those of handshakes. */
  get revision(): number {
    return this.#revision;
  }

  /** Grows with each reported use. */
  get usage(): number {
    return this.#usage;
  }

  /** Connected and departed ones that count. */
  clients(): Iterable<Client> {
    return this.#clients.values();
  }

  tally(bundle: BundleName): Tally | undefined {
    return this.#tallies.get(bundle);
  }

  /** A client began to watch. */
  open(identity: string, start: WatchStart, nowMs: number): Client {
    const key =
      start.instance === undefined
        ? `${identity} #${String((this.#nameless += 1))}`
        : clientKey(identity, start.instance);
    const grouped = groupedBy(this.#options.labels, start.labels);
    const client = new Client({ identity, key, grouped }, start, nowMs);
    const before = this.#clients.get(start.instance === undefined ? nameless(identity) : key);
    if (before !== undefined) {
      const isLate = client.streams > 0 && before.streams > client.streams;
      if (isLate && before.presence === 'connected') {
        // Its start was on the way when the instance began anew.
        client.isCounted = false;
        return client;
      }
      this.#forget(before);
      if (start.instance !== undefined) client.inherit(before);
    }
    this.#clients.set(key, client);
    this.#enter(client);
    return client;
  }

  /** A client received a release, or runs it. */
  acknowledged(client: Client, at: HeldRelease, stage: AdoptionStage): void {
    const { bundle, sequence } = at;
    const digest = this.#tallies.get(bundle)?.shared(at.digest) ?? at.digest;
    this.#update(client, bundle, (progress) => {
      if (stage === 'loaded') {
        progress.held = { sequence, digest };
        progress.other = undefined;
      } else if (progress.held?.digest !== digest) progress.other = { sequence, digest, stage };
    });
  }

  /** A client refused a release and keeps what it runs. */
  refused(client: Client, at: HeldRelease, code: ErrorCode, reason: string): void {
    const { bundle, sequence, digest } = at;
    const refusal = { code, reason: reason.slice(0, REASON_MAX_CHARS) };
    this.#update(client, bundle, (progress) => {
      progress.other = { sequence, digest, stage: 'refused', refusal };
    });
  }

  /** A client reported what it used. */
  used(client: Client, { bundle, uses, untracked }: Usage, nowMs: number): void {
    const progress = client.bundles.get(bundle);
    const tally = this.#tallies.get(bundle);
    if (!client.isCounted || progress === undefined || tally === undefined) return;
    if (untracked && !progress.untracked) {
      this.#update(client, bundle, (changed) => {
        changed.untracked = true;
      });
    }
    for (const { anchor, handshakes, agoMs } of uses) {
      const use = { lastUsedMs: Math.max(0, nowMs - agoMs), handshakes };
      const outcome = tally.used(progress, anchor, use);
      if (outcome === 'first') this.#revision += 1;
      if (outcome !== 'unknown') this.#usage += 1;
    }
  }

  /**
   * A stream ended: `well` when the client said so. One that refused says so too when it tries
   * another node, and stays remembered.
   */
  closed(client: Client, how: 'well' | 'broken', nowMs: number): void {
    if (!client.isCounted || client.presence === 'departed') return;
    this.#leave(client);
    this.#clients.delete(client.key);
    if (client.isElsewhere || (how === 'well' && !client.hasRefused)) {
      client.isCounted = false;
      return;
    }
    client.presence = 'departed';
    client.sinceMs = nowMs;
    // Of clients that cannot be told apart one is remembered.
    const key = client.instance === undefined ? nameless(client.identity) : client.key;
    const before = this.#clients.get(key);
    // Of the others it is not known any more who came back: so the node does not know all.
    this.#forgetEarly(before, nowMs);
    this.#clients.set(key, client);
    // Of bundles that nobody serves there is nothing to remember.
    for (const bundle of client.bundles.keys()) {
      if (!this.#tallies.has(bundle)) client.bundles.delete(bundle);
    }
    this.#enter(client);
    this.#forgetEarly(this.#departed.add(client), nowMs);
  }

  /**
   * Another node says that clients came there. Who is connected here is not taken for gone by the
   * word of others: it is forgotten when its stream ends.
   */
  arrivedElsewhere(arrivals: readonly Arrival[]): void {
    for (const { key, streams } of arrivals) {
      const client = this.#clients.get(key);
      // Else it was there before it came back here; without a number nobody knows.
      if (client === undefined || streams <= client.streams) continue;
      if (client.presence === 'connected') client.isElsewhere = true;
      else this.#forget(client);
    }
  }

  /** This node serves another head since then; absent: none. */
  serve(bundle: BundleName, head: ServedHead | undefined, sinceMs: number): void {
    const known = this.#tallies.get(bundle);
    if (known === undefined && head === undefined) return;
    const tally = known ?? new Tally(bundle, this.#room);
    const before = tally.head?.digest;
    tally.serve(head, sinceMs);
    const { rollout } = head ?? {};
    // Who was ahead of this node is believed with the next head.
    const isRecounted = rollout !== undefined && head?.digest !== before;
    if (isRecounted || rollout?.digest !== tally.rollout?.digest) this.#roll(tally, rollout);
    // A release that nobody watches changes no count.
    if (known === undefined || !tally.isEmpty(sinceMs)) this.#revision += 1;
    if (known !== undefined) return;
    this.#tallies.set(bundle, tally);
    // Those that waited for it count from now on.
    for (const client of this.#clients.values()) {
      const progress = client.bundles.get(bundle);
      if (progress !== undefined) tally.enter(client, progress);
    }
  }

  /** A rollout of a bundle opened a wave here, or stopped. */
  opened(bundle: BundleName, open: OpenWaves): void {
    const tally = this.#tallies.get(bundle);
    if (tally === undefined) return;
    tally.opened(open);
    this.#revision += 1;
  }

  /** Which of these bundles somebody watches. */
  watched(bundles: ReadonlySet<BundleName>): ReadonlySet<BundleName> {
    const found = new Set<BundleName>();
    if (bundles.size === 0) return found;
    for (const client of this.#clients.values()) {
      for (const bundle of client.bundles.keys()) if (bundles.has(bundle)) found.add(bundle);
      if (found.size === bundles.size) break;
    }
    return found;
  }

  /** Forgets departed clients whose time is over, and bundles of which nothing is to tell. */
  expire(nowMs: number): void {
    for (const client of this.#departed) {
      if (nowMs - client.sinceMs < this.#options.departedMs) break;
      this.#forget(client);
    }
    for (const [bundle, tally] of this.#tallies) {
      if (tally.isEmpty(nowMs)) this.#tallies.delete(bundle);
    }
  }

  /** The counts of all bundles that are served and that somebody watched. */
  rows(nowMs: number): readonly BundleRow[] {
    const rows = Array.from(this.#tallies.values(), (tally) => tally.row(nowMs));
    return rows.filter(({ groups, anchors, knowledge }) => {
      return groups.length > 0 || anchors.length > 0 || knowledge === 'partial';
    });
  }

  #update(client: Client, bundle: BundleName, change: (progress: Progress) => void): void {
    const progress = client.bundles.get(bundle);
    if (!client.isCounted || progress === undefined) return;
    const tally = this.#tallies.get(bundle);
    tally?.leave(client, progress);
    change(progress);
    tally?.enter(client, progress);
    this.#revision += 1;
  }

  #roll(tally: Tally, rollout: ServedHead['rollout']): void {
    tally.roll(rollout);
    this.#revision += 1;
    for (const client of this.#clients.values()) {
      const progress = client.bundles.get(tally.bundle);
      if (progress?.group !== undefined) tally.enterWaves(client, progress);
    }
  }

  #enter(client: Client): void {
    for (const progress of client.bundles.values()) {
      this.#tallies.get(progress.bundle)?.enter(client, progress);
    }
    this.#revision += 1;
  }

  #leave(client: Client): void {
    for (const progress of client.bundles.values()) {
      this.#tallies.get(progress.bundle)?.leave(client, progress);
    }
    this.#revision += 1;
  }

  #forget(client: Client): void {
    this.#leave(client);
    client.isCounted = false;
    this.#departed.delete(client);
    const key =
      client.instance === undefined && client.presence === 'departed'
        ? nameless(client.identity)
        : client.key;
    this.#clients.delete(key);
  }

  #forgetEarly(client: Client | undefined, nowMs: number): void {
    if (client === undefined) return;
    for (const bundle of client.bundles.keys()) {
      this.#tallies.get(bundle)?.lost(nowMs + this.#options.departedMs);
    }
    this.#forget(client);
  }
}

/** Under which key the last client of an identity without instances is remembered. */
function nameless(identity: string): string {
  return `${identity} #departed`;
}
