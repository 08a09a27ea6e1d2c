/**
 * Who calls a method: the caller's certificate, or without TLS what it claims.
 *
 * @module
 */
import type { Metadata } from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import type { CallerDirectory, CallerIdentity } from '../../service/identity.ts';
import { parseAltNames } from '../tls/certificate-names.ts';

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

/** Programs of a fleet mostly share a few identities: who shows the same names is the same. */
const KNOWN_MAX = 1_024;
const KNOWN_MAX_CHARS = 512;
const known: WeakMap<CallerDirectory, Map<string, CallerIdentity>> = new WeakMap();

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
  return byAltNames(rules.directory, certificate.subjectaltname ?? '');
}

function byAltNames(directory: CallerDirectory, altNames: string): CallerIdentity {
  const callers = known.get(directory) ?? new Map<string, CallerIdentity>();
  const before = callers.get(altNames);
  if (before !== undefined) return before;
  const caller = directory.byCertificate(parseAltNames(altNames));
  if (altNames.length > KNOWN_MAX_CHARS) return caller;
  const [oldest] = callers.keys();
  if (callers.size >= KNOWN_MAX && oldest !== undefined) callers.delete(oldest);
  known.set(directory, callers.set(altNames, caller));
  return caller;
}
