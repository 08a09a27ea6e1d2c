/**
 * The TLS contexts of what connects: for the newest set and the own identity, built ahead for a set
 * that is coming (`contexts.ts`), or in one go by whoever connects first.
 *
 * @module
 */
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import { NO_RENEGOTIATION } from '../../core/renegotiation.ts';
import { buildContext, type ContextOptions, type Wanted } from './contexts.ts';
import { identityOptions, requireIdentity, type TlsIdentity } from './identity.ts';
import type { TrustSet } from './trust-view.ts';
import { canWiden, type Given, widen } from './widening.ts';

/** A context for a set that is not in use yet, with the identity that it was built for. */
interface Prepared {
  readonly tag: string;
  readonly identity: TlsIdentity | undefined;
  readonly context: SecureContext;
}

/** The context of one live client. */
export class ClientContexts {
  readonly #extra: SecureContextOptions;
  #identity: TlsIdentity | undefined;
  #newest: Given<SecureContext> | undefined;
  #prepared: Prepared | undefined;

  /** `extra` is all but CAs and identity. */
  constructor(extra: SecureContextOptions) {
    const secureOptions = (extra.secureOptions ?? 0) | NO_RENEGOTIATION;
    this.#extra = { ...extra, secureOptions };
  }

  /** The context for the set that is current. Errors: `CONFIG`. */
  newest(set: TrustSet): SecureContext {
    this.#newest ??= { context: this.#make(this.#identity, set), set };
    return this.#newest.context;
  }

  /** Says whether a context is that of the newest set and identity. */
  isNewest(context: SecureContext): boolean {
    return this.#newest?.context === context;
  }

  /** Errors: `CONFIG` when certificate and key cannot be used; the old ones stay. */
  updateIdentity(identity: TlsIdentity, set: TrustSet): void {
    this.#newest = { context: this.#make(requireIdentity(identity), set), set };
    this.#identity = identity;
  }

  /** Builds the context for a set that is coming, unless there is no need for a new one. */
  async prepare(set: TrustSet, isWanted: Wanted): Promise<void> {
    if (this.#newest !== undefined && canWiden(this.#newest, set)) return;
    while (this.#newest !== undefined && isWanted() && this.#preparedFor(set) === undefined) {
      const identity = this.#identity;
      const isRight = (): boolean => isWanted() && this.#identity === identity;
      const context = await buildContext(this.#optionsFor(identity, set), isRight);
      if (context !== undefined) this.#prepared = { tag: set.tag, identity, context };
      else if (this.#identity === identity) return;
    }
  }

  /** The set is current now. `same`: so is the context, which trusts more from now on. */
  follow(set: TrustSet): 'same' | 'other' {
    const newest = this.#newest;
    const isSame = newest !== undefined && widen(newest, set);
    const context = isSame ? newest.context : this.#preparedFor(set);
    this.#newest = context && { context, set };
    this.#prepared = undefined;
    return isSame ? 'same' : 'other';
  }

  #preparedFor({ tag }: TrustSet): SecureContext | undefined {
    const prepared = this.#prepared;
    const isRight = prepared?.tag === tag && prepared.identity === this.#identity;
    return isRight ? prepared.context : undefined;
  }

  #make(identity: TlsIdentity | undefined, set: TrustSet): SecureContext {
    try {
      return createSecureContext(this.#optionsFor(identity, set));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new KedgeError('CONFIG', `no TLS context can be made: ${reason}`, { cause });
    }
  }

  #optionsFor(identity: TlsIdentity | undefined, { caPems }: TrustSet): ContextOptions {
    return { ...this.#extra, ...identityOptions(identity), ca: [...caPems] };
  }
}

/** Nobody is trusted for it, so there is no use in connecting. Errors: `UNAVAILABLE`. */
export function requireSomebody({ caPems }: TrustSet, bundle: string): void {
  if (caPems.length > 0) return;
  throw new KedgeError(
    'UNAVAILABLE',
    `bundle ${bundle} has no CA that is trusted for this purpose now, so nobody is`,
    { detail: { bundle } },
  );
}
