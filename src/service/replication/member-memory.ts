/**
 * What a node remembers of the others across restarts: so it finds them again when no seed answers,
 * and can show them what they once signed of their stores.
 *
 * A memory that cannot be read is no reason not to start: it is logged and left behind. What a
 * later version notes beside is passed over, so that a node may go back to an earlier one. Records
 * of members are verified again by the membership machine, marks by whom they are shown to.
 *
 * @module
 */
import { encodeBase64 } from '../../core/bytes.ts';
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../../core/canonical.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseMark, type SignedMark } from '../../core/gossip/restored/store-mark.ts';
import {
  MARK_MAX_BYTES,
  MEMBER_MAX_BYTES,
  MEMBERS_MAX,
  SIGNATURE_MAX_BYTES,
} from '../../core/limits.ts';
import type { MembershipSnapshot, RememberedMember } from '../../core/membership/events.ts';
import { checkSoftware, type Software } from '../../core/membership/software.ts';
import { type KeySet, type ObjectReader, readObject } from '../../core/reader.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Store } from '../../ports/store.ts';
import type { Replicator } from './replicator.ts';

/** How long a change may stay unwritten, milliseconds. */
const WRITE_WITHIN_MS = 10_000;
const MEMORY_MAX_BYTES = 2 * MEMBERS_MAX * (MEMBER_MAX_BYTES + 256);
/** Some of each node. */
const MARKS_MAX = 4 * MEMBERS_MAX;
const MARKS_MAX_BYTES = 2 * MARKS_MAX * (MARK_MAX_BYTES + 128);
const INTEGER = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** Reads what the store remembers; nothing when there is none that can be read. Errors: `STORE`. */
export async function loadMembers(
  store: Store,
  logger: Logger,
): Promise<MembershipSnapshot | undefined> {
  return await load(store, logger, { name: 'members', parse: parseMemory });
}

/** Reads what the other nodes signed of their stores. Errors: `STORE`. */
export async function loadMarks(store: Store, logger: Logger): Promise<readonly SignedMark[]> {
  return (await load(store, logger, { name: 'marks', parse: parseMarks })) ?? [];
}

async function load<Value>(
  store: Store,
  logger: Logger,
  {
    name,
    parse,
  }: { readonly name: 'members' | 'marks'; readonly parse: (bytes: Uint8Array) => Value },
): Promise<Value | undefined> {
  const bytes = await store.note(name);
  if (bytes === undefined) return undefined;
  try {
    return parse(bytes);
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    logger.warn({ event: 'member.forgotten', code, reason: message }, `${name} are forgotten`);
    return undefined;
  }
}

/** Writes down what one node knows of the others, while it runs and when it stops. */
export class MemberMemory implements AsyncDisposable {
  readonly #store: Store;
  readonly #replicator: Replicator;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Versions that are written down. */
  readonly #written: Map<'members' | 'marks', number> = new Map();
  #timer: ClockTimer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: {
    readonly store: Store;
    readonly replicator: Replicator;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#store = parts.store;
    this.#replicator = parts.replicator;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#arm();
  }

  /** Writes what is new and stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    await this.#writing;
    await this.#write();
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(WRITE_WITHIN_MS, () => {
      this.#writing = this.#write();
      this.#arm();
    });
  }

  async #write(): Promise<void> {
    const { members, marks } = this.#replicator.memory();
    await this.#note('members', members.version, () => encodeMemory(members.snapshot()));
    await this.#note('marks', marks.version, () => encodeMarks(marks.snapshot()));
  }

  async #note(name: 'members' | 'marks', version: number, encode: () => Uint8Array): Promise<void> {
    if (version === (this.#written.get(name) ?? 0)) return;
    this.#written.set(name, version);
    try {
      await this.#store.setNote(name, encode());
    } catch (thrown) {
      this.#written.delete(name);
      const { code, message } = KedgeError.from(thrown);
      this.#logger.warn({ event: 'store.failed', code, reason: message }, `${name} not noted`);
    }
  }
}

function encodeMemory({ incarnation, members }: MembershipSnapshot): Uint8Array {
  return encodeCanonical({
    incarnation,
    members: members.map(({ signed, state, binding }) => ({
      ...(signed.software !== undefined && { software: { ...signed.software } }),
      binding,
      payload: encodeBase64(signed.payload),
      signature: encodeBase64(signed.signature),
      state,
    })),
  });
}

function parseMemory(bytes: Uint8Array): MembershipSnapshot {
  const value = parseCanonical(bytes, { maxBytes: MEMORY_MAX_BYTES, what: 'memory of members' });
  const reader = readKnown(value, 'memory', { required: ['incarnation', 'members'] });
  return {
    incarnation: reader.integer('incarnation', INTEGER),
    members: reader.list('members', { max: 2 * MEMBERS_MAX }, (item, path) =>
      parseRemembered(
        readKnown(item, path, {
          required: ['binding', 'payload', 'signature', 'state'],
          optional: ['software'],
        }),
      ),
    ),
  };
}

function encodeMarks(marks: readonly SignedMark[]): Uint8Array {
  return encodeCanonical({
    marks: marks.map(({ payload, signature }) => ({
      payload: encodeBase64(payload),
      signature: encodeBase64(signature),
    })),
  });
}

function parseMarks(bytes: Uint8Array): readonly SignedMark[] {
  const value = parseCanonical(bytes, { maxBytes: MARKS_MAX_BYTES, what: 'memory of marks' });
  const reader = readKnown(value, 'memory', { required: ['marks'] });
  return reader.list('marks', { max: MARKS_MAX }, (item, path) => {
    const mark = readKnown(item, path, { required: ['payload', 'signature'] });
    const payload = mark.bytes('payload', { maxBytes: MARK_MAX_BYTES });
    parseMark(payload);
    return { payload, signature: mark.bytes('signature', { maxBytes: SIGNATURE_MAX_BYTES }) };
  });
}

function parseRemembered(
  reader: ObjectReader<'binding' | 'payload' | 'signature' | 'software' | 'state'>,
): RememberedMember {
  return {
    binding: reader.oneOf('binding', ['first-seen', 'confirmed']),
    signed: {
      payload: reader.bytes('payload', { maxBytes: MEMBER_MAX_BYTES }),
      signature: reader.bytes('signature', { maxBytes: SIGNATURE_MAX_BYTES }),
      ...(reader.has('software') && { software: parseSoftware(reader) }),
    },
    state: reader.oneOf('state', ['alive', 'failed', 'left']),
  };
}

function parseSoftware(reader: ObjectReader<'software'>): Software {
  const keys = { required: ['documents', 'version'] } as const;
  const software = readKnown(reader.value('software'), `${reader.path}.software`, keys);
  return checkSoftware({
    version: software.text('version'),
    documents: software.integer('documents', INTEGER),
  });
}

/** An object of our own notes, without what only a later version knows. */
function readKnown<Required extends string, Optional extends string = never>(
  value: CanonicalValue,
  path: string,
  keys: KeySet<Required, Optional>,
): ObjectReader<Required | Optional> {
  const known: readonly string[] = [...keys.required, ...(keys.optional ?? [])];
  const isObject = typeof value === 'object' && !Array.isArray(value);
  const mine = isObject
    ? Object.fromEntries(Object.entries(value).filter(([key]) => known.includes(key)))
    : value;
  return readObject(mine, path, keys);
}
