/**
 * What the demonstration and its programs say to each other over the IPC channel of `fork`.
 *
 * @module
 */
import { z } from 'zod';

/** What a program is started with, as JSON in its first argument. */
export const programSetupSchema: z.ZodType<ProgramSetup> = z.object({
  name: z.string(),
  realm: z.string(),
  firstCharterDigest: z.string(),
  endpoints: z.array(z.string()),
  link: z.object({
    certFile: z.string(),
    keyFile: z.string(),
    caFile: z.string(),
    serverName: z.string(),
  }),
  cacheFolder: z.string(),
  bundles: z.array(z.string()),
  identity: z.object({ certFile: z.string(), keyFile: z.string() }).optional(),
  targets: z.array(z.object({ host: z.string(), port: z.number() })),
  pauseMs: z.number(),
});

/** The settings of one program. */
export interface ProgramSetup {
  readonly name: string;
  readonly realm: string;
  readonly firstCharterDigest: string;
  /** Nodes to watch, the preferred one first. */
  readonly endpoints: readonly string[];
  /** Certificate for the connection to the nodes, and the authority of theirs. */
  readonly link: LinkFiles;
  /** Where the SDK keeps its last known good copies. */
  readonly cacheFolder: string;
  readonly bundles: readonly string[];
  /** The leaf that this program shows to other programs. */
  readonly identity?: IdentityFiles | undefined;
  /** Servers that a client calls. */
  readonly targets: readonly Target[];
  /** Pause of a client between two requests. */
  readonly pauseMs: number;
}

/** Certificate, key and authority for connections to nodes, and the name in their certificates. */
export interface LinkFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly serverName: string;
}

/** A leaf certificate and its key. */
export interface IdentityFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Where a server listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** From the demonstration to a program. */
export type ProgramOrder =
  /** Shows this leaf from now on, without a restart. */
  | { readonly kind: 'identity'; readonly identity: IdentityFiles }
  /** Makes one request to a server that may be an impostor and says how it went. */
  | { readonly kind: 'try'; readonly target: Target }
  /** Ends after what is under way. */
  | { readonly kind: 'stop' };

/** The schema of {@link ProgramOrder}. */
export const programOrderSchema: z.ZodType<ProgramOrder> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('identity'),
    identity: z.object({ certFile: z.string(), keyFile: z.string() }),
  }),
  z.object({
    kind: z.literal('try'),
    target: z.object({ host: z.string(), port: z.number() }),
  }),
  z.object({ kind: z.literal('stop') }),
]);

/** From a program to the demonstration. `atMs` is wall time with a fraction. */
export type ProgramReport =
  | { readonly kind: 'ready'; readonly port: number }
  | {
      readonly kind: 'loaded';
      readonly bundle: string;
      readonly sequence: number;
      readonly trusted: number;
      readonly atMs: number;
    }
  | { readonly kind: 'swapped' }
  /** `refusal` is absent when the server answered. */
  | { readonly kind: 'tried'; readonly refusal?: string | undefined }
  | {
      readonly kind: 'counts';
      readonly requests: number;
      readonly failed: number;
      readonly resumed: number;
      readonly lastFailure?: string | undefined;
    };

/** The schema of {@link ProgramReport}. */
export const programReportSchema: z.ZodType<ProgramReport> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), port: z.number() }),
  z.object({
    kind: z.literal('loaded'),
    bundle: z.string(),
    sequence: z.number(),
    trusted: z.number(),
    atMs: z.number(),
  }),
  z.object({ kind: z.literal('swapped') }),
  z.object({ kind: z.literal('tried'), refusal: z.string().optional() }),
  z.object({
    kind: z.literal('counts'),
    requests: z.number(),
    failed: z.number(),
    resumed: z.number(),
    lastFailure: z.string().optional(),
  }),
]);

/** Wall time in milliseconds with a fraction, the same clock in every process of a machine. */
export function preciseNowMs(): number {
  return performance.timeOrigin + performance.now();
}
