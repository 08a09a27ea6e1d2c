/**
 * `kedge node status`: what a node says about itself: streams, links, adoption, forks.
 *
 * A status is the node's own word. What can be checked is checked: that it is of the pinned realm,
 * and whether evidence of a fork proves one.
 *
 * @module
 */
import type { NodeStatus, StreamStatus } from '../../core/admin/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { acceptEvidence } from '../../core/trusted/accept.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import type { CommandModule } from '../command-module.ts';
import { formatDistance } from '../durations.ts';
import { addExamples } from '../help.ts';
import { openRealm, type Realm } from '../realm.ts';
import { addRealmOptions, type RealmOptions } from '../realm-options.ts';
import type { Session } from '../session.ts';
import { countOf, formatFields, formatTable, printable, type Styles } from '../styles.ts';

/** The command. */
export const nodeStatus: CommandModule = {
  configure(command, session) {
    command.description(
      'Show how a node is: the newest release of each stream, the links to its peers and whether ' +
        'they hold the same, how far its clients are, and evidence of forks, verified.',
    );
    addRealmOptions(command);
    command.action((options: RealmOptions) => run(session, options));
    addExamples(command, [
      'kedge node status',
      'kedge node status --node fra-1.kedge.example.org:7442',
      'kedge node status --output json | jq \'.links[] | select(.state != "up")\'',
    ]);
  },
};

async function run(session: Session, options: RealmOptions): Promise<void> {
  await using realm = await openRealm(session, options);
  if (realm.node === undefined) {
    throw new KedgeError('CONFIG', 'the node is not given', {
      detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
    });
  }
  const status = await realm.node.status();
  if (status.firstCharterDigest !== realm.pin.digest) {
    throw new KedgeError('REALM', `the node pins ${status.firstCharterDigest} for ${status.realm}`);
  }
  for (const { stream, fork } of status.streams) {
    if (fork !== undefined) {
      session.output.warn(`${stream} is forked: ${describeFork(realm, fork)}`);
    }
  }
  session.output.result(statusJson(status), formatStatus(session, status));
}

/** Says whether evidence proves a fork, by the rules that nodes and clients use. */
function describeFork(realm: Realm, fork: Evidence): string {
  const digests = [fork.first, fork.second].map(({ payload }) => parseStatement(payload).digest);
  const both = `sequence ${fork.sequence} exists as ${digests.join(' and as ')}`;
  try {
    acceptEvidence(realm.state, fork);
    return `${both}; both are validly signed. See docs/errors.md#fork`;
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    return `${both}, but this proves nothing: ${message} (${code})`;
  }
}

function formatStatus(session: Session, status: NodeStatus): string {
  const { styles } = session.output;
  const nowMs = session.context.nowMs();
  return [
    styles.bold(`Node ${status.nodeId} in ${status.region}, realm ${status.realm}`),
    formatFields([
      ['version', printable(status.version)],
      [
        'started',
        `${formatTimestamp(status.startedAtMs)} (${formatDistance(status.startedAtMs, nowMs)})`,
      ],
      ['pin', status.firstCharterDigest],
      ['root', status.root],
    ]),
    '',
    styles.bold(countOf(status.streams.length, 'stream')),
    formatStreams(status.streams, styles),
    '',
    styles.bold(`${String(status.peers.length)} other nodes`),
    formatPeers(status, styles, nowMs),
    '',
    styles.bold('Clients of this node'),
    formatAdoption(status),
  ].join('\n');
}

function formatStreams(streams: readonly StreamStatus[], styles: Styles): string {
  const rows = streams.map(({ stream, sequence, digest, fork }) => [
    `  ${stream}`,
    String(sequence),
    digest.slice(0, 16),
    fork === undefined ? 'open' : styles.red(`FORKED at ${fork.sequence}`),
  ]);
  return formatTable(['  stream', 'sequence', 'digest', 'state'], rows);
}

function formatPeers({ peers, root }: NodeStatus, styles: Styles, nowMs: number): string {
  if (peers.length === 0) return '  none known';
  const rows = peers.map((peer) => [
    `  ${peer.nodeId}`,
    peer.region,
    peer.address,
    peer.role,
    peer.state === 'alive' ? styles.green(peer.state) : styles.red(peer.state),
    peer.link === 'down' ? styles.red('down') : peer.link === 'up' ? styles.green('up') : '-',
    peer.rttMs === undefined ? '' : `${peer.rttMs.toFixed(1)} ms`,
    peer.sinceMs === 0 ? '' : formatDistance(peer.sinceMs, nowMs),
    peer.link !== 'up' || peer.peerRoot === undefined
      ? ''
      : peer.peerRoot === root
        ? 'the same'
        : 'something else',
    peer.link === 'down' ? printable(peer.lastError ?? '') : '',
  ]);
  const head = [
    'region',
    'address',
    'role',
    'state',
    'link',
    'RTT',
    'since',
    'holds',
    'last error',
  ];
  return formatTable(['  node', ...head], rows);
}

function formatAdoption({ subscribers }: NodeStatus): string {
  if (subscribers.length === 0) return '  none connected';
  const rows = subscribers.map(({ bundle, sequence, delivered, loaded, refused }) => [
    `  ${bundle}`,
    String(sequence),
    String(delivered),
    String(loaded),
    String(refused),
  ]);
  return formatTable(['  bundle', 'release', 'delivered', 'loaded', 'refused'], rows);
}

function statusJson(status: NodeStatus): Parameters<Session['output']['result']>[0] {
  return {
    nodeId: status.nodeId,
    region: status.region,
    realm: status.realm,
    version: status.version,
    firstCharterDigest: status.firstCharterDigest,
    startedAt: formatTimestamp(status.startedAtMs),
    root: status.root,
    streams: status.streams.map(({ stream, sequence, digest, fork }) => ({
      stream,
      sequence,
      digest,
      state: fork === undefined ? 'open' : 'forked',
    })),
    peers: status.peers.map((peer) => ({ ...peer })),
    subscribers: status.subscribers.map((subscriber) => ({ ...subscriber })),
  };
}
