/**
 * Machines without a network that gossip proposals; what they write is durable at once.
 *
 * @module
 */
import { KedgeError } from '../../../../src/core/errors.ts';
import type {
  GossipEffect,
  GossipEvent,
  ProposeResult,
} from '../../../../src/core/gossip/events.ts';
import type { Frame } from '../../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../../src/core/gossip/machine.ts';
import { makePush } from '../../../../src/core/gossip/replica/push.ts';
import { parseNodeId, type Sha256, type StreamName } from '../../../../src/core/ids.ts';
import type { KeptProposal, Proposal, Withdrawal } from '../../../../src/core/proposals/model.ts';
import { headOf } from '../../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../../src/testing/members.ts';
import type { TestRealm } from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';

/** Ticks after which everybody has compared with everybody, with room to spare. */
const HEALED_TICKS = 64;

interface Flying {
  readonly linkId: string;
  readonly to: number;
  readonly frame: Frame;
}

/** What becomes of a frame about proposals. */
export type Fate = 'arrives' | 'lost' | 'twice';

/** Nodes, the links between them, and what is on its way. */
export class ProposalNetwork {
  readonly names: readonly string[];
  readonly #realm: TestRealm;
  readonly #machines: GossipMachine[];
  readonly #kept: Map<Sha256, KeptProposal>[];
  readonly #links: Map<string, readonly [number, number]> = new Map();
  readonly #flying: Flying[] = [];
  readonly #blobs: Set<Uint8Array> = new Set();
  /** Frames about proposals that were sent. */
  readonly sent: Frame[] = [];
  /** How often a node was told to submit what is complete, and took it. */
  readonly published: number[];
  /** What nodes noticed: which node, what, and from whom. */
  readonly told: (readonly [number, string, string, string | undefined])[] = [];
  /** What admins were answered. */
  readonly answers: ProposeResult[] = [];
  /** Nodes whose disk takes no proposals. */
  readonly refusing: Set<number> = new Set();
  /** What the clocks of nodes are wrong by, milliseconds. */
  readonly clockErrors: Map<number, number> = new Map();
  nowMs: number = TEST_EPOCH_MS;
  #count = 0;

  constructor(realm: TestRealm, names: readonly string[], old: ReadonlySet<string> = new Set()) {
    this.names = names;
    this.#realm = realm;
    this.#kept = names.map(() => new Map());
    this.published = names.map(() => 0);
    this.#machines = names.map((name, at) => this.#make(at, old.has(name) ? 'old' : 'new'));
    for (const [at] of names.entries()) this.#handle(at, { kind: 'start' });
    for (const [at] of names.entries()) for (let to = 0; to < at; to += 1) this.join(at, to);
    this.deliverAll();
  }

  machine(at: number): GossipMachine {
    const machine = this.#machines[at];
    if (machine === undefined) throw new Error('no such node');
    return machine;
  }

  /** The sequence that each node holds of a stream. */
  heads(stream: StreamName): readonly number[] {
    return this.#machines.map(({ durable }) => headOf(durable, stream)?.sequence ?? 0);
  }

