import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../../../src/core/bytes.ts';
import { sha256 } from '../../../../src/core/crypto.ts';
import type { Standing } from '../../../../src/core/gossip/frames.ts';
import {
  Serving,
  type StoreOrigin,
  type Surroundings,
} from '../../../../src/core/gossip/restored/serving.ts';
import { parseNodeId } from '../../../../src/core/ids.ts';

const NAMES = ['fra-1', 'sin-1', 'gru-1'];
const OLD = root('old');
const NEW = root('new');

function root(text: string): ReturnType<typeof sha256> {
  return sha256(encodeUtf8(text));
}

/** A node that knows these others. */
class Case {
  readonly #serving: Serving;
  readonly #around: Surroundings;

  constructor(
    names: readonly string[],
    seeds: Surroundings['seeds'] = 'reached',
    origin: StoreOrigin = 'restored',
    silentSeeds = 0,
  ) {
    const known = new Set(names.map(parseNodeId));
    this.#serving = new Serving(origin, 'none');
    this.#around = { known, needed: known, seeds, silentSeeds };
    this.holds(OLD);
  }

  get begins(): boolean {
    return this.#serving.begins(this.#around);
  }

  holds(held: typeof OLD): void {
    this.#serving.moved(held);
  }

  shows(name: string, held: typeof OLD, standing: Standing = 'serving', others = 2): void {
    const rest = { count: 1, revision: 1, seen: 0, ask: 'note' } as const;
    this.#serving.shown(parseNodeId(name), { root: held, standing, others, ...rest });
  }
}

describe('Serving', () => {
  it.each([
    ['an intact store', 'intact', 'none'],
    ['a new store', 'new', 'none'],
    ['a restored store that an operator wants served', 'restored', 'serve-anyway'],
  ] as const)('serves %s at once', (_, origin, override) => {
    expect(new Serving(origin, override).isServing).toBe(true);
  });

  it('begins after it held what two peers showed that serve', () => {
    const node = new Case(NAMES);
    node.shows('fra-1', NEW);
    node.shows('sin-1', NEW);
    expect(node.begins).toBe(false);
    node.holds(NEW);
    expect(node.begins).toBe(true);
    expect(node.begins).toBe(false);
  });

  it('counts one peer once, however often it shows something', () => {
    const node = new Case(NAMES);
    node.shows('fra-1', OLD);
    node.shows('fra-1', OLD);
    expect(node.begins).toBe(false);
  });

  it('counts a peer whose root it held before it went on', () => {
    const node = new Case(NAMES);
    node.holds(NEW);
    node.shows('fra-1', OLD);
    node.shows('sin-1', NEW);
    expect(node.begins).toBe(true);
  });

  it('needs one peer where there is one other node', () => {
    const node = new Case(['fra-1']);
    node.shows('fra-1', OLD, 'serving', 0);
    expect(node.begins).toBe(true);
  });

  it('needs a second peer while a seed has not answered, which may be one', () => {
    const node = new Case(['fra-1'], 'seeking', 'restored', 1);
    node.shows('fra-1', OLD, 'serving', 0);
    expect(node.begins).toBe(false);
  });

  it('needs a second peer when the first one knows of more', () => {
    const node = new Case(['fra-1']);
    node.shows('fra-1', OLD, 'serving', 1);
    expect(node.begins).toBe(false);
  });

  it('does not take two peers that hold back for an answer', () => {
    const node = new Case(NAMES);
    node.shows('fra-1', OLD, 'holding');
    node.shows('sin-1', OLD, 'holding');
    expect(node.begins).toBe(false);
    node.shows('gru-1', OLD, 'holding');
    expect(node.begins).toBe(true);
  });

  it('waits while a node that holds back may not know of everybody', () => {
    const seeker = new Case(['fra-1'], 'seeking');
    seeker.shows('fra-1', OLD, 'holding', 0);
    expect(seeker.begins).toBe(false);
    const other = new Case(['fra-1']);
    other.shows('fra-1', OLD, 'seeking', 0);
    expect(other.begins).toBe(false);
  });

  it.each([
    ['restored', 'alone', true],
    ['lost', 'alone', false],
    ['restored', 'seeking', false],
    ['restored', 'reached', false],
  ] as const)('with a store that is %s and seeds %s and nobody known: %s', (origin, seeds, is) => {
    expect(new Case([], seeds, origin).begins).toBe(is);
  });
});
