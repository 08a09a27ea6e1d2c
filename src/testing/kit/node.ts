/**
 * The node of a test realm: tells every program that watches what it misses, and learns what became
 * of it. Honest, and as dumb as a node can be: programs verify for themselves.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { BundleName, Sha256 } from '../../core/ids.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import type { BundleCursor, WatchRequest, WatchResponse } from '../../core/watch/messages.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TestRealm } from '../realm.ts';
import { charters, missing } from '../watch-messages.ts';
import type { TestAuthority } from './authority.ts';
import type { TestRegions, Vouched } from './regions.ts';

/** How long programs may take to use what was published: of the machine's time. */
const ADOPT_WITHIN_MS = 10_000;

/** Where a program can be told something. */
export interface NodePeer {
  readonly send: (response: WatchResponse) => void;
  readonly end: (error: KedgeError) => void;
  /** How many regions it demands; absent: it does not say. */
  readonly requireRegions?: number;
}

/** One program that watches. */
export interface NodeSession {
  receive(request: WatchRequest): void;
  /** The program is gone. */
  leave(): void;
}

/** What a {@link TestNode} works with. */
export interface TestNodeOptions {
  readonly realm: TestRealm;
  readonly authorities: ReadonlySet<TestAuthority>;
  readonly clock: Clock;
  /** How often it speaks, of the clock: seldom, because tests move it by days. */
  readonly keepAliveMs: number;
  readonly regions: TestRegions;
  /** What the regions vouch for now. */
  readonly vouched: () => Vouched;
}

/** The one node of a test realm. */
export class TestNode {
  readonly #realm: TestRealm;
  readonly #authorities: ReadonlySet<TestAuthority>;
  readonly #sessions: Set<Session> = new Set();
  readonly #evidence: Map<BundleName, Evidence> = new Map();
  readonly #clock: Clock;
  readonly #regions: TestRegions;
  readonly #vouched: () => Vouched;
  readonly #backOnline: Set<() => void> = new Set();
  #isOffline = false;
  #outages = 0;

  constructor({ realm, authorities, clock, keepAliveMs, ...about }: TestNodeOptions) {
    this.#regions = about.regions;
    this.#vouched = about.vouched;
    this.#realm = realm;
    this.#authorities = authorities;
    this.#clock = clock;
    this.#armKeepAlive(keepAliveMs);
  }

  /** The number of the outage that lasts; 0: there is none. */
  get outage(): number {
    return this.#isOffline ? this.#outages : 0;
  }