  /** Who has signed, at each node. */
  signers(): readonly string[] {
    return this.#machines.map(({ proposals }) =>
      proposals.open.map(({ signers }) => signers.join('+')).join(' '),
    );
  }

  propose(at: number, proposal: Proposal): void {
    for (const der of proposal.blobs) this.#blobs.add(der);
    const by = `admin-of-${String(at)}`;
    this.#handle(at, { kind: 'propose', requestId: this.#count++, proposal, by });
  }

  withdraw(at: number, withdrawal: Withdrawal): void {
    this.#handle(at, { kind: 'withdraw', requestId: this.#count++, withdrawal });
  }

  tick(at: number): void {
    this.#handle(at, { kind: 'timer', timer: { name: 'repair' } });
  }

  /** A node dies and starts again with what was written. */
  restart(at: number): void {
    for (const to of this.names.keys()) this.cut(at, to);
    const { durable } = this.machine(at);
    this.#machines[at] = this.#make(at, 'new', durable);
    this.#handle(at, { kind: 'start' });
  }

  cut(at: number, to: number): void {
    for (const [linkId, ends] of this.#links) {
      if (ends.includes(at) && ends.includes(to)) this.#drop(linkId);
    }
  }

  join(at: number, to: number): void {
    this.cut(at, to);
    this.#count += 1;
    const linkId = `link-${this.#count}`;
    this.#links.set(linkId, [at, to]);
    const [nodeId, other] = [parseNodeId(this.names[to] ?? ''), parseNodeId(this.names[at] ?? '')];
    const target = { address: `${nodeId}:7441`, nodeId };
    this.#handle(at, { kind: 'link-up', linkId, nodeId, target });
    this.#handle(to, { kind: 'link-up', linkId, nodeId: other });
  }

  /** Delivers one frame per fate; only frames about proposals are lost or doubled. */
  deliver(fates: readonly Fate[]): void {
    for (const fate of fates) {
      const next = this.#flying.shift();
      if (next === undefined) return;
      const isSafe = !next.frame.kind.startsWith('proposal');
      if (isSafe || fate !== 'lost') this.#arrive(next);
      if (!isSafe && fate === 'twice') this.#arrive(next);
    }
  }

  deliverAll(): void {
    for (let next = this.#flying.shift(); next !== undefined; next = this.#flying.shift()) {
      this.#arrive(next);
    }
  }

  heal(): void {
    for (const [at] of this.names.entries()) {
      for (let to = 0; to < at; to += 1) {
        const isLinked = [...this.#links.values()].some((ends) => ends[0] === at && ends[1] === to);
        if (!isLinked) this.join(at, to);
      }
    }
    for (let turn = 0; turn < HEALED_TICKS; turn += 1) {
      this.deliverAll();
      this.nowMs += 2000;
      for (const [at] of this.names.entries()) this.tick(at);
    }
    this.deliverAll();
  }

  /** A frame that the node `from` would never send arrives at `to`. */
  forge(from: number, to: number, frame: Frame): void {
    for (const [linkId, ends] of this.#links) {
      if (ends.includes(from) && ends.includes(to)) this.#arrive({ linkId, to, frame });
    }
  }

  #make(at: number, version: 'old' | 'new', state = this.#realm.trustedState()): GossipMachine {
    const change = version === 'old' ? {} : { proposals: true as const };
    const self = testHello(this.names[at] ?? '', this.#realm, change);
    return new GossipMachine({
      self,
      hasSeeds: false,
      membership: testMembership(self),
      state,
      proposals: [...(this.#kept[at] ?? new Map<Sha256, KeptProposal>()).values()],
      random: () => 0.5,
    });
  }

  #arrive({ linkId, to, frame }: Flying): void {
    if (this.#links.has(linkId)) this.#handle(to, { kind: 'frame', linkId, frame, recall: {} });
  }

  #handle(at: number, event: GossipEvent): void {
    const wallMs = this.nowMs + (this.clockErrors.get(at) ?? 0);
    for (const effect of this.machine(at).handle(event, wallMs, this.nowMs)) {
      this.#perform(at, effect);
    }
  }

  // eslint-disable-next-line complexity -- one case per kind of effect
  #perform(at: number, effect: GossipEffect): void {
    switch (effect.kind) {
      case 'send': {
        const to = this.#links.get(effect.linkId)?.find((end) => end !== at);
        if (effect.frame.kind.startsWith('proposal')) this.sent.push(effect.frame);
        if (to !== undefined) this.#flying.push({ ...effect, to });
        return;
      }
      case 'close':
        return this.#drop(effect.linkId);
      case 'persist':
        return this.#handle(at, { kind: 'persisted', batchId: effect.batchId });
      case 'keep-proposals': {
        const { writeId } = effect;
        if (this.refusing.has(at)) {
          const error = new KedgeError('STORE', 'the disk is full');
          return this.#handle(at, { kind: 'proposals-failed', writeId, error });
        }
        for (const { digest, kept } of effect.change.keep) this.#kept[at]?.set(digest, kept);
        for (const digest of effect.change.drop) this.#kept[at]?.delete(digest);
        return this.#handle(at, { kind: 'proposals-kept', writeId });
      }
      case 'complete': {
        const { document, blobs } = effect;
        const requestId = this.#count++;
        return this.#handle(at, { kind: 'submit', requestId, document, blobs, recall: {} });
      }
      case 'reply':
        if (effect.result.kind === 'durable' && effect.result.novelty === 'new') {
          this.published[at] = (this.published[at] ?? 0) + 1;
        }
        return;
      case 'fetch':
        return this.#fetch(at, effect);
      case 'proposed':
        this.answers.push(effect.result);
        return;
      case 'notice':
        if (effect.notice.kind === 'proposal') {
          const { what, brought } = effect.notice;
          this.told.push([at, what, brought.via, brought.by]);
        }
        return;
      case 'advance':
      case 'arm':
      case 'arrived':
      case 'attested':
      case 'cancel-fetch':
      case 'dial':
      case 'fork-judged':
      case 'hold':
      case 'renew':
      case 'resolve':
      case 'serve':
      case 'vouched':
      case 'unvouched':
        return;
    }
  }

  /** Answers with heads alone: no bundle has a second release here. */
  #fetch(
    at: number,
    { fetchId, target, requests }: Extract<GossipEffect, { kind: 'fetch' }>,
  ): void {
    const from = this.machine(this.names.indexOf(target.nodeId ?? ''));
    for (const { stream } of requests) {
      const head = headOf(from.durable, stream);
      const document = head && { statement: head.statement, body: head.bodyBytes };
      if (document !== undefined) {
        const entry = makePush(undefined, document, [...this.#blobs]);
        this.#handle(at, {
          kind: 'fetch-item',
          fetchId,
          item: { kind: 'entry', entry },
          recall: {},
        });
      }
      const over = { kind: 'over', outcome: 'sent' } as const;
      if (requests.length > 1) {
        this.#handle(at, { kind: 'fetch-item', fetchId, item: over, recall: {} });
      }
    }
    this.#handle(at, { kind: 'fetch-end', fetchId });
  }

  #drop(linkId: string): void {
    const ends = this.#links.get(linkId);
    this.#links.delete(linkId);
    for (const end of ends ?? []) this.#handle(end, { kind: 'link-down', linkId });
  }
}
