/**
 * What to look at when a node cannot be talked to.
 *
 * Errors of TLS and gRPC say little about which side is wrong. A node does not get to give advice:
 * what is returned here is this program's own.
 *
 * @module
 */

/** Advice for the message of a failed connection; absent where there is none. */
export function connectionHint(message: string, wanted: 'admins' | 'clients'): string | undefined {
  if (/certificate in|altname|unable to (?:get|verify)/i.test(message)) {
    return 'the certificate of the node is not from tls.caFile, or not for this host name';
  }
  if (message.includes('no such method')) {
    const others = wanted === 'admins' ? 'clients or peers' : 'admins or peers';
    return `give the listener of ${wanted}, not of ${others}; or the node is of an old version`;
  }
  if (message.includes('ECONNREFUSED')) {
    return (
      `nothing listens there: check the address (listen.${wanted} of the node), ` +
      'and that it runs'
    );
  }
  if (!message.includes('Failed to connect')) return undefined;
  return (
    `something answers there and hangs up: check that it is a listener of ${wanted}, and that ` +
    'tls.certFile is from the CA that the node trusts'
  );
}
