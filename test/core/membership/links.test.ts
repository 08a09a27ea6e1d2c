import { describe, expect, it } from 'vitest';
import { MEMBERS_MAX } from '../../../src/core/limits.ts';
import { MEMBERSHIP_DEFAULTS } from '../../../src/core/membership/config.ts';
import { LinkTable, MemberLink } from '../../../src/core/membership/links.ts';
import { peerOf } from './people.ts';

describe('MemberLink', () => {
  it('may cause one table of signature checks, then some per second', () => {
    const { verify } = new MemberLink('1', peerOf(1));
    expect(verify.take(MEMBERS_MAX, 0)).toBe(true);
    expect(verify.take(1, 0)).toBe(false);
    expect(verify.take(20, 1000)).toBe(true);
    expect(verify.take(1, 1000)).toBe(false);
    expect(verify.take(MEMBERS_MAX, 3_600_000)).toBe(true);
    expect(verify.take(1, 3_600_000)).toBe(false);
  });

  it('waits three slow round trips, within bounds, and forgets old ones', () => {
    const link = new MemberLink('1', peerOf(1));
    expect(link.timeoutMs(MEMBERSHIP_DEFAULTS)).toBe(200);
    link.addRtt(150);
    for (let i = 0; i < 60; i += 1) link.addRtt(10);
    expect(link.timeoutMs(MEMBERSHIP_DEFAULTS)).toBe(450);
    for (let i = 0; i < 60; i += 1) link.addRtt(10);
    expect(link.timeoutMs(MEMBERSHIP_DEFAULTS)).toBe(200);
    link.addRtt(60_000);
    expect(link.timeoutMs(MEMBERSHIP_DEFAULTS)).toBe(2000);
  });
});

describe('LinkTable', () => {
  it('has one link to a node: the last one', () => {
    const links = new LinkTable();
    links.add('1', peerOf(2));
    links.add('2', peerOf(3));
    const last = links.add('3', peerOf(2));
    expect(links.to(peerOf(2).nodeId)).toBe(last);
    expect(links.drop('1')).toBeUndefined();
    expect(links.list.map(({ linkId }) => linkId)).toEqual(['2', '3']);
    expect(links.drop('2')?.linkId).toBe('2');
    expect(links.list).toEqual([last]);
  });
});
