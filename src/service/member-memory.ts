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
const INTEGER = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** Reads what the store remembers; nothing when there is none that can be read. Errors: `STORE`. */
export async function loadMembers(
  store: Store,
  logger: Logger,
): Promise<MembershipSnapshot | undefined> {
  const bytes = await store.note('members');
  if (bytes === undefined) return undefined;
  try {
    return parseMemory(bytes);
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
  #written = 0;
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
    if (version === this.#written) return;
    this.#written = version;
    try {
      await this.#store.setNote('members', encodeMemory(snapshot()));
    } catch (thrown) {
      this.#written = 0;
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
