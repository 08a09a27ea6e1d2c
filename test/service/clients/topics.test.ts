/**
 * Who is found when a bundle moves.
 */
import { describe, expect, it } from 'vitest';
import { parseBundleName } from '../../../src/core/ids.ts';
import { type Topic, Topics } from '../../../src/service/clients/topics.ts';

const PAYMENTS = parseBundleName('payments.test.example.org');
const STAFF = parseBundleName('staff.test.example.org');

interface Watch {
  readonly who: string;
  readonly topic: Topic;
}

function watches(topics: Topics<Watch>, who: string, bundle = PAYMENTS): Watch {
  return topics.enter(bundle, (topic) => ({ who, topic }));
}

describe('Topics', () => {
  it('finds those who watch a bundle, and nobody else', () => {
    const topics = new Topics<Watch>();
    watches(topics, 'one');
    watches(topics, 'other', STAFF);
    watches(topics, 'two');
    expect([...topics.of(PAYMENTS)].map(({ who }) => who)).toEqual(['one', 'two']);
    expect([...topics.bundles()]).toEqual([PAYMENTS, STAFF]);
  });

  it('keeps the names once for all', () => {
    const topics = new Topics<Watch>();
    const one = watches(topics, 'one');
    expect(watches(topics, 'two').topic).toBe(one.topic);
    expect(one.topic.stream).toBe(`release/${PAYMENTS}`);
  });

  it('keeps nothing of a bundle that nobody watches any more', () => {
    const topics = new Topics<Watch>();
    const all = [watches(topics, 'one'), watches(topics, 'two')];
    for (const one of all) topics.leave(PAYMENTS, one);
    expect([...topics.of(PAYMENTS)]).toEqual([]);
    expect([...topics.bundles()]).toEqual([]);
  });
});
