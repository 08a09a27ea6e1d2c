/**
 * What the programs of a region are started with and what they say, one line of JSON each.
 *
 * @module
 */
import { z } from 'zod';

/** The programs of one region: one process. */
export interface RegionSetup {
  readonly realm: string;
  readonly firstCharterDigest: string;
  readonly bundle: string;
  readonly endpoints: readonly string[];
  readonly caFile: string;
  readonly serverName: string;
  /** Of each program: how it shows itself to nodes. */
  readonly links: readonly { readonly certFile: string; readonly keyFile: string }[];
  /** The leaf of the programs' own servers. */
  readonly server: { readonly certFile: string; readonly keyFile: string };
  /** Anchors that will be revoked, with a leaf of each. */
  readonly victims: readonly {
    readonly id: string;
    readonly certFile: string;
    readonly keyFile: string;
  }[];
}

/** The settings of one region's programs. */
export const regionSetupSchema: z.ZodType<RegionSetup> = z.object({
  realm: z.string(),
  firstCharterDigest: z.string(),
  bundle: z.string(),
  endpoints: z.array(z.string()),
  caFile: z.string(),
  serverName: z.string(),
  links: z.array(z.object({ certFile: z.string(), keyFile: z.string() })),
  server: z.object({ certFile: z.string(), keyFile: z.string() }),
  victims: z.array(z.object({ id: z.string(), certFile: z.string(), keyFile: z.string() })),
});

/** What one program says: it uses a release, or it refused a handshake with a victim's leaf. */
export type ProgramLine =
  | {
      readonly kind: 'uses';
      readonly program: number;
      readonly sequence: number;
      readonly atMs: number;
    }
  | {
      readonly kind: 'refused';
      readonly program: number;
      readonly victim: number;
      readonly atMs: number;
    }
  | { readonly kind: 'answered'; readonly program: number; readonly victim: number };

/** The lines of programs. */
export const programLineSchema: z.ZodType<ProgramLine> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('uses'),
    program: z.number(),
    sequence: z.number(),
    atMs: z.number(),
  }),
  z.object({
    kind: z.literal('refused'),
    program: z.number(),
    victim: z.number(),
    atMs: z.number(),
  }),
  z.object({ kind: z.literal('answered'), program: z.number(), victim: z.number() }),
]);

/** The time that all processes of a machine agree about. */
export function sharedNowMs(): number {
  return performance.timeOrigin + performance.now();
}
