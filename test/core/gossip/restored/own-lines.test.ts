import { beforeEach, describe, expect, it } from 'vitest';
import type { Frame, LinesFrame } from '../../../../src/core/gossip/frames.ts';
import { Link } from '../../../../src/core/gossip/links/links.ts';
import { Outbox } from '../../../../src/core/gossip/outbox.ts';
import { OwnLines } from '../../../../src/core/gossip/restored/own-lines.ts';
import { parseNodeId, parseStreamName } from '../../../../src/core/ids.ts';
import type { LinesAsk } from '../../../../src/core/log/line-ranges.ts';
import type { CosignedHead } from '../../../../src/core/log/regions.ts';
import { testHello } from '../../../../src/testing/members.ts';
import { createTestRealm } from '../../../../src/testing/realm.ts';
import { checkpointOf, cosign, FRA, IAD, leavesOf, regionKey } from '../../log/fixtures.ts';
import { REALM } from '../../support.ts';

describe('Lines by the own key', () => {
  const realm = createTestRealm({ realm: REALM });
  const outbox = new Outbox();
  const held = headOf(2);
  const peer = linkTo('fra-1', { lines: true });
  let lines: OwnLines;

  beforeEach(() => {
    outbox.take();
    lines = own([held]);
    lines.linkUp(peer);
  });

  it('are asked for when a link comes up, and told by whoever holds others', () => {
    const [ask] = asked();
    expect(ask).toMatchObject({ keyId: regionKey(IAD).publicKey.keyId });
    const more = headOf(3);
    own([]).asked(peer, requireAsk(ask), [more]);
    const [answer] = framesOf('lines');
    expect(answer?.heads).toEqual([more]);
    expect(answer && lines.told(peer, answer)).toEqual({ line: more, held });
  });

  it('that are equal are not sent, and the peer is not waited for any more', () => {
    own([]).asked(peer, requireAsk(asked()[0]), [held]);
    const [answer] = framesOf('lines');
    expect(answer).toEqual({ kind: 'lines', heads: [] });
    expect(lines.isAwaited(peer)).toBe(true);
    expect(answer && lines.told(peer, answer)).toBeUndefined();
    expect(lines.isAwaited(peer)).toBe(false);
    expect(lines.hasAnswered(peer.nodeId)).toBe(true);
  });

  it('are asked for again until the peer answers, which is waited for some seconds', () => {
    asked();
    const ticks = Array.from({ length: 9 }, () => {
      lines.tick([peer]);
      return [asked().length, lines.isAwaited(peer)];
    });
    expect(ticks).toEqual([...Array(7).fill([1, true]), [1, false], [1, false]]);
    expect(lines.hasAnswered(peer.nodeId)).toBe(false);
  });

  it('are not asked of a peer of before, which is believed to know none', () => {
    const old = linkTo('gru-1', {});
    asked();
    lines.linkUp(old);
    expect(asked()).toEqual([]);
    expect(lines.isAwaited(old)).toBe(false);
    expect(lines.hasAnswered(old.nodeId)).toBe(true);
  });

  it('come in parts: the next question begins behind the last stream', () => {
    const after = parseStreamName('release/m.prod.example.org');
    asked();
    lines.told(peer, { upTo: after, heads: [] });
    expect(asked()).toMatchObject([{ after }]);
    lines.told(peer, { heads: [] });
    expect(lines.isAwaited(peer)).toBe(true);
    expect(() => lines.told(peer, { after, upTo: after, heads: [] })).toThrow('leads nowhere');
    lines.told(peer, { after, heads: [] });
    expect(lines.isAwaited(peer)).toBe(false);
  });

  it('that nobody signed are held against the peer', () => {
    const line = { ...headOf(3).line, signature: headOf(2).line.signature };
    const forged = { checkpoint: headOf(3).checkpoint, line };
    expect(() => lines.told(peer, { heads: [forged] })).toThrow('does not verify');
    expect(lines.heard(forged)).toBeUndefined();
  });

  it('are told apart from those of other keys, and of the store', () => {
    const { checkpoint } = headOf(3);
    expect(lines.heard({ checkpoint, line: cosign(FRA, checkpoint, 9) })).toBeUndefined();
    expect(lines.heard(headOf(3))).toEqual({ line: headOf(3), held });
    lines.said({ kind: 'cosigned', head: headOf(3) });
    expect(lines.heard(headOf(3))).toBeUndefined();
  });

  it('are of no interest without a key, or when it may not sign any more', () => {
    const none = new OwnLines({ outbox, options: { self: testHello('iad-1', realm, {}) } });
    lines.renounce();
    asked();
    for (const each of [none, lines]) {
      each.linkUp(peer);
      each.tick([peer]);
      expect(each.heard(headOf(3))).toBeUndefined();
      expect(each.isAwaited(peer)).toBe(false);
      expect(each.hasAnswered(peer.nodeId)).toBe(true);
    }
    expect(asked()).toEqual([]);
  });

  it('are told only so often between two comparisons', () => {
    const many = Array.from({ length: 60_000 }, () => held);
    const link = linkTo('sin-1', { lines: true });
    const ask = requireAsk(asked()[0]);
    lines.asked(link, ask, many);
    lines.asked(link, ask, many);
    expect(framesOf('lines')).toHaveLength(1);
  });

  function own(cosigned: readonly CosignedHead[]): OwnLines {
    const self = testHello('iad-1', realm, {});
    const { spki } = regionKey(IAD).publicKey;
    return new OwnLines({ outbox, options: { self, regionKey: { spki, cosigned } } });
  }

  function linkTo(name: string, change: { lines?: true }): Link {
    const link = new Link(name, parseNodeId(name), undefined);
    link.greeted(testHello(name, realm, change));
    return link;
  }

  function asked(): readonly LinesAsk[] {
    return framesOf('lines-ask');
  }

  function framesOf<Kind extends LinesFrame['kind']>(
    kind: Kind,
  ): readonly Extract<Frame, { kind: Kind }>[] {
    return outbox.take().flatMap((effect) => {
      if (effect.kind !== 'send' || !isOf(effect.frame, kind)) return [];
      return [effect.frame];
    });
  }
});

function isOf<Kind extends Frame['kind']>(
  frame: Frame,
  kind: Kind,
): frame is Extract<Frame, { kind: Kind }> {
  return frame.kind === kind;
}

function requireAsk(ask: LinesAsk | undefined): LinesAsk {
  if (ask === undefined) throw new Error('nothing was asked');
  return ask;
}

function headOf(size: number): CosignedHead {
  const checkpoint = checkpointOf(leavesOf(size));
  return { checkpoint, line: cosign(IAD, checkpoint, size) };
}
