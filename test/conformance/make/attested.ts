/**
 * What regions sign in cases: logs, notes and heartbeats, by the definitions of RFC 6962, C2SP and
 * docs/spec.md section 8 and not with the code under test.
 */
import { createHash } from 'node:crypto';
import { encodeUtf8 } from '../../../src/core/bytes.ts';
import type { CosignedStep, HeartbeatStep, SplitStep } from '../format.ts';
import { type Doc, keyOf, REALM } from './realm.ts';

/** How a note differs from a good one. */
export interface NoteOptions {
  readonly realm?: string;
  /** What names a later log of the stream, in the origin behind it. Rule CO-3. */
  readonly log?: string;
  readonly timeSeconds?: number;
  /** Regions whose line is made invalid. */
  readonly bad?: readonly string[];
  /** Keys that sign for a region in place of the one of its name. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  /** Bends the proof of the last leaf. */
  readonly proof?: (hashes: readonly Buffer[]) => readonly Buffer[];
}

/** The head of the log of these statements, cosigned by regions. */
export function cosignedHead(
  log: readonly Doc[],
  regions: readonly string[],
  options: NoteOptions = {},
): CosignedStep['cosigned'] {
  const leaves = log.map(({ statement }) => leafHash(Buffer.from(statement.payload, 'base64')));
  const proof = pathTo(leaves.length - 1, leaves);
  return {
    note: noteOf(log, regions, options),
    proof: (options.proof?.(proof) ?? proof).map((hash) => hash.toString('base64')),
  };
}

/** One region's lines under two logs. */
export function splitOf(a: readonly Doc[], b: readonly Doc[], region: string): SplitStep['split'] {
  return { first: noteOf(a, [region]), second: noteOf(b, [region]) };
}

/** How a heartbeat differs from a good one. */
export interface HeartbeatOptions {
  readonly realm?: string;
  /** Who signs it; default the region. */
  readonly by?: string;
  /** A bit of the signature is flipped. */
  readonly bad?: true;
}

/** A region says at a time that these are its heads; rows of all of them, by stream. */
export function heartbeatOf(
  region: string,
  timeMs: number,
  heads: readonly Doc[],
  { realm = REALM, by = region, bad }: HeartbeatOptions = {},
): Pick<HeartbeatStep, 'heartbeat' | 'rows'> {
  const sorted = heads.toSorted((a, b) => (a.stream < b.stream ? -1 : 1));
  const leaves = sorted.map(({ stream, sequence, digest }) =>
    leafHash(Buffer.from(`${stream}\0${sequence}\0${digest}-\n`)),
  );
  const root = rootOf(leaves);
  const timeSeconds = Math.floor(timeMs / 1000);
  const lines = [
    'kedge-heartbeat/v1',
    `time ${timeSeconds}`,
    nameOf(realm, region),
    String(leaves.length),
    root.toString('base64'),
  ];
  const key = keyOf(by);
  const signature = Buffer.from(key.sign(encodeUtf8(`${lines.join('\n')}\n`)));
  if (bad) signature[0] = (signature[0] ?? 0) ^ 1;
  return {
    heartbeat: {
      realm,
      region,
      timeSeconds,
      size: leaves.length,
      root: root.toString('hex'),
      keyId: key.publicKey.keyId,
      signature: signature.toString('base64'),
    },
    rows: sorted.map(({ stream, sequence, digest }, index) => ({
      stream,
      sequence,
      digest,
      forked: false,
      index,
      proof: pathTo(index, leaves).map((hash) => hash.toString('base64')),
    })),
  };
}

function noteOf(
  log: readonly Doc[],
  regions: readonly string[],
  {
    realm = REALM,
    timeSeconds = 1_700_000_000,
    bad = [],
    keys = {},
    log: later = '',
  }: NoteOptions = {},
): string {
  const leaves = log.map(({ statement }) => leafHash(Buffer.from(statement.payload, 'base64')));
  const origin = `${realm}/${log[0]?.stream ?? ''}${later}`;
  const text = `${origin}\n${leaves.length}\n${rootOf(leaves).toString('base64')}\n`;
  const message = encodeUtf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
  const lines = regions.flatMap((region) =>
    (keys[region] ?? [region]).map((name) => {
      const { publicKey, sign } = keyOf(name);
      const signature = Buffer.from(sign(message));
      if (bad.includes(region)) signature[0] = (signature[0] ?? 0) ^ 1;
      const keyName = nameOf(realm, region);
      const hash = sha256(
        Buffer.from(`${keyName}\n`),
        Buffer.of(4),
        Buffer.from(publicKey.spki).subarray(-32),
      );
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(timeSeconds));
      const blob = Buffer.concat([hash.subarray(0, 4), time, signature]);
      return `\u2014 ${keyName} ${blob.toString('base64')}\n`;
    }),
  );
  return Buffer.from(`${text}\n${lines.join('')}`).toString('base64');
}

function nameOf(realm: string, region: string): string {
  return `${realm}/region/${region}`;
}

/** RFC 6962 section 2.1: MTH. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return sha256();
  if (leaves.length === 1) return first;
  const half = splitAt(leaves.length);
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

/** RFC 6962 section 2.1.1: PATH. */
function pathTo(index: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length <= 1) return [];
  const half = splitAt(leaves.length);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half
    ? [...pathTo(index, left), rootOf(right)]
    : [...pathTo(index - half, right), rootOf(left)];
}

function splitAt(count: number): number {
  let width = 1;
  while (2 * width < count) width *= 2;
  return width;
}

function leafHash(data: Buffer): Buffer {
  return sha256(Buffer.of(0), data);
}

function sha256(...parts: readonly Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}
