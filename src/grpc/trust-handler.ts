/**
 * `trust.Watch`: decode what a client says, hand it to its subscription, encode what it gets.
 *
 * A client must start within ten seconds, may not flood, and must read: one that takes nothing for
 * a minute is cut off and resumes where it was when it comes back.
 *
 * @module
 */
import { type handleBidiStreamingCall, Metadata } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import type { NodeId } from '../core/ids.ts';
import type { WatchRequest, WatchResponse } from '../core/watch/messages.ts';
import type { ClockTimer } from '../ports/clock.ts';
import type { CallerIdentity } from '../service/identity.ts';
import type { SubscriberSink } from '../service/subscriber.ts';
import { TRUST_METHODS, WATCH_NODE_HEADER } from '../wire/methods.ts';
import { decodeWatchRequest, encodeWatchResponse } from '../wire/watch.ts';
import { BidiCall } from './bidi-call.ts';
import { admitCaller, type CallEnvironment, reportFailure, type ServedService } from './calls.ts';
import { RateLimit } from './rate-limit.ts';

/** A client's subscription, as this handler drives it. */
export interface WatchSubscriber {
  receive(request: WatchRequest): void;
  drained(): void;
  /** `well`: the client ended the stream in order. */
  closed(how: 'well' | 'broken'): void;
}

/** Where subscriptions come from. */
export interface WatchServices {
  /** The node that serves; absent: clients are not told. */
  readonly self?: NodeId;
  open(sink: SubscriberSink, identity: CallerIdentity): WatchSubscriber;
}

/** How long a new stream may stay silent. */
const START_WITHIN_MS = 10_000;
/** How long a client may read nothing. */
const UNREAD_MAX_MS = 60_000;
/** How often a silent stream says that the node is alive. */
const KEEP_ALIVE_MS = 20_000;
/** Two acknowledgements for each of 256 bundles at once, then a steady rate. */
const MESSAGES = { burst: 1024, perSecond: 20 } as const;
const KEEP_ALIVE: WatchResponse = { kind: 'keep-alive' };

/** The clients' service. */
export function trustService(environment: CallEnvironment, services: WatchServices): ServedService {
  const watch: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    const bidi = new BidiCall(call, environment.clock);
    const fail = (thrown: unknown): void => {
      bidi.end(reportFailure(environment, call, thrown));
    };
    try {
      const caller = admitCaller(environment, call, 'client');
      new Watch(environment, bidi, fail).run(services, caller);
    } catch (thrown) {
      bidi.listen({ message: ignore, drained: ignore, closed: ignore });
      fail(thrown);
    }
  };
  return { name: 'kedge.v1.TrustService', definition: TRUST_METHODS, implementation: { watch } };
}

function ignore(): void {
  // A call that was refused has nothing to do with what still arrives.
}

/** One open watch stream. */
class Watch implements SubscriberSink {
  readonly #environment: CallEnvironment;
  readonly #bidi: BidiCall;
  readonly #fail: (thrown: unknown) => void;
  #timers: { start?: ClockTimer; unread?: ClockTimer; alive?: ClockTimer } = {};

  constructor(environment: CallEnvironment, bidi: BidiCall, fail: (thrown: unknown) => void) {
    this.#environment = environment;
    this.#bidi = bidi;
    this.#fail = fail;
  }

  run(services: WatchServices, caller: CallerIdentity): void {
    const { clock, openCalls } = this.#environment;
    const subscriber = services.open(this, caller);
    const forget = openCalls.add({
      kind: 'stream',
      from: this.#bidi.from,
      end: (error) => this.close(error),
    });
    const rate = new RateLimit(clock, MESSAGES);
    this.#timers.start = clock.setTimer(START_WITHIN_MS, () => {
      this.#fail(new KedgeError('LIMIT', 'the client did not say what it watches within 10 s'));
    });
    this.#bidi.listen({
      message: (bytes) => {
        try {
          rate.take();
          const request = decodeWatchRequest(bytes);
          if (request === 'unknown') return;
          this.#timers.start?.[Symbol.dispose]();
          subscriber.receive(request);
        } catch (thrown) {
          this.#fail(thrown);
        }
      },
      drained: () => {
        this.#timers.unread?.[Symbol.dispose]();
        delete this.#timers.unread;
        subscriber.drained();
      },
      closed: (how) => {
        for (const timer of Object.values(this.#timers)) timer[Symbol.dispose]();
        this.#timers = {};
        forget();
        subscriber.closed(how);
      },
    });
    const metadata = new Metadata();
    if (services.self !== undefined) metadata.set(WATCH_NODE_HEADER, services.self);
    this.#bidi.accept(metadata);
    this.#armKeepAlive();
  }

  push(response: WatchResponse): 'sent' | 'full' {
    this.#armKeepAlive();
    if (this.#bidi.write(encodeWatchResponse(response))) return 'sent';
    this.#timers.unread ??= this.#environment.clock.setTimer(UNREAD_MAX_MS, () => {
      this.#fail(new KedgeError('UNAVAILABLE', 'the client does not read'));
    });
    return 'full';
  }

  close(error?: KedgeError): void {
    this.#bidi.end(error);
  }

  #armKeepAlive(): void {
    this.#timers.alive?.[Symbol.dispose]();
    this.#timers.alive = this.#environment.clock.setTimer(KEEP_ALIVE_MS, () => {
      // A client that does not read needs no sign of life; its unread timer runs.
      if (this.#timers.unread === undefined) this.push(KEEP_ALIVE);
      else this.#armKeepAlive();
    });
  }
}
