/**
 * What a frame or a fetched item weighs on the wire and which signed statements it carries.
 *
 * Read from the shape of the value, not from its kind, so that frames of later protocol versions
 * need no change here. Parts are remembered by identity: one push goes out on many links.
 *
 * @module
 */
import type { Frame } from '../../src/core/gossip/frames.ts';
import { NO_UPDATES } from '../../src/core/membership/frames.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';

/** What is known of a value. */
export interface Facts {
  /** About what protobuf makes of it. */
  readonly bytes: number;
  readonly statements: readonly SignedStatement[];
}

const NO_STATEMENTS: readonly SignedStatement[] = [];
const DIGEST_CHARS = 64;
const LARGE_BYTES = 300;
const FRAME_BYTES = 4;
const PART_BYTES = 3;
const known = new WeakMap<object, Facts>();

/** Of what most pings carry. */
const NOTHING_NEW: Facts = factsOf(NO_UPDATES);

/** Frames without news, by their kind: most of what there is. */
const idle = new Map<Frame['kind'], Facts>();

/** Reads a frame. */
export function frameFacts(frame: Frame): Facts {
  if (!('updates' in frame) || frame.updates !== NO_UPDATES) return factsOf(frame);
  const before = idle.get(frame.kind);
  if (before !== undefined) return before;
  const facts = factsOf(frame);
  idle.set(frame.kind, facts);
  return facts;
}

/** Reads a frame or an item. */
export function factsOf(value: object): Facts {
  let bytes = FRAME_BYTES;
  let statements = NO_STATEMENTS;
  for (const part of valuesOf(value)) {
    if (typeof part !== 'object' || part === null) {
      bytes += scalarBytes(part);
    } else if (part instanceof Uint8Array) {
      bytes += part.length + 2 + PART_BYTES;
    } else {
      const facts = rememberedFacts(part);
      bytes += facts.bytes + PART_BYTES;
      if (facts.statements.length > 0) statements = [...statements, ...facts.statements];
    }
  }
  return { bytes, statements };
}

/** Says whether a value is a statement with its signatures. */
export function isSignedStatement(value: object): value is SignedStatement {
  return (
    'payload' in value &&
    value.payload instanceof Uint8Array &&
    'signatures' in value &&
    Array.isArray(value.signatures)
  );
}

/** The parts of a value. */
export function valuesOf(value: object): readonly unknown[] {
  return Array.isArray(value) ? value : Object.values(value);
}

function rememberedFacts(value: object): Facts {
  if (value === NO_UPDATES) return NOTHING_NEW;
  // Lists are new in each frame, and so are small records; large ones are shared by many.
  if (Array.isArray(value)) return factsOf(value);
  const before = known.get(value);
  if (before !== undefined) return before;
  const facts = partFacts(value);
  if (facts.bytes >= LARGE_BYTES) known.set(value, facts);
  return facts;
}

function partFacts(value: object): Facts {
  const { bytes, statements } = factsOf(value);
  if (!isSignedStatement(value)) return { bytes, statements };
  return { bytes, statements: [value] };
}

function scalarBytes(value: unknown): number {
  if (typeof value === 'string') {
    return value.length === DIGEST_CHARS ? DIGEST_CHARS / 2 + 2 : value.length + 2;
  }
  return typeof value === 'number' ? 4 : 2;
}
