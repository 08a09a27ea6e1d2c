/**
 * A lying peer: what it makes of the frames and answers of an honest machine.
 *
 * Changes what it finds by shape, not by kind, so that it also lies in frames of later protocol
 * versions. Every value stays one that decodes: what does not is another fault.
 *
 * @module
 */
import { type FetchItem, type Frame, PROTOCOL_VERSION } from '../../src/core/gossip/frames.ts';
import { makePush } from '../../src/core/gossip/replica/push.ts';
import { NO_BOOT, type SignedMark, signMark } from '../../src/core/gossip/restored/store-mark.ts';
import { parseNodeId, parseRegionName } from '../../src/core/ids.ts';
import { SIGNATURES_MAX } from '../../src/core/limits.ts';
import { type SignedMember, signMember } from '../../src/core/membership/record.ts';
import { factsOf, isSignedStatement, valuesOf } from '../network/facts.ts';
import { REGIONS } from '../network/regions.ts';
import type { SimNode } from '../nodes/node.ts';
import type { Coverage } from '../oracle/coverage.ts';
import { keyOf } from '../people/keys.ts';
import type { Pool } from '../people/pool.ts';
import type { Draws } from '../world/prf.ts';
import type { ByzantineFault } from './faults.ts';

const REMEMBERED_MAX = 40;
const FLOOD = 40;
const LIE_RATE = 0.3;
const ENDLESS = 200;
const GHOSTS = 12;

/** What a liar works with. */
export interface LiarOptions {
  readonly pool: Pool;
  readonly draws: Draws;
  readonly coverage: Coverage;
}

/** To whom a liar speaks, and what it was told before. */
export interface Audience {
  readonly reader: SimNode;
  /** Marks that others signed of their stores. */
  readonly kept: readonly SignedMark[];
}

/** The lies of one node. */
export class Liar {
  readonly ways: Set<ByzantineFault> = new Set();
  readonly #pool: Pool;
  readonly #draws: Draws;
  readonly #coverage: Coverage;
  readonly #remembered: Frame[] = [];
  #incarnation = 0;

  constructor({ pool, draws, coverage }: LiarOptions) {
    this.#pool = pool;
    this.#draws = draws;
    this.#coverage = coverage;
  }

