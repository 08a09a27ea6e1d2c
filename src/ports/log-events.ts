/**
 * The names of all log events: a closed list that operators can build alerts on.
 *
 * A name is `<noun>.<past participle or state>`; whoever adds an event adds it here, in the group
 * of its noun. Renaming one is a breaking change.
 *
 * @module
 */

/** The name of a log event. */
export type LogEvent =
  // The daemon.
  | 'node.starting'
  | 'node.ready'
  | 'node.failed'
  | 'node.holding'
  | 'node.serving'
  | 'node.stopping'
  | 'node.stopped'
  | 'config.loaded'
  | 'clock.suspect'
  | 'recording.started'
  | 'recording.ended'
  // The node's own certificate and whom it trusts for TLS.
  | 'certificate.renewed'
  | 'certificate.refused'
  | 'certificate.expiring'
  | 'authorities.swapped'
  | 'authorities.refused'
  | 'connection.cut'
  | 'connection.refused'
  | 'address.refused'
  // The store.
  | 'store.opened'
  | 'store.suspect'
  | 'store.failed'
  // What the realm says.
  | 'charter.accepted'
  | 'release.accepted'
  | 'statement.refused'
  | 'stream.forked'
  | 'stream.settled'
  | 'proposal.opened'
  | 'proposal.signed'
  | 'proposal.ended'
  // What regions attest.
  | 'region.attesting'
  | 'region.refused'
  | 'region.failed'
  | 'region.split'
  // Between nodes.
  | 'link.up'
  | 'link.down'
  | 'link.held'
  | 'link.refused'
  | 'seed.unresolved'
  | 'peer.refused'
  | 'member.changed'
  | 'member.misplaced'
  | 'member.rekeyed'
  | 'member.duplicate'
  | 'member.forgotten'
  | 'fetch.started'
  | 'fetch.finished'
  | 'fetch.failed'
  // Callers.
  | 'identity.refused'
  | 'rpc.failed'
  | 'submit.accepted'
  | 'submit.refused'
  | 'proposal.accepted'
  | 'proposal.withdrawn'
  | 'subscriber.opened'
  | 'subscriber.closed'
  | 'subscriber.acknowledged'
  | 'subscriber.refused'
  | 'adoption.failed'
  | 'audit.failed'
  // Programs that embed the SDK.
  | 'source.opened'
  | 'source.closed'
  | 'source.connected'
  | 'source.disconnected'
  | 'source.offline'
  | 'source.online'
  | 'source.reset'
  | 'bundle.loaded'
  | 'bundle.refused'
  | 'bundle.stale'
  | 'bundle.expired'
  | 'bundle.fresh'
  | 'bundle.overruled'
  | 'bundle.unattested'
  | 'charter.unattested'
  | 'anchor.withheld'
  | 'anchor.limited'
  | 'connection.distrusted'
  | 'trust.failed'
  | 'trust.purpose-unknown'
  | 'listener.failed'
  | 'cache.loaded'
  | 'cache.damaged'
  | 'cache.failed';
