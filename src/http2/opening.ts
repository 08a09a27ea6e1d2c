/**
 * A connection before its first request: what has arrived is kept, so that another server can have
 * it from the beginning.
 *
 * Our settings are sent by then, because many clients wait for them. So whoever takes the
 * connection must not see them acknowledged: that frame is left out, and the connection is not
 * given away before it has come. Pings that we answered are left out too. The settings of the
 * peer are kept and not acknowledged, since the other server does that.
 *
 * @module
 */
import { Http2Error } from './errors.ts';
import { FLAGS, FRAME_TYPES, type Frame, hasFlag } from './frame.ts';

/** A first window of data, and the fields before it. */
const KEPT_MAX_BYTES = 128 * 1024;

/** What a connection has said so far. */
export class Opening {
  readonly #kept: Buffer[] = [];
  #bytes = 0;
  #settings = 0;
  #isAcknowledged = false;

  /** SETTINGS frames of the peer that nobody has acknowledged. */
  get settings(): number {
    return this.#settings;
  }

  /** True once the peer has acknowledged ours. */
  get isAcknowledged(): boolean {
    return this.#isAcknowledged;
  }

  /** Keeps bytes that are no frame. */
  keep(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > KEPT_MAX_BYTES) {
      throw new Http2Error('ENHANCE_YOUR_CALM', 'too much before the settings are acknowledged');
    }
    this.#kept.push(bytes);
  }

  /**
   * Keeps a frame, or what it says; `whose` is who answers it.
   * Errors: `ENHANCE_YOUR_CALM` for too much.
   */
  note(frame: Frame, whose: 'ours' | 'theirs'): void {
    const isAck = hasFlag(frame, FLAGS.ack);
    if (frame.type === FRAME_TYPES.ping && !isAck && whose === 'ours') return;
    if (frame.type === FRAME_TYPES.settings) {
      if (!isAck) this.#settings += 1;
      else if (!this.#isAcknowledged) {
        this.#isAcknowledged = true;
        return;
      }
    }
    this.keep(frame.bytes);
  }

  /** What the other server is to see, and `rest` behind it. */
  bytes(rest: Buffer): Buffer {
    return Buffer.concat([...this.#kept, rest]);
  }
}
