/**
 * TLS contexts that are built while another one is in use, and come into use in one step.
 *
 * `createSecureContext` reads all CAs in one go: 20 ms for 140 of them, in which the program does
 * nothing else. Here the context is made without a CA and gets them one by one, some in each turn
 * of the event loop, which is what Node does within. Nobody has the context before it is whole. A
 * server's own context can only be made by the server itself, so it makes one, without a CA, and
 * has the one in use back before anything else happens; when it is whole the server gets it.
 *
 * Where Node does not have this inside as it is expected there is no such context, and whoever
 * asks builds it in one go.
 *
 * @module
 */
import type { Server as HttpsServer } from 'node:https';
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type Server,
} from 'node:tls';
import { caTaker, certTaker, shareContext, sharedContext } from './inner.ts';
import { turns } from './turns.ts';

/** All of a context; nobody but these CAs is trusted by it. */
export type ContextOptions = SecureContextOptions & { readonly ca: string[] };

/** Says whether a context that is being built is still wanted. */
export type Wanted = () => boolean;

/**
 * Builds a context. Absent when it is no longer wanted, or cannot be built so. Errors: those of
 * `createSecureContext`.
 */
export async function buildContext(
  options: ContextOptions,
  isWanted: Wanted,
): Promise<SecureContext | undefined> {
  const context = await turns.run(() => createSecureContext({ ...options, ca: [] }));
  return (await addCas(context, options, isWanted)) ? context : undefined;
}

/**
 * Builds the context that `setSecureContext` would give a server; the result brings it into use.
 * Absent as for {@link buildContext}. Errors: those of `setSecureContext`.
 */
export async function buildServerContext(
  server: Server | HttpsServer,
  options: ContextOptions,
  isWanted: Wanted,
): Promise<(() => void) | undefined> {
  const made = await turns.run(() => makeBare(server, options));
  if (made === undefined || !(await addCas(made, options, isWanted))) return undefined;
  // With the CAs there, Node finds the issuer of the own certificate among them.
  const setCert = certTaker(made);
  const { cert = [] } = options;
  for (const pem of Array.isArray(cert) ? cert : [cert]) await turns.run(() => setCert?.(pem));
  return () => shareContext(server, made);
}

/** The server's own context without a CA, while the server keeps the one that it has. */
function makeBare(server: Server | HttpsServer, options: ContextOptions): object | undefined {
  const inUse = sharedContext(server);
  if (inUse === undefined || caTaker(inUse) === undefined) return undefined;
  try {
    server.setSecureContext({ ...options, ca: [] });
    const made = sharedContext(server);
    return made === inUse ? undefined : made;
  } finally {
    shareContext(server, inUse);
  }
}

async function addCas(context: object, { ca }: ContextOptions, isWanted: Wanted): Promise<boolean> {
  const addCa = caTaker(context);
  if (addCa === undefined) return false;
  for (const pem of ca) {
    if (!isWanted()) return false;
    await turns.run(() => addCa(pem));
  }
  return isWanted();
}
