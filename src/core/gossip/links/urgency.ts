/**
 * What goes first to a peer that does not keep up.
 *
 * Membership and statements are small and are what the others wait for; comparing takes up whatever
 * is lost, later too. Attestations come again every half minute or are asked for. What is said
 * about clients and proposals comes last.
 *
 * @module
 */
import type { Frame } from '../frames.ts';

/** `urgent` goes before `bulk`. */
export type Urgency = 'urgent' | 'bulk';

const URGENCY: Readonly<Record<Frame['kind'], Urgency>> = {
  digest: 'bulk',
  'rows-ask': 'bulk',
  tree: 'bulk',
  rows: 'bulk',
  cosigned: 'bulk',
  'cosigned-ask': 'bulk',
  'lines-ask': 'bulk',
  lines: 'bulk',
  heartbeat: 'bulk',
  'adoption-rows': 'bulk',
  'adoption-digest': 'bulk',
  'adoption-vector': 'bulk',
  arrivals: 'bulk',
  proposal: 'bulk',
  'proposal-signed': 'bulk',
  'proposal-withdrawn': 'bulk',
  'proposal-digest': 'bulk',
  'proposal-vector': 'bulk',
  'member-buckets': 'bulk',
  'member-rows': 'bulk',
  hello: 'urgent',
  push: 'urgent',
  held: 'urgent',
  fork: 'urgent',
  'region-split': 'urgent',
  ping: 'urgent',
  ack: 'urgent',
  'ping-req': 'urgent',
  nack: 'urgent',
  members: 'urgent',
  'member-digest': 'urgent',
  'member-want': 'urgent',
};

/** How urgent a frame is. */
export function urgencyOf({ kind }: Frame): Urgency {
  return URGENCY[kind];
}