  /** What goes out instead of a frame. */
  tamper(frame: Frame, audience: Audience): readonly Frame[] {
    if (frame.kind === 'hello') return [frame];
    let sent: readonly Frame[] = [frame];
    for (const way of this.ways) {
      if (this.#draws.chance(LIE_RATE)) sent = sent.flatMap((one) => this.#lie(way, one, audience));
    }
    if (this.#remembered.length < REMEMBERED_MAX) this.#remembered.push(frame);
    else if (this.#draws.chance(0.2)) {
      this.#remembered[this.#draws.integer(0, REMEMBERED_MAX - 1)] = frame;
    }
    return sent;
  }

  /** What answers a fetch instead of the items. */
  *answer(items: Generator<FetchItem>): Generator<FetchItem> {
    const isLying = this.ways.has('bad-fetch') && this.#draws.chance(0.5);
    for (const item of items) {
      if (!isLying) {
        yield item;
        continue;
      }
      this.#coverage.hit('lie-fetch');
      const way = this.#draws.integer(0, 3);
      if (way === 0) return;
      if (way === 1) yield this.#changed(item);
      if (way === 2) for (let i = 0; i < ENDLESS; i += 1) yield item;
      if (way === 3) yield stripped(item);
    }
  }

  #lie(way: ByzantineFault, frame: Frame, audience: Audience): readonly Frame[] {
    const { statements } = factsOf(frame);
    const isSigned = statements.length > 0;
    switch (way) {
      case 'forge':
        if (!isSigned) return [frame];
        this.#coverage.hit('lie-forged');
        return [this.#changed(frame)];
      case 'strip-signatures':
        if (!isSigned) return [frame];
        this.#coverage.hit('lie-stripped');
        return [stripped(frame)];
      case 'oversize':
        if (!isSigned) return [frame];
        this.#coverage.hit('lie-oversize');
        return [padded(frame)];
      case 'replay':
        this.#coverage.hit('lie-replayed');
        return [frame, ...this.#old(1)];
      case 'equivocate':
        return [frame, ...this.#contradiction(frame)];
      case 'lie':
        if (isSigned) return [frame];
        this.#coverage.hit('lie-rows');
        return [this.#changed(frame)];
      case 'flood':
        if (!this.#draws.chance(0.1)) return [frame];
        this.#coverage.hit('lie-flood');
        return [frame, ...this.#old(FLOOD)];
      case 'invent':
        if (frame.kind === 'digest') {
          this.#coverage.hit('lie-copy');
          const remembered = this.#mark(audience);
          return [{ kind: 'digest', digest: { ...frame.digest, remembered } }];
        }
        if (!('updates' in frame)) return [frame];
        this.#coverage.hit('lie-invented');
        return [
          { kind: 'members', updates: { members: [this.#ghost()], observations: [] } },
          frame,
        ];
      case 'bad-fetch':
        return [frame];
    }
  }

  /** The record of a member that does not exist, properly signed and newer each time. */
  #ghost(): SignedMember {
    const number = this.#draws.integer(1, GHOSTS);
    const key = keyOf(`ghost ${number}`);
    this.#incarnation += 1;
    const record = {
      nodeId: parseNodeId(`ghost-${number}`),
      region: parseRegionName(this.#draws.pick(REGIONS)),
      realm: this.#pool.realm,
      address: `ghost-${number}:7443`,
      incarnation: this.#incarnation,
      bootId: number.toString(16).padStart(32, '0'),
      protocolVersion: PROTOCOL_VERSION,
      status: 'alive' as const,
      publicKey: key.publicKey.spki,
    };
    return signMember(record, (message) => key.sign(message));
  }

  /** One that the reader or somebody else did sign, or one with another key that counts on. */
  #mark({ reader, kept }: Audience): SignedMark {
    if (kept.length > 0 && this.#draws.chance(0.7)) return this.#draws.pick(kept);
    const { realm } = this.#pool;
    const { nodeId } = reader.identity;
    const { storeId, writes } = reader.disk;
    const counts = { after: NO_BOOT, begin: writes + 1, count: writes + 1000 };
    const key = keyOf(`ghost ${this.#draws.integer(1, GHOSTS)}`);
    const bootId = 'e'.repeat(32);
    const mark = { realm, nodeId, storeId, bootId, ...counts };
    const publicKey = key.publicKey.spki;
    return signMark(mark, { sign: (message) => key.sign(message), publicKey });
  }

  #old(count: number): readonly Frame[] {
    if (this.#remembered.length === 0) return [];
    return Array.from({ length: count }, () => this.#draws.pick(this.#remembered));
  }

  /** The other statement that signers made for the same place, to every other reader. */
  #contradiction(frame: Frame): readonly Frame[] {
    if (frame.kind !== 'push') return [];
    for (const alternate of this.#pool.alternates.values()) {
      const { documents } = this.#pool;
      const payload = documents[alternate.place]?.document.statement.payload;
      if (payload !== frame.push.statement.payload) continue;
      this.#coverage.hit('lie-equivocated');
      const push = makePush(undefined, alternate.document, alternate.blobs);
      return [{ kind: 'push', push, origin: frame.origin }];
    }
    return [];
  }

  /** A copy with one leaf changed. */
  #changed<Value extends object>(value: Value): Value {
    const copy = structuredClone(value);
    const leaves = leavesOf(copy).filter(({ key }) => key !== 'kind' && key !== 'part');
    if (leaves.length === 0) return copy;
    const { holder, key, leaf } = this.#draws.pick(leaves);
    Reflect.set(holder, key, this.#otherLeaf(leaf));
    return copy;
  }

  #otherLeaf(leaf: unknown): unknown {
    if (typeof leaf === 'number') {
      return this.#draws.pick([leaf + 1, Math.max(0, leaf - 1), leaf + 1000, 0, 2 ** 52]);
    }
    if (typeof leaf === 'boolean') return !leaf;
    if (typeof leaf === 'string' && /^[0-9a-f]{64}$/.test(leaf)) {
      return leaf.slice(32) + leaf.slice(0, 32);
    }
    if (leaf instanceof Uint8Array && leaf.length > 0) {
      const bytes = new Uint8Array(leaf);
      const at = this.#draws.integer(0, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#draws.integer(0, 7));
      return bytes;
    }
    return leaf;
  }
}

interface Leaf {
  readonly holder: object;
  readonly key: string;
  readonly leaf: unknown;
}

function leavesOf(holder: object): readonly Leaf[] {
  return Object.entries(holder).flatMap(([key, leaf]: [string, unknown]): readonly Leaf[] =>
    typeof leaf === 'object' && leaf !== null && !(leaf instanceof Uint8Array)
      ? leavesOf(leaf)
      : [{ holder, key, leaf }],
  );
}

/** A copy whose statements have a single signature. */
function stripped<Value extends object>(value: Value): Value {
  return withStatements(value, (signatures) => signatures.slice(0, 1));
}

/** A copy whose statements have more signatures than allowed. */
function padded<Value extends object>(value: Value): Value {
  return withStatements(value, (signatures) =>
    Array.from({ length: SIGNATURES_MAX + 1 }, (_, i) => signatures[i % signatures.length]),
  );
}

function withStatements<Value extends object>(
  value: Value,
  change: (signatures: readonly unknown[]) => readonly unknown[],
): Value {
  const copy = structuredClone(value);
  const visit = (part: object): void => {
    if (isSignedStatement(part)) Reflect.set(part, 'signatures', change(part.signatures));
    for (const inner of valuesOf(part)) {
      if (typeof inner === 'object' && inner !== null && !(inner instanceof Uint8Array)) {
        visit(inner);
      }
    }
  };
  visit(copy);
  return copy;
}
