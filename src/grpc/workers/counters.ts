/**
 * What workers count for their node: a closed list, of which both sides know the numbers.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { MetricLabels, MetricName } from '../../ports/metrics.ts';

interface Counter {
  readonly name: MetricName;
  readonly labels?: MetricLabels;
}

const COUNTERS: readonly Counter[] = [
  { name: 'kedge_handshakes_total', labels: { kind: 'full' } },
  { name: 'kedge_handshakes_total', labels: { kind: 'resumed' } },
  { name: 'kedge_handshakes_refused_total' },
  { name: 'kedge_handshakes_shed_total' },
  { name: 'kedge_handshakes_spared_total' },
  { name: 'kedge_connections_cut_total', labels: { side: 'accepted' } },
  { name: 'kedge_connections_moved_total', labels: { side: 'accepted' } },
];

/** The number of a counter. Errors: `BUG` for one that is not listed. */
export function counterOf(name: MetricName, labels: MetricLabels = {}): number {
  const [wanted] = Object.values(labels);
  const index = COUNTERS.findIndex(
    (each) => each.name === name && Object.values(each.labels ?? {})[0] === wanted,
  );
  if (index < 0) throw new KedgeError('BUG', `workers do not count ${name}`);
  return index;
}

/** The counter with a number. Errors: `PARSE`. */
export function counterAt(index: number): Counter {
  const counter = COUNTERS[index];
  if (counter === undefined) throw new KedgeError('PARSE', `no counter ${index}`);
  return counter;
}
