/**
 * What opening a signer needs of its surroundings: files, the environment, and a person to ask.
 *
 * @module
 */

/** A secret that opens a key. */
export interface SecretRequest {
  /** `passphrase`: of a key file, by the name of its signer. `pin`: of a token, by its label. */
  readonly kind: 'passphrase' | 'pin';
  readonly of: string;
}

/** The surroundings; the CLI gives them. */
export interface SignerHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends what waits. */
  readonly signal: AbortSignal;
  /** Makes a path of a reference absolute. */
  path(file: string): string;
  /** Reads a file with a bound. */
  read(
    path: string,
    options: { readonly what: string; readonly maxBytes: number },
  ): Promise<Uint8Array>;
  /** Gets a secret from a file, the environment or a person; never from the command line. */
  secret(request: SecretRequest): Promise<string>;
  /** Tells what happens; of no account to programs. */
  note(text: string): void;
  /** Tells what somebody should know. */
  warn(text: string): void;
}
