import type { Machine } from '../../sim/nodes/node.ts';
import type { GossipEffect, GossipEvent } from '../../src/core/gossip/events.ts';
import { GossipMachine, type GossipOptions } from '../../src/core/gossip/machine.ts';
import type { NodeId } from '../../src/core/ids.ts';
import type { TrustedState } from '../../src/core/trusted/state.ts';

/** Changes what a machine says it wants done. */
type Change = (
  effects: readonly GossipEffect[],
  event: GossipEvent,
  machine: GossipMachine,
) => readonly GossipEffect[];

/** A machine whose effects are tampered with. */
class Mutant implements Machine {
  readonly #machine: GossipMachine;
  readonly #change: Change;

  constructor(options: GossipOptions, change: Change) {
    this.#machine = new GossipMachine(options);
    this.#change = change;
  }

  get durable(): TrustedState {
    return this.#machine.durable;
  }

  get verified(): TrustedState {
    return this.#machine.verified;
  }

  get root(): GossipMachine['root'] {
    return this.#machine.root;
  }

  get holding(): string | undefined {
    return this.#machine.holding;
  }

  get attestations(): GossipMachine['attestations'] {
    return this.#machine.attestations;
  }

  get proposals(): GossipMachine['proposals'] {
    return this.#machine.proposals;
  }

  isLinked(nodeId: NodeId): boolean {
    return this.#machine.isLinked(nodeId);
  }

  memory(): ReturnType<GossipMachine['memory']> {
    return this.#machine.memory();
  }

  marks(): ReturnType<GossipMachine['marks']> {
    return this.#machine.marks();
  }

  handle(event: GossipEvent, nowMs: number, monotonicMs: number): readonly GossipEffect[] {
    return this.#change(this.#machine.handle(event, nowMs, monotonicMs), event, this.#machine);
  }
}

/** Makes machines. */
export type MakeMachine = (options: GossipOptions) => Machine;

/** Makes machines that are broken in one way; each machine gets a change of its own. */
function broken(makeChange: () => Change): MakeMachine {
  return (options) => new Mutant(options, makeChange());
}

/** Serves what is verified and not on the disk yet. */
export const servesBeforePersisting: MakeMachine = broken(
  () => (effects, _event, machine) =>
    effects.flatMap((effect) => {
      const [entry] = effect.kind === 'persist' ? effect.batch.documents : [];
      if (entry === undefined) return [effect];
      return [{ kind: 'serve', state: machine.verified, streams: [entry.stream] }, effect];
    }),
);

/** Answers admins before the disk does. */
export const repliesBeforePersisting: MakeMachine = broken(() => (effects, event) => {
  const persist = effects.find((effect) => effect.kind === 'persist');
  const [entry] = persist?.batch.documents ?? [];
  if (event.kind !== 'submit' || entry === undefined) return effects;
  const { stream, sequence, digest } = entry;
  const result = { kind: 'durable', stream, sequence, digest, novelty: 'new' } as const;
  return [...effects, { kind: 'reply', requestId: event.requestId, result }];
});

/** Passes on what comes in before anybody looked at it. */
export const forwardsUnverified: MakeMachine = broken(() => {
  const links = new Set<string>();
  const passed = new WeakSet<object>();
  return (effects, event) => {
    if (event.kind === 'link-up') links.add(event.linkId);
    if (event.kind === 'link-down') links.delete(event.linkId);
    if (event.kind !== 'frame' || event.frame.kind !== 'push') return effects;
    const { frame, linkId } = event;
    if (passed.has(frame.push)) return effects;
    passed.add(frame.push);
    const others = [...links].filter((link) => link !== linkId);
    return [...effects, ...others.map((to) => ({ kind: 'send', linkId: to, frame }) as const)];
  };
});

/** Tells nobody of proposals. */
export const keepsProposalsBack: MakeMachine = broken(
  () => (effects) =>
    effects.filter(({ kind, ...effect }) => {
      const frame = 'frame' in effect ? effect.frame : undefined;
      return kind !== 'send' || frame?.kind.startsWith('proposal') !== true;
    }),
);

/** Gathers signatures, and publishes nothing. */
export const neverPublishes: MakeMachine = broken(
  () => (effects) => effects.filter(({ kind }) => kind !== 'complete'),
);

