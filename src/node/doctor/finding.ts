/**
 * What a check of a host found, as a plain value.
 *
 * @module
 */

/** The result of one check. */
export interface Finding {
  /** Name of the check, for scripts; never renamed. */
  readonly check: string;
  /** `warn`: it works, but worse or not for long; `fail`: a node does not work like this. */
  readonly verdict: 'ok' | 'warn' | 'fail';
  /** What was found, and why it matters when it is not well. */
  readonly what: string;
  /** A command or a line of configuration that puts it right. */
  readonly remedy?: string;
}

/** What a check looks at beside a node's configuration; given, so that tests give another one. */
export interface Surroundings {
  /** Where `/proc`, `/sys` and `/run` are looked for; `/` on a real host. */
  readonly root: string;
  /** Process whose limits count: digits, or `self`. */
  readonly process: string;
  readonly nowMs: number;
  /** For example `20.19.0`. */
  readonly nodeVersion: string;
  /** The user of this process; absent where there are no such numbers. */
  readonly userId: number | undefined;
}
