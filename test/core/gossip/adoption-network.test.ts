/**
 * Rows on a network that loses and doubles frames, cuts links and joins them: nobody ever tells
 * more than was true, and when the network is well again everybody knows the newest of everybody.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signRow } from '../../../src/core/adoption/row.ts';
import { generateSigningKey, type SigningKey } from '../../../src/core/crypto.ts';
import type { GossipEffect } from '../../../src/core/gossip/events.ts';
import type { Frame } from '../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../src/core/gossip/machine.ts';
import { parseNodeId } from '../../../src/core/ids.ts';
import { testHello } from '../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';

const NAMES = ['iad-1', 'iad-2', 'fra-1', 'fra-2', 'sin-1'];
const ADOPTION: ReadonlySet<Frame['kind']> = new Set([
  'adoption-rows',
  'adoption-digest',
  'adoption-vector',
]);
/** Ticks after which everybody has compared with everybody, with room to spare. */
const HEALED_TICKS = 64;

const index = fc.nat({ max: NAMES.length - 1 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('report' as const), at: index }),
  fc.record({ kind: fc.constantFrom('cut' as const, 'join'), at: index, to: index }),
  fc.record({ kind: fc.constant('tick' as const), at: index }),
  fc.record({
    kind: fc.constant('deliver' as const),
    fates: fc.array(fc.constantFrom('arrives', 'lost', 'lost', 'twice'), { maxLength: 40 }),
  }),
);

