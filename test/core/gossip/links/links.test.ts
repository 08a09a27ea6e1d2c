import { describe, expect, it } from 'vitest';
import { LinkTable } from '../../../../src/core/gossip/links/links.ts';
import { parseNodeId } from '../../../../src/core/ids.ts';
import { PEERS_MAX } from '../../../../src/core/limits.ts';

const FRA = parseNodeId('fra-1');
const IAD = parseNodeId('iad-1');
const DIALLED = { address: 'somewhere:7441' };

describe('LinkTable', () => {
  it('refuses a link to the node itself', () => {
    const table = new LinkTable(IAD);
    expect(table.admit('1', IAD, DIALLED)).toMatchObject({ error: { code: 'CONFLICT' } });
  });

  it('keeps, of two links of one pair, the one that the smaller node id dialled', () => {
    const smaller = new LinkTable(FRA);
    smaller.admit('dialled', IAD, DIALLED);
    expect(smaller.admit('accepted', IAD, undefined)).toMatchObject({ kind: 'wait' });
    expect(smaller.to(IAD)?.linkId).toBe('dialled');
    const larger = new LinkTable(IAD);
    larger.admit('dialled', FRA, DIALLED);
    expect(larger.admit('accepted', FRA, undefined)).toMatchObject({
      replaces: { linkId: 'dialled' },
    });
    expect(larger.to(FRA)?.linkId).toBe('accepted');
    expect(larger.admit('again', FRA, DIALLED)).toMatchObject({ kind: 'refuse' });
  });

  it('lets one link wait behind a better one, until that is gone or it takes over', () => {
    const table = new LinkTable(FRA);
    table.admit('better', IAD, DIALLED);
    table.admit('first', IAD, undefined);
    expect(table.admit('second', IAD, undefined)).toMatchObject({ replaces: { linkId: 'first' } });
    expect(table.get('first')).toBeUndefined();
    const waiting = table.waitingFor(IAD);
    expect(waiting?.linkId).toBe('second');
    expect(table.drop('second')?.linkId).toBe('second');
    expect(table.to(IAD)?.linkId).toBe('better');
    table.admit('third', IAD, undefined);
    const third = table.waitingFor(IAD);
    if (third !== undefined) expect(table.takeOver(third)?.linkId).toBe('better');
    expect(table.to(IAD)?.linkId).toBe('third');
    expect(table.waitingFor(IAD)).toBeUndefined();
  });

  it('takes the newer of two links in one direction, since the older is dead for the peer', () => {
    const table = new LinkTable(IAD);
    table.admit('old', FRA, undefined);
    table.admit('new', FRA, undefined);
    expect(table.to(FRA)?.linkId).toBe('new');
    expect(table.drop('old')).toBeUndefined();
    expect(table.drop('new')?.nodeId).toBe(FRA);
    expect(table.to(FRA)).toBeUndefined();
  });

  it('refuses more links than a node may have', () => {
    const table = new LinkTable(IAD);
    const admissions = Array.from({ length: PEERS_MAX + 1 }, (_, i) =>
      table.admit(String(i), parseNodeId(`n-${String(i)}`), undefined),
    );
    expect(admissions.at(-2)?.kind).toBe('keep');
    expect(admissions.at(-1)).toMatchObject({ error: { code: 'LIMIT' } });
  });
});
