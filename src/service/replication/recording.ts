/**
 * Recordings of what a node's replication machine was told and what it answered, one JSON text per
 * line, so that what happened in production can be run again in the simulator, event by event.
 *
 * The first line holds what the machine was made of; each other one an event with its time, the
 * random numbers that were drawn and the digest of the effects. A recording holds statements and
 * certificates, which are public, and no key. Off unless somebody asks for it: it grows without
 * bound.
 *
 * @module
 */
import { encodeBase64, encodeUtf8, parseBase64 } from '../../core/bytes.ts';
import { sha256 } from '../../core/crypto.ts';
import { isErrorCode, KedgeError } from '../../core/errors.ts';
import type { GossipEffect, GossipEvent } from '../../core/gossip/events.ts';
import { GossipMachine, type GossipOptions } from '../../core/gossip/machine.ts';
import { rowsOf } from '../../core/gossip/rows.ts';
import type { Sha256 } from '../../core/ids.ts';
import type { Pin, StoredTrust } from '../../core/trusted/restore.ts';
import type { TrustedState } from '../../core/trusted/state.ts';

/** The format that this code writes. */
const RECORDING_FORMAT = 1;

/** What a machine was made of, without its state, its randomness and its node's key. */
export interface RecordedOptions
  extends Pick<
    GossipOptions,
    'self' | 'hasSeeds' | 'origin' | 'started' | 'regionKey' | 'marks' | 'override' | 'proposals'
  > {
  readonly membership: Omit<GossipOptions['membership'], 'sign'>;
}

/** What a machine got while it worked, in order. */
interface Answers {
  /** Random numbers. */
  readonly random: readonly number[];
  /** Signatures of the node's key. */
  readonly signed: readonly Uint8Array[];
}

/** The first line. */
export interface RecordingStart extends Answers {
  readonly format: number;
  /** The machine's options, without state and randomness. */
  readonly options: RecordedOptions;
  readonly pin: Pin;
  readonly stored: StoredTrust;
}

/** Every other line. */
export interface RecordedEvent extends Answers {
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly event: GossipEvent;
  /** See {@link digestEffects}. */
  readonly effects: Sha256;
}

/** Makes a machine; one that writes down what it is told when `write` is there. */
export function createMachine(
  options: GossipOptions,
  write: ((line: string) => void) | undefined,
): GossipMachine {
  return write === undefined ? new GossipMachine(options) : new RecordedMachine(options, write);
}

/** A machine that writes down what it is told; `write` gets one line without its end. */
class RecordedMachine extends GossipMachine {
  readonly #write: (line: string) => void;
  readonly #drawn: Drawn;

  constructor(options: GossipOptions, write: (line: string) => void) {
    const { self, hasSeeds, state, membership, origin, override, proposals } = options;
    const { started, regionKey, marks } = options;
    const plain = { self, hasSeeds, origin, started, regionKey, marks, override, proposals };
    const { sign, ...others } = membership;
    const drawn: Drawn = { random: [], signed: [] };
    super({
      ...options,
      random: () => noted(drawn.random, options.random()),
      membership: { ...membership, sign: (message) => noted(drawn.signed, sign(message)) },
    });
    this.#drawn = drawn;
    this.#write = write;
    const { realm, firstCharterDigest } = state;
    const start = {
      format: RECORDING_FORMAT,
      options: { ...plain, membership: others },
      pin: { realm, firstCharterDigest },
      stored: storedOf(state),
      ...taken(drawn),
    };
    write(encodeLine(start satisfies RecordingStart));
  }

  override handle(
    event: GossipEvent,
    nowMs: number,
    monotonicMs: number = nowMs,
  ): readonly GossipEffect[] {
    const effects = super.handle(event, nowMs, monotonicMs);
    const digest = digestEffects(effects);
    const line = { nowMs, monotonicMs, event, effects: digest, ...taken(this.#drawn) };
    this.#write(encodeLine(line satisfies RecordedEvent));
    return effects;
  }
}

/** What came from outside while a machine worked. */
interface Drawn {
  readonly random: number[];
  readonly signed: Uint8Array[];
}

function noted<Value>(list: Value[], value: Value): Value {
  list.push(value);
  return value;
}

function taken({ random, signed }: Drawn): Drawn {
  return { random: random.splice(0), signed: signed.splice(0) };
}

/** The SHA-256 of effects as they are recorded; of a state served, its rows count. */
export function digestEffects(effects: readonly GossipEffect[]): Sha256 {
  const plain = effects.map((effect) =>
    effect.kind === 'serve' ? { ...effect, state: [...rowsOf(effect.state).values()] } : effect,
  );
  return sha256(encodeUtf8(encodeLine(plain)));
}

/** Writes one line; bytes and errors become objects with one key that starts with `$`. */
export function encodeLine(value: object): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return { $bytes: encodeBase64(part) };
    if (part instanceof KedgeError) return { $error: { code: part.code, message: part.message } };
    return part;
  });
}

/** Reads one line. Errors: `PARSE`. */
export function decodeLine(line: string): unknown {
  try {
    return JSON.parse(line, revive);
  } catch (cause) {
    throw new KedgeError('PARSE', 'not a line of a recording', { cause });
  }
}

/** Says whether a line is the first one of a recording that this code can read. */
export function isRecordingStart(value: unknown): value is RecordingStart {
  return (
    hasKeys(value, ['format', 'options', 'pin', 'stored']) && value.format === RECORDING_FORMAT
  );
}

/** Says whether a line is an event. */
export function isRecordedEvent(value: unknown): value is RecordedEvent {
  return hasKeys(value, ['nowMs', 'random', 'event', 'effects']);
}

function hasKeys<Key extends string>(
  value: unknown,
  keys: readonly Key[],
): value is Readonly<Record<Key, unknown>> {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}

function revive(_: string, part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if ('$bytes' in part && typeof part.$bytes === 'string') return parseBase64(part.$bytes);
  if (!('$error' in part) || !hasKeys(part.$error, ['code', 'message'])) return part;
  const { code, message } = part.$error;
  return new KedgeError(
    typeof code === 'string' && isErrorCode(code) ? code : 'BUG',
    String(message),
  );
}

/** What a store that holds this state would give back. */
function storedOf(state: TrustedState): StoredTrust {
  const streams = [...state.streams.values()];
  return {
    charters: state.charters.map(({ document }) => ({ document })),
    heads: streams.flatMap(({ head }) =>
      head === undefined ? [] : [{ document: { statement: head.statement, body: head.bodyBytes } }],
    ),
    evidence: streams.flatMap((held) => (held.kind === 'forked' ? [held.evidence] : [])),
  };
}
