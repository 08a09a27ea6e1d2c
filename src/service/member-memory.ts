/**
 * What a node remembers of the others across restarts: so it finds them again when no seed answers.
 *
 * A memory that cannot be read is no reason not to start: it is logged and left behind. Records in
 * it are verified again by the membership machine.
 *
 * @module
 */
import { encodeBase64 } from '../core/bytes.ts';
import { encodeCanonical, parseCanonical } from '../core/canonical.ts';
import { KedgeError } from '../core/errors.ts';
import type { ShownStore } from '../core/gossip/options.ts';
import { parseNodeId } from '../core/ids.ts';
import { MEMBER_MAX_BYTES, MEMBERS_MAX, SIGNATURE_MAX_BYTES } from '../core/limits.ts';
import type { MembershipSnapshot, RememberedMember } from '../core/membership/events.ts';
import { type ObjectReader, readObject } from '../core/reader.ts';
import type { Clock, ClockTimer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import type { Replicator } from './replicator.ts';

/** How long a change may stay unwritten, milliseconds. */
const WRITE_WITHIN_MS = 10_000;
const MEMORY_MAX_BYTES = 2 * MEMBERS_MAX * (MEMBER_MAX_BYTES + 256);
/** Some processes of each node. */
const SHOWN_MAX = 4 * MEMBERS_MAX;
const SHOWN = ['before', 'bootId', 'nodeId', 'storeId', 'written'] as const;
const INTEGER = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** Reads what the store remembers; nothing when there is none that can be read. Errors: `STORE`. */
export async function loadMembers(
  store: Store,
  logger: Logger,
): Promise<MembershipSnapshot | undefined> {
  return await loadNote(store, logger, 'members', parseMemory);
}

/** Reads what the others showed of their stores. Errors: `STORE`. */
export async function loadShown(store: Store, logger: Logger): Promise<readonly ShownStore[]> {
  return (await loadNote(store, logger, 'shown', parseShown)) ?? [];
}

async function loadNote<Value>(
  store: Store,
  logger: Logger,
  name: 'members' | 'shown',
  parse: (bytes: Uint8Array) => Value,
): Promise<Value | undefined> {
  const bytes = await store.note(name);
  if (bytes === undefined) return undefined;
  try {
    return parse(bytes);
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    logger.warn({ event: 'member.forgotten', code, reason: message }, 'members are forgotten');
    return undefined;
  }
}

/** Writes down what one node knows of the others, while it runs and when it stops. */
export class MemberMemory implements AsyncDisposable {
  readonly #store: Store;
  readonly #replicator: Replicator;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #membersVersion = 0;
  #shownVersion = 0;
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
    const { version, snapshot } = this.#replicator.memory();
    const shown = this.#replicator.shown();
    const before = [this.#membersVersion, this.#shownVersion] as const;
    const now = [version, shown.version] as const;
    [this.#membersVersion, this.#shownVersion] = now;
    try {
      if (before[0] !== now[0]) {
        await this.#store.setNote('members', encodeMemory(snapshot()));
      }
      if (before[1] !== now[1]) await this.#store.setNote('shown', encodeShown(shown.snapshot()));
    } catch (thrown) {
      [this.#membersVersion, this.#shownVersion] = [0, 0];
      const { code, message } = KedgeError.from(thrown);
      this.#logger.warn({ event: 'store.failed', code, reason: message }, 'members not noted');
    }
  }
}

function encodeMemory({ incarnation, members }: MembershipSnapshot): Uint8Array {
  return encodeCanonical({
    incarnation,
    members: members.map(({ signed, state, binding }) => ({
      binding,
      payload: encodeBase64(signed.payload),
      signature: encodeBase64(signed.signature),
      state,
    })),
  });
}

function parseMemory(bytes: Uint8Array): MembershipSnapshot {
  const value = parseCanonical(bytes, { maxBytes: MEMORY_MAX_BYTES, what: 'memory of members' });
  const reader = readObject(value, 'memory', { required: ['incarnation', 'members'] });
  return {
    incarnation: reader.integer('incarnation', INTEGER),
    members: reader.list('members', { max: 2 * MEMBERS_MAX }, (item, path) =>
      parseRemembered(
        readObject(item, path, { required: ['binding', 'payload', 'signature', 'state'] }),
      ),
    ),
  };
}

function encodeShown(shown: readonly ShownStore[]): Uint8Array {
  return encodeCanonical({ stores: shown.map((one) => ({ ...one })) });
}

function parseShown(bytes: Uint8Array): readonly ShownStore[] {
  const value = parseCanonical(bytes, { maxBytes: MEMORY_MAX_BYTES, what: 'memory of stores' });
  const reader = readObject(value, 'memory', { required: ['stores'] });
  return reader.list('stores', { max: SHOWN_MAX }, (item, path) => {
    const store = readObject(item, path, { required: SHOWN });
    return {
      nodeId: parseNodeId(store.text('nodeId')),
      storeId: store.text('storeId'),
      bootId: store.text('bootId'),
      before: store.integer('before', INTEGER),
      written: store.integer('written', INTEGER),
    };
  });
}

function parseRemembered(
  reader: ObjectReader<'binding' | 'payload' | 'signature' | 'state'>,
): RememberedMember {
  return {
    binding: reader.oneOf('binding', ['first-seen', 'confirmed']),
    signed: {
      payload: reader.bytes('payload', { maxBytes: MEMBER_MAX_BYTES }),
      signature: reader.bytes('signature', { maxBytes: SIGNATURE_MAX_BYTES }),
    },
    state: reader.oneOf('state', ['alive', 'failed', 'left']),
  };
}
