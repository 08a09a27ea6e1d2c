/**
 * Every metric of a node: its kind, what it means and its labels, in one place.
 *
 * The exporter takes its help texts from here and `docs/metrics.md` is generated from it, so a
 * metric is described here or nowhere; a test finds those that are counted elsewhere and missing
 * here. Names of ours begin with `kedge_`; those of the process are the ones that exporters of
 * other languages and Node use, so that ready-made dashboards fit.
 *
 * @module
 */
import { AUDIT_KINDS } from '../core/audit/entry.ts';
import type { MetricName } from '../ports/metrics.ts';

/** A name that is shown. */
export type ShownName = MetricName | `process_${string}` | `nodejs_${string}`;

/** A metric as it is explained. */
export interface MetricFacts {
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  /**
   * Label names, none of which a scraper is likely to add itself (`job`, `node`, `region`), with
   * all values of those that are a closed set: the series of a counter whose labels are all closed
   * begin at 0, so that the first increment is seen as one.
   */
  readonly labels?: Readonly<Record<string, readonly string[] | 'open'>>;
}

const SIDES = ['accepted', 'dialled'];
const IDENTITY_PARTS = ['certificate', 'authorities'];

/** All metrics of a node by name, in the order of the documentation. */
export const METRICS: Readonly<Record<ShownName, MetricFacts>> = {
  kedge_node_info: gauge('1, with the name, region and version of this node as labels', {
    node_id: 'open',
    node_region: 'open',
    version: 'open',
  }),
  kedge_node_serving: gauge('1 while clients are served, 0 while starting, holding or stopping'),
  kedge_charter_version: gauge('version of the charter in force; 0: none is held yet'),
  kedge_charter_expiry_seconds: gauge(
    'end of the charter, seconds since 1970; after it nothing new is accepted',
  ),
  kedge_streams: gauge('streams that are held, the charter included'),
  kedge_streams_forked: gauge('streams that are frozen by a fork'),
  kedge_streams_behind: gauge('streams of which a linked node says that it holds more'),
  kedge_bundle_sequence: gauge('newest release of a bundle that is held', { bundle: 'open' }),
  kedge_bundle_expiry_seconds: gauge('end of that release, seconds since 1970', {
    bundle: 'open',
  }),
  kedge_proposals_open: gauge('proposals that gather signatures'),
  kedge_proposals_expiring: gauge('those of them that end within three days'),
  kedge_proposals_refused: gauge('those of them that have all signatures and are refused'),
  kedge_proposals_signatures_missing: gauge('signatures that they lack together, at least'),
  kedge_members: gauge('other nodes by how membership sees them', {
    state: ['alive', 'suspect', 'failed', 'left'],
  }),
  kedge_links: gauge('links to other nodes that are up, and those that should be and are not', {
    state: ['up', 'down'],
  }),
  kedge_seeds_failing: gauge('addresses of seeds that do not answer, or do not resolve'),
  kedge_peers_refused: gauge('nodes that are refused now for what they got wrong'),
  kedge_roots_different: gauge('linked nodes that hold something else than this one'),
  kedge_compared_seconds: gauge('when this node last compared with another, seconds since 1970'),
  kedge_region_heartbeat_seconds: gauge(
    'time of the newest heartbeat of a region, seconds since 1970; 0: none is known',
    { attesting_region: 'open' },
  ),
  kedge_region_key_waiting_seconds: gauge(
    "since when the key of this node's region waits for others, seconds since 1970; 0: it signs",
  ),
  kedge_subscribers: gauge('watch streams that are open'),
  kedge_certificate_expiry_seconds: gauge('end of the leaf in use, seconds since 1970'),
  kedge_authorities_sequence: gauge('release that the authorities are from; 0: the file'),
  kedge_identity_pending: gauge('1 while the newest is refused and an older one in use', {
    what: IDENTITY_PARTS,
  }),
  kedge_identity_refused_total: counter('newest certificates or authorities that were refused', {
    what: IDENTITY_PARTS,
  }),
  kedge_connections_cut_total: counter('connections that ended because their authority left', {
    side: SIDES,
  }),
  kedge_connections_moved_total: counter('connections that were asked to move to newer trust', {
    side: SIDES,
  }),
  kedge_handshakes_refused_total: counter('callers that did not get in'),
  kedge_handshakes_shed_total: counter(
    'connections closed before a handshake: too many came at once',
  ),
  kedge_handshakes_spared_total: counter(
    'connections closed before a handshake: too many of their address had failed',
  ),
  kedge_handshakes_total: counter('callers that got in', { kind: ['full', 'resumed'] }),
  kedge_tls_worker_connections: gauge('connections of a process that does TLS with programs', {
    worker: 'open',
  }),
  kedge_tls_worker_resident_bytes: gauge('memory of such a process; 0: it does not run', {
    worker: 'open',
  }),
  kedge_tls_workers_ended_total: counter('such processes that ended, and were started again'),
  kedge_calls_failed_total: counter('calls that ended with an error of this node', {
    method: 'open',
    code: 'open',
  }),
  kedge_frames_dropped_total: counter('frames that found the queue of their link full', {
    kind: 'open',
  }),
  kedge_frames_unknown_total: counter('frames of kinds that only newer versions have'),
  kedge_links_held_total: counter('times that a link was not read: its peer said too much', {
    what: 'open',
  }),
  kedge_statements_refused_total: counter('statements that were refused, by error code', {
    code: 'open',
  }),
  kedge_releases_refused_total: counter('releases that a client refused, by error code', {
    code: 'open',
  }),
  kedge_rollout_waves_open: gauge('waves of the newest rollout of a bundle that are open here', {
    bundle: 'open',
  }),
  kedge_rollout_waves_opened_total: counter('waves of rollouts that were opened here', {
    bundle: 'open',
  }),
  kedge_rollouts_stopped_total: counter('rollouts that stopped by themselves', { bundle: 'open' }),
  kedge_peers_cut_off_total: counter('times that a peer was cut off for its faults'),
  kedge_store_failures_total: counter('writes that the store refused'),
  kedge_store_failing: gauge('1 from a write that the store refused to the next one that it took'),
  kedge_store_copies_total: counter('times that a copy of the store was found out', {
    found: ['older', 'cosigned', 'copied'],
  }),
  kedge_audit_log_entries: gauge('entries that the audit log ever had; those that wait not'),
  kedge_audit_log_bytes: gauge('room that the entries of the audit log take'),
  kedge_audit_entries_total: counter('entries of the audit log by what they are about', {
    what: AUDIT_KINDS,
  }),
  kedge_audit_counted_total: counter('refusals that the audit log counts without telling each'),
  kedge_audit_failures_total: counter('writes of the audit log that the store refused'),
  kedge_audit_lost_total: counter('entries that the disk did not take in time'),
  kedge_forks_total: counter('forks that were found'),
  kedge_region_splits_total: counter('regions found to have signed two roots for one size'),
  kedge_members_misplaced_total: counter('nodes that do not seem to be where they say', {
    doubt: ['too-far', 'too-near'],
  }),
  kedge_series_dropped_total: counter('series that are not shown: too many of one name'),
  process_cpu_seconds_total: counter('CPU time of the process, user and system'),
  process_resident_memory_bytes: gauge('resident memory'),
  process_open_fds: gauge('open file descriptors; Linux alone'),
  process_max_fds: gauge('how many may be open; Linux alone'),
  process_start_time_seconds: gauge('when the process started, seconds since 1970'),
  nodejs_heap_size_used_bytes: gauge('used part of the JavaScript heap'),
  nodejs_heap_size_total_bytes: gauge('size of the JavaScript heap'),
  nodejs_external_memory_bytes: gauge('memory of buffers and of C++ objects'),
  nodejs_eventloop_lag_p99_seconds: gauge(
    '99th percentile of how late timers ran since the last scrape',
  ),
  nodejs_eventloop_lag_max_seconds: gauge('longest that a timer ran late since the last scrape'),
};

function gauge(help: string, labels?: MetricFacts['labels']): MetricFacts {
  return labels === undefined ? { kind: 'gauge', help } : { kind: 'gauge', help, labels };
}

function counter(help: string, labels?: MetricFacts['labels']): MetricFacts {
  return labels === undefined ? { kind: 'counter', help } : { kind: 'counter', help, labels };
}