describe('rows on a bad network', () => {
  const realm = createTestRealm();
  const keys = NAMES.map(() => generateSigningKey('ed25519'));

  it('never tell more than was true, and are everywhere when it is well again', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const network = new Network(realm, keys);
        for (const one of steps) {
          if (one.kind === 'report') network.report(one.at);
          else if (one.kind === 'tick') network.tick(one.at);
          else if (one.kind === 'deliver') network.deliver(one.fates);
          else if (one.at !== one.to) network[one.kind](one.at, one.to);
          expect(network.lies).toEqual([]);
        }
        network.heal();
        expect(network.lies).toEqual([]);
        expect(network.missing).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

interface Flying {
  readonly linkId: string;
  readonly to: number;
  readonly frame: Frame;
}

/** Machines, the links between them, and what is on its way. */
class Network {
  readonly #realm: TestRealm;
  readonly #keys: readonly SigningKey[];
  readonly #machines: readonly GossipMachine[];
  readonly #links: Map<string, readonly [number, number]> = new Map();
  readonly #versions: number[] = NAMES.map(() => 0);
  readonly #flying: Flying[] = [];
  #count = 0;

  constructor(realm: TestRealm, keys: readonly SigningKey[]) {
    this.#realm = realm;
    this.#keys = keys;
    this.#machines = NAMES.map((name, at) => {
      const self = testHello(name, realm, { adoption: true });
      const { nodeId, region, realm: of, address, bootId, protocolVersion } = self;
      const publicKey = this.#key(at).publicKey.spki;
      return new GossipMachine({
        self,
        hasSeeds: false,
        membership: {
          self: { nodeId, region, realm: of, address, bootId, protocolVersion, publicKey },
          sign: (message) => this.#key(at).sign(message),
          nowMs: 0,
        },
        state: realm.trustedState(),
        random: () => 0.5,
      });
    });
    for (const [at] of NAMES.entries()) for (let to = 0; to < at; to += 1) this.join(at, to);
    this.#deliverAll();
  }

  /** Who tells a version that there never was. */
  get lies(): readonly string[] {
    return this.#compare((known, truth) => known > truth);
  }

  /** Who does not know the newest of somebody. */
  get missing(): readonly string[] {
    return this.#compare((known, truth) => known !== truth);
  }

  report(at: number): void {
    const version = (this.#versions[at] ?? 0) + 1;
    this.#versions[at] = version;
    const row = {
      nodeId: parseNodeId(NAMES[at] ?? ''),
      realm: this.#realm.name,
      bootId: '0'.repeat(32),
      version,
      sinceMs: TEST_EPOCH_MS,
      issuedAtMs: TEST_EPOCH_MS,
      bundles: [],
      knowledge: 'whole' as const,
    };
    const signed = signRow(row, (message) => this.#key(at).sign(message));
    this.#perform(at, this.#machine(at).handle({ kind: 'report', row: signed }, TEST_EPOCH_MS));
  }

  tick(at: number): void {
    const timer = { name: 'repair' } as const;
    this.#perform(at, this.#machine(at).handle({ kind: 'timer', timer }, TEST_EPOCH_MS));
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
    const [nodeId, other] = [parseNodeId(NAMES[to] ?? ''), parseNodeId(NAMES[at] ?? '')];
    const target = { address: `${nodeId}:7441`, nodeId };
    const up = { kind: 'link-up', linkId } as const;
    this.#perform(at, this.#machine(at).handle({ ...up, nodeId, target }, TEST_EPOCH_MS));
    this.#perform(to, this.#machine(to).handle({ ...up, nodeId: other }, TEST_EPOCH_MS));
  }

  /** Delivers one frame per fate; only frames about clients are lost or doubled. */
  deliver(fates: readonly string[]): void {
    for (const fate of fates) {
      const next = this.#flying.shift();
      if (next === undefined) return;
      const isSafe = !ADOPTION.has(next.frame.kind);
      if (isSafe || fate !== 'lost') this.#arrive(next);
      if (!isSafe && fate === 'twice') this.#arrive(next);
    }
  }

  heal(): void {
    for (const [at] of NAMES.entries()) {
      for (let to = 0; to < at; to += 1) {
        const isLinked = [...this.#links.values()].some((ends) => ends[0] === at && ends[1] === to);
        if (!isLinked) this.join(at, to);
      }
    }
    for (let turn = 0; turn < HEALED_TICKS; turn += 1) {
      this.#deliverAll();
      for (const [at] of NAMES.entries()) this.tick(at);
    }
    this.#deliverAll();
  }

  #deliverAll(): void {
    for (let next = this.#flying.shift(); next !== undefined; next = this.#flying.shift()) {
      this.#arrive(next);
    }
  }

  #arrive({ linkId, to, frame }: Flying): void {
    if (!this.#links.has(linkId)) return;
    const event = { kind: 'frame', linkId, frame, recall: {} } as const;
    this.#perform(to, this.#machine(to).handle(event, TEST_EPOCH_MS));
  }

  #perform(at: number, effects: readonly GossipEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') {
        const ends = this.#links.get(effect.linkId);
        const to = ends?.find((end) => end !== at);
        if (to !== undefined) {
          this.#flying.push({ linkId: effect.linkId, to, frame: effect.frame });
        }
      }
      if (effect.kind === 'close') this.#drop(effect.linkId);
    }
  }

  #drop(linkId: string): void {
    const ends = this.#links.get(linkId);
    this.#links.delete(linkId);
    for (const end of ends ?? []) {
      const event = { kind: 'link-down', linkId } as const;
      this.#perform(end, this.#machine(end).handle(event, TEST_EPOCH_MS));
    }
  }

  #compare(isWrong: (known: number, truth: number) => boolean): readonly string[] {
    return NAMES.flatMap((name, at) =>
      NAMES.flatMap((of, about) => {
        const known = this.#machine(at).adoption.row(parseNodeId(of))?.version ?? 0;
        const truth = this.#versions[about] ?? 0;
        return isWrong(known, truth) ? [`${name} tells ${known} of ${of}, true is ${truth}`] : [];
      }),
    );
  }

  #machine(at: number): GossipMachine {
    const machine = this.#machines[at];
    if (machine === undefined) throw new Error('no such node');
    return machine;
  }

  #key(at: number): SigningKey {
    const key = this.#keys[at];
    if (key === undefined) throw new Error('no such node');
    return key;
  }
}