/** Acknowledges to peers what is not on the disk yet. */
export const acknowledgesBeforePersisting: MakeMachine = broken(() => (effects, event) => {
  const persist = effects.find((effect) => effect.kind === 'persist');
  const [entry] = persist?.batch.documents ?? [];
  if (event.kind !== 'frame' || entry === undefined) return effects;
  const { stream, sequence, digest } = entry;
  const frame = { kind: 'held', row: { stream, sequence, digest, forked: false } } as const;
  return [...effects, { kind: 'send', linkId: event.linkId, frame }];
});

/** Shows nobody what it keeps of their stores. */
export const keepsMarksBack: MakeMachine = broken(
  () => (effects) =>
    effects.map((effect) => {
      if (effect.kind !== 'send' || effect.frame.kind !== 'digest') return effect;
      const { remembered: _, ...digest } = effect.frame.digest;
      return { ...effect, frame: { kind: 'digest', digest } };
    }),
);

/** Signs with the key of its region, whatever peers hold by it. */
export const asksForNoLines: MakeMachine = (options) =>
  new GossipMachine({ ...options, regionKey: undefined });

/** Tells nobody what it holds of what their keys cosigned. */
export const keepsLinesBack: MakeMachine = broken(
  () => (effects) =>
    effects.map((effect) => {
      if (effect.kind !== 'send' || effect.frame.kind !== 'lines') return effect;
      return { ...effect, frame: { ...effect.frame, heads: [] } };
    }),
);

/** Takes its store for an old copy on the word of a peer. */
export const believesMarks: MakeMachine = broken(() => (effects, event) => {
  const digest = event.kind === 'frame' && event.frame.kind === 'digest' && event.frame.digest;
  if (digest === false || digest.remembered === undefined) return effects;
  return [...effects, { kind: 'renew' }];
});

/** Goes on from a store of which a copy runs, and counts as before. */
export const isOvertaken: MakeMachine = broken(
  () => (effects) => effects.filter(({ kind }) => kind !== 'advance'),
);

/** Takes its store for an old copy when another process runs on a copy of it. */
export const yieldsToCopies: MakeMachine = broken(
  () => (effects) =>
    effects.map((effect) => (effect.kind === 'advance' ? { kind: 'renew' } : effect)),
);

/** Counts no write of what the key of its region cosigned. */
export const countsNoCosignatures: MakeMachine = (options) => new CountsNoCosignatures(options);

class CountsNoCosignatures extends GossipMachine {
  override handle(
    event: GossipEvent,
    nowMs: number,
    monotonicMs?: number,
  ): readonly GossipEffect[] {
    const { kind } = event;
    const heard = kind === 'attest' ? ({ kind, said: event.said } as const) : event;
    return super.handle(heard, nowMs, monotonicMs);
  }
}

/** Dials each address once and gives up on peers that are lost. */
export const neverDialsAgain: MakeMachine = broken(() => {
  const dialled = new Set<string>();
  return (effects) =>
    effects.filter((effect) => {
      if (effect.kind !== 'dial') return true;
      const isNew = !dialled.has(effect.target.address);
      dialled.add(effect.target.address);
      return isNew;
    });
});

/** Pushes, and never compares. */
export const neverRepairs: MakeMachine = broken(
  () => (effects) =>
    effects.filter((effect) => effect.kind !== 'send' || effect.frame.kind !== 'digest'),
);

/** Serves, every third time, what it served first. */
export const servesThePast: MakeMachine = broken(() => {
  let [count, before]: [number, TrustedState | undefined] = [0, undefined];
  return (effects) =>
    effects.map((effect) => {
      if (effect.kind !== 'serve') return effect;
      const state = count++ % 3 === 2 ? before : undefined;
      before ??= effect.state;
      return state === undefined ? effect : { ...effect, state };
    });
});

/** Forgets to write the proof of a fork. */
export const forgetsEvidence: MakeMachine = broken(
  () => (effects) =>
    effects.map((effect) =>
      effect.kind === 'persist' && effect.batch.evidence !== undefined
        ? { ...effect, batch: { documents: [], blobs: [] } }
        : effect,
    ),
);

/** Dials at a moment of its own choice. */
export const isUnpredictable: MakeMachine = broken(
  () => (effects) =>
    effects.map((effect) =>
      effect.kind === 'arm' ? { ...effect, delayMs: effect.delayMs * (1 + Math.random()) } : effect,
    ),
);

/** Floods its peers with comparisons. */
export const floods: MakeMachine = broken(
  () => (effects) =>
    effects.flatMap((effect) =>
      effect.kind === 'send' && effect.frame.kind === 'digest'
        ? Array.from({ length: 1000 }, () => effect)
        : [effect],
    ),
);
