/**
 * Contexts in use that take more CAs as they are.
 *
 * A set that only grew by a few needs no new context, which would take OpenSSL 20 ms for 140 CAs:
 * the one in use reads those that are new, in the step in which the set comes into use. Sessions
 * from before go on, as all that they rest on is still trusted. A context never loses a CA, so
 * where one left, or may vouch for less, there is a new one, with sessions of its own.
 *
 * @module
 */
import type { Server as HttpsServer } from 'node:https';
import type { SecureContextOptions, Server } from 'node:tls';
import { caTaker, certTaker, sharedContext } from './inner.ts';
import type { TrustSet } from './trust-view.ts';
import { FEW_CAS } from './turns.ts';

/** A context that is in use, and the set that it trusts. */
export interface Given<Context extends object> {
  readonly context: Context;
  readonly set: TrustSet;
}

/** Says whether {@link widen} would do. */
export function canWiden({ context, set }: Given<object>, coming: TrustSet): boolean {
  return caTaker(context) !== undefined && fewMore(coming, set) !== undefined;
}

/** Has a context trust a set that has a few CAs more; false, and nothing done, for any other. */
export function widen({ context, set }: Given<object>, now: TrustSet): boolean {
  const [addCa, more] = [caTaker(context), fewMore(now, set)];
  if (addCa === undefined || more === undefined) return false;
  for (const pem of more) addCa(pem);
  return true;
}

/** The contexts of servers, as far as they were given here and nobody replaced them since. */
export class GivenContexts {
  readonly #given = new WeakMap<Server | HttpsServer, Given<object>>();

  /** The server has a context for this set now. */
  note(server: Server | HttpsServer, set: TrustSet): void {
    const context = sharedContext(server);
    if (context === undefined) this.#given.delete(server);
    else this.#given.set(server, { context, set });
  }

  /** Says whether {@link widen} would do. */
  canWiden(server: Server | HttpsServer, coming: TrustSet): boolean {
    const given = this.#givenTo(server);
    return given !== undefined && canWiden(given, coming);
  }

  /** As the function; `own` is what the context was made of beside the CAs. */
  widen(server: Server | HttpsServer, now: TrustSet, { cert = [] }: SecureContextOptions): boolean {
    const given = this.#givenTo(server);
    if (given === undefined || !widen(given, now)) return false;
    // Node finds the issuer of the own certificate among the CAs.
    const setCert = certTaker(given.context);
    for (const pem of Array.isArray(cert) ? cert : [cert]) setCert?.(pem);
    this.note(server, now);
    return true;
  }

  #givenTo(server: Server | HttpsServer): Given<object> | undefined {
    const given = this.#given.get(server);
    return given?.context === sharedContext(server) ? given : undefined;
  }
}

function fewMore(now: TrustSet, before: TrustSet): readonly string[] | undefined {
  const more = now.authorities.beyond(before.authorities);
  return more === undefined || more.length > FEW_CAS ? undefined : more.map((ca) => ca.pem());
}
