/**
 * Who calls a method: the caller's certificate, or without TLS what it claims.
 *
 * @module
 */
import type { Metadata } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import type { CallerDirectory, CallerIdentity } from '../service/identity.ts';
import { parseAltNames } from './certificate-names.ts';

/** The header in which a node says which one it is; believed only where there is no TLS. */
export const NODE_ID_HEADER: string = 'kedge-node-id';

/** What every kind of server call has. */
export interface AnyCall {
  readonly metadata: Pick<Metadata, 'get'>;
  getPath(): string;
  getPeer(): string;
  /** Without a certificate that was verified there is none here. */
  getAuthContext(): {
    readonly sslPeerCertificate?: { readonly subjectaltname?: string | undefined } | undefined;
  };
}

/** How callers of a listener prove who they are. */
export interface CallerRules {
  readonly directory: CallerDirectory;
  /** `plaintext` believes what a caller claims; only for loopback. */
  readonly transport: 'mtls' | 'plaintext';
}

/** Who calls. Errors: `ACCESS`. */
export function identifyCaller(call: AnyCall, rules: CallerRules): CallerIdentity {
  if (rules.transport === 'plaintext') {
    const [claimed] = call.metadata.get(NODE_ID_HEADER);
    return rules.directory.byClaim(typeof claimed === 'string' ? claimed : undefined);
  }
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate === undefined) {
    throw new KedgeError('ACCESS', 'no verified client certificate: connect with one');
  }
  return rules.directory.byCertificate(parseAltNames(certificate.subjectaltname));
}