  /** Waits until the node is back, or nobody wants to know any more. */
  async backOnline(signal: AbortSignal): Promise<void> {
    if (!this.#isOffline || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#backOnline.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#backOnline.add(done);
    });
  }

  /** Takes a new program. Errors: `UNAVAILABLE` while the node is offline. */
  open(peer: NodePeer): NodeSession {
    if (this.#isOffline) throw offline();
    const session = new Session(peer, (one, version) => this.#greet(one, version));
    this.#sessions.add(session);
    return {
      receive: (request) => session.receive(request),
      leave: () => this.#forget(session),
    };
  }

  /**
   * Sends everybody what is missing; resolves when each has used or refused it, or has it and waits
   * for regions that are silent.
   */
  async spread(bundle: BundleName, digest: Sha256): Promise<void> {
    await this.#judged(
      digest,
      [...this.#sessions].filter((one) => this.#send(one, bundle)),
    );
  }

  /** Sends everybody the word of regions; resolves when what waited for it is used. */
  async attest(): Promise<void> {
    for (const session of this.#sessions) this.#attest(session);
    for (const bundle of new Set([...this.#sessions].flatMap(({ held }) => [...held.keys()]))) {
      const head = this.#realm.releases(bundle).at(-1);
      const watching = [...this.#sessions].filter(({ held }) => held.has(bundle));
      if (head !== undefined) await this.#judged(head.digest, watching);
    }
  }

  async #judged(digest: Sha256, sessions: readonly Session[]): Promise<void> {
    const judged = sessions.map((one) => one.judged(digest, this.#isVouched(one) ? 'used' : 'had'));
    const late = timeout();
    try {
      await Promise.race([Promise.all(judged), late.over]);
    } finally {
      late.cancel();
    }
  }

  /** Shows everybody that a bundle is forked. */
  fork(bundle: BundleName, evidence: Evidence): void {
    this.#evidence.set(bundle, evidence);
    for (const session of this.#sessions) {
      if (session.held.has(bundle)) session.peer.send({ kind: 'fork', evidence });
    }
  }

  isForked(bundle: BundleName): boolean {
    return this.#evidence.has(bundle);
  }

  /** Ends every connection, and takes no new one until {@link goOnline}. */
  goOffline(): void {
    if (!this.#isOffline) this.#outages += 1;
    this.#isOffline = true;
    for (const session of [...this.#sessions]) {
      this.#forget(session);
      session.peer.end(offline());
    }
  }

  goOnline(): void {
    this.#isOffline = false;
    for (const done of [...this.#backOnline]) done();
  }

  #greet(session: Session, charterVersion: number): void {
    const late = this.#realm.charters.slice(charterVersion);
    if (late.length > 0) session.peer.send(charters(...late));
    for (const bundle of session.held.keys()) {
      this.#send(session, bundle);
      const evidence = this.#evidence.get(bundle);
      if (evidence !== undefined) session.peer.send({ kind: 'fork', evidence });
    }
    this.#attest(session);
  }

  #attest({ peer, held, wantsRegions }: Session): void {
    if (!wantsRegions) return;
    for (const word of this.#regions.attest([...held.keys()], this.#vouched())) peer.send(word);
  }

  /** Says whether as many regions speak as a program demands. */
  #isVouched({ peer, wantsRegions }: Session): boolean {
    return !wantsRegions || this.#regions.canVouch(peer.requireRegions);
  }

  /** Says whether the program watches the bundle. */
  #send(session: Session, bundle: BundleName): boolean {
    const held = session.held.get(bundle);
    if (held === undefined) return false;
    for (const message of missing(this.#realm, held, [...this.#authorities])) {
      session.peer.send(message);
    }
    const head = this.#realm.releases(bundle).at(-1);
    if (head !== undefined) {
      const { sequence, digest } = head;
      session.held.set(bundle, { bundle, held: { sequence, digest } });
    }
    this.#attest(session);
    return true;
  }

  #forget(session: Session): void {
    this.#sessions.delete(session);
    session.leave();
  }

  #armKeepAlive(keepAliveMs: number): void {
    this.#clock.setTimer(keepAliveMs, () => {
      for (const { peer, held, wantsRegions } of this.#sessions) {
        const said = wantsRegions ? this.#regions.beats([...held.keys()], this.#vouched()) : [];
        for (const word of [{ kind: 'keep-alive' } as const, ...said]) peer.send(word);
      }
      this.#armKeepAlive(keepAliveMs);
    });
  }
}

/** What the node knows of one program. */
class Session {
  readonly peer: NodePeer;
  /** What the program has once it has read all that it was sent. */
  readonly held: Map<BundleName, BundleCursor> = new Map();
  readonly #onStart: (session: Session, charterVersion: number) => void;
  readonly #judged: Set<string> = new Set();
  readonly #waits: Map<string, () => void> = new Map();
  #isGone = false;
  #wantsRegions = false;

  constructor(peer: NodePeer, onStart: (session: Session, charterVersion: number) => void) {
    this.peer = peer;
    this.#onStart = onStart;
  }

  /** Whether it asked what regions say. */
  get wantsRegions(): boolean {
    return this.#wantsRegions;
  }

  receive(request: WatchRequest): void {
    switch (request.kind) {
      case 'start':
        this.#wantsRegions = request.start.wantsAttestations;
        for (const cursor of request.start.bundles) this.held.set(cursor.bundle, cursor);
        return this.#onStart(this, request.start.charterVersion);
      case 'acknowledgement':
        return this.#note(request.at.digest, request.stage === 'loaded' ? 'used' : 'had');
      case 'refusal':
        return this.#note(request.at.digest, 'used');
      case 'fork':
      case 'usage':
        return;
    }
  }

  /** Resolves when the program has (or has used or refused) a release, or is gone. */
  judged(digest: Sha256, stage: 'had' | 'used'): Promise<void> {
    const key = `${stage} ${digest}`;
    if (this.#isGone || this.#judged.has(key)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waits.set(key, resolve);
    });
  }

  leave(): void {
    this.#isGone = true;
    for (const done of this.#waits.values()) done();
  }

  #note(digest: Sha256, stage: 'had' | 'used'): void {
    for (const reached of stage === 'used' ? (['had', 'used'] as const) : ([stage] as const)) {
      const key = `${reached} ${digest}`;
      this.#judged.add(key);
      this.#waits.get(key)?.();
    }
  }
}

function offline(): KedgeError {
  return new KedgeError('UNAVAILABLE', 'the test realm is offline');
}

function timeout(): { readonly over: Promise<never>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `a program has not used what was published within ${ADOPT_WITHIN_MS} ms`;
      reject(new KedgeError('UNAVAILABLE', message));
    }, ADOPT_WITHIN_MS);
  });
  return { over, cancel: () => clearTimeout(timer) };
}
