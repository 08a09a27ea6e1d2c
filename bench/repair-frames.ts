/**
 * The frames by which two nodes find out where they differ, counted without connections around
 * them: two replication machines and what they say to each other.
 *
 * @module
 */
import type { Frame } from '../src/core/gossip/frames.ts';
import { GossipMachine } from '../src/core/gossip/machine.ts';
import { parseNodeId } from '../src/core/ids.ts';
import type { TrustedState } from '../src/core/trusted/state.ts';
import { testHello, testMembership } from '../src/testing/members.ts';
import type { TestDocument, TestRealm } from '../src/testing/realm.ts';
import { encodeFrame } from '../src/wire/gossip.ts';

/** What gRPC (5), HTTP/2 (9) and TLS 1.3 (22) add to a frame, bytes. */
const AROUND_FRAME_BYTES = 36;
const NAMES = ['iad-1', 'fra-1'] as const;
const FINDING: ReadonlySet<Frame['kind']> = new Set(['digest', 'rows-ask', 'tree', 'rows']);

type Name = (typeof NAMES)[number];

/** Two nodes that hold the same, and a way between them that can be cut. */
export class MachinePair {
  readonly #realm: TestRealm;
  readonly #machines: Map<Name, GossipMachine> = new Map();
  #waiting: { readonly to: Name; readonly frame: Frame }[] = [];
  #count = 0;
  #requestId = 0;
  #findBytes = 0;

  constructor(realm: TestRealm, state: TrustedState) {
    this.#realm = realm;
    for (const name of NAMES) this.#start(name, state, '0');
  }

  /** Both forget what they have seen of the other one. */
  restart(): void {
    for (const name of NAMES) this.#start(name, this.#machine(name).durable, '1');
  }

  /** One of them gets more while the other one cannot hear of it. */
  publish({ document }: TestDocument): void {
    this.#requestId += 1;
    const requestId = this.#requestId;
    const event = { kind: 'submit', requestId, document, blobs: [], recall: {} } as const;
    for (const effect of this.#machine('iad-1').handle(event, Date.now())) {
      if (effect.kind !== 'persist') continue;
      const { batchId } = effect;
      this.#machine('iad-1').handle({ kind: 'persisted', batchId }, Date.now());
    }
    this.#waiting = [];
  }

  /** The nodes meet and compare; gives the bytes that this took. */
  meet(): number {
    this.#count += 1;
    this.#findBytes = 0;
    for (const name of NAMES) {
      const nodeId = parseNodeId(otherOf(name));
      this.#tell(name, { kind: 'link-up', linkId: this.#linkId, nodeId });
    }
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { to, frame } = next;
      if (FINDING.has(frame.kind)) {
        this.#findBytes += encodeFrame(frame).length + AROUND_FRAME_BYTES;
      }
      this.#tell(to, { kind: 'frame', linkId: this.#linkId, frame, recall: {} });
    }
    return this.#findBytes;
  }

  /** The way is gone. */
  part(): void {
    for (const name of NAMES) this.#tell(name, { kind: 'link-down', linkId: this.#linkId });
    this.#waiting = [];
  }

  #start(name: Name, state: TrustedState, boot: string): void {
    const self = testHello(name, this.#realm, { bootId: boot.repeat(32) });
    const membership = testMembership(self);
    const options = { self, hasSeeds: true, membership, state, random: () => 0.5 };
    this.#machines.set(name, new GossipMachine(options));
  }

  get #linkId(): string {
    return `link-${this.#count}`;
  }

  #tell(name: Name, event: Parameters<GossipMachine['handle']>[0]): void {
    const to = otherOf(name);
    for (const effect of this.#machine(name).handle(event, Date.now())) {
      if (effect.kind === 'send') this.#waiting.push({ to, frame: effect.frame });
    }
  }

  #machine(name: Name): GossipMachine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new Error(`no machine ${name}`);
    return machine;
  }
}

function otherOf(name: Name): Name {
  return name === 'iad-1' ? 'fra-1' : 'iad-1';
}
