/**
 * What to look at when a node cannot be talked to.
 *
 * Errors of TLS and gRPC say little about which side is wrong. A node does not get to give advice:
 * what is returned here is this program's own.
 *
 * @module
 */

/** How a connection was tried. */
export interface TriedConnection {
  /** The listener that it needs. */
  readonly wanted: 'admins' | 'clients';
  readonly security: 'tls' | 'plaintext';
}

/** Advice for the message of a failed connection; absent where there is none. */
export function connectionHint(
  message: string,
  { wanted, security }: TriedConnection,
): string | undefined {
  if (/certificate in|altname|unable to (?:get|verify)/i.test(message)) {
    return (
      'the certificate of the node is not from tls.caFile, or not for this host name (while the ' +
      'CA of the nodes is rotated, that file has to hold both)'
    );
  }
  if (message.includes('no such method')) {
    const others = wanted === 'admins' ? 'clients or peers' : 'admins or peers';
    return `give the listener of ${wanted}, not of ${others}; or the node is of an old version`;
  }
  if (message.includes('Name resolution failed')) {
    return 'the name is not known here now: check it, and the name server of this machine';
  }
  if (message.includes('does not have the role')) {
    return 'the node says under `identities` whose certificate has it: use one of those, or add it';
  }
  if (message.includes('ECONNREFUSED')) {
    return (
      `nothing listens there: check the address (listen.${wanted} of the node), ` +
      'and that it runs: if it ended, its log says why'
    );
  }
  if (/wrong version number|packet length too long/.test(message)) {
    return (
      'what answers there speaks no TLS: check the port; a node that has no TLS takes ' +
      '`insecure: true` instead of `tls`, on loopback alone'
    );
  }
  if (/no answer within/.test(message)) {
    return (
      'the node takes connections and does not answer: it hangs or has too much to do. Look at ' +
      'its log and its processor time, start it again if that does not end, or ask another node'
    );
  }
  if (/no connection (?:to \S+ )?within/.test(message)) {
    return (
      `nobody answers at that address: check it (listen.${wanted} of the node) and firewalls on ` +
      'the way; a node that hangs looks like that too, and then its log ends early: start it again'
    );
  }
  if (!message.includes('Failed to connect')) return undefined;
  if (security === 'plaintext') {
    return (
      'something answers there and hangs up: this side speaks no TLS (`insecure: true`), and a ' +
      `node with TLS wants \`tls\`; else check that it is a listener of ${wanted}`
    );
  }
  return (
    `something answers there and hangs up: check that it is a listener of ${wanted}, and that ` +
    'tls.certFile is from the CA that the node trusts'
  );
}
