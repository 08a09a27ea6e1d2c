/**
 * `trust.Watch`: decode what a client says, hand it to its subscription, encode what it gets.
 *
 * A client must start within ten seconds, may not flood, and must read: one that takes nothing for
 * a minute is cut off with `LIMIT` and resumes where it was when it comes back. Plain calls over
 * TLS are served on connections of our own (`program-connections.ts`), all others by grpc-js.
 *
 * @module
 */
import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import type { NodeId } from '../core/ids.ts';
import type { WatchRequest, WatchResponse } from '../core/watch/messages.ts';
import type { SubscriberSink } from '../service/clients/subscriber.ts';
import type { CallerIdentity } from '../service/identity.ts';
import { TRUST_METHODS, WATCH_NODE_HEADER } from '../wire/methods.ts';
import { decodeWatchRequest } from '../wire/watch.ts';
import { BidiCall, type BidiListener, type CallHeaders } from './calls/bidi-call.ts';
import type { AnyCall } from './calls/caller.ts';
import {
  admitCaller,
  type CallEnvironment,
  reportFailure,
  type ServedService,
} from './calls/calls.ts';
import type { Frame } from './calls/frames.ts';
import type { OpenCall } from './calls/open-calls.ts';
import { RateLimit } from './calls/rate-limit.ts';
import { isPlainCall, StreamCall } from './calls/stream-call.ts';
import { Sweep, type Swept } from './calls/sweep.ts';
import type { ProgramRoute } from './program-connections.ts';

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

/** Seconds that a new stream may stay silent. */
const START_WITHIN_S = 10;
/** Seconds that a client may read nothing. */
const UNREAD_MAX_S = 60;
/** Seconds after which a silent stream says that the node is alive. */
const KEEP_ALIVE_S = 20;
/** A client that did not read comes back when what kept it has passed. */
const SLOW_RETRY_AFTER_MS = 5_000;
/** Two acknowledgements for each of 256 bundles at once, then a steady rate. */
const MESSAGES = { burst: 1024, perSecond: 20 } as const;
const KEEP_ALIVE: readonly WatchResponse[] = [{ kind: 'keep-alive' }];
const NOTHING: readonly Frame[] = [];

/** A call as this handler drives it, whoever carries it. */
interface WatchCall {
  readonly from: string;
  listen(listener: BidiListener): void;
  accept(headers: CallHeaders): void;
  frame(responses: readonly WatchResponse[]): readonly Frame[];
  writeFrame(frame: Frame): boolean;
  end(error?: KedgeError): void;
}

/** The clients' service, with the way around grpc-js that its streams may take. */
export interface TrustService extends ServedService {
  readonly route: ProgramRoute;
}

/** The clients' service. */
export function trustService(environment: CallEnvironment, services: WatchServices): TrustService {
  const { clock } = environment;
  const sweep = new Sweep(clock);
  const headers = services.self === undefined ? {} : { [WATCH_NODE_HEADER]: services.self };
  const parts: WatchParts = { environment, sweep, headers, services };
  const serve = (call: WatchCall, asked: AnyCall): void => {
    try {
      const caller = admitCaller(environment, asked, 'client');
      new Watch(parts, { call, asked, caller }).run();
    } catch (thrown) {
      call.listen({ message: ignore, drained: ignore, failed: ignore, closed: ignore });
      call.end(reportFailure(environment, asked, thrown));
    }
  };
  const watch: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    serve(new BidiCall(call, clock), call);
  };
  const { path } = TRUST_METHODS.watch;
  return {
    name: 'kedge.v1.TrustService',
    definition: TRUST_METHODS,
    implementation: { watch },
    route: {
      takes: (request) => isPlainCall(request, path),
      open: (stream, { from, altNames }) => {
        const call = new StreamCall(stream, { path, from, altNames, clock });
        serve(call, call);
      },
    },
  };
}

function ignore(): void {
  // A call that was refused has nothing to do with what still arrives.
}

interface WatchParts {
  readonly environment: CallEnvironment;
  readonly sweep: Sweep;
  readonly services: WatchServices;
  /** What every client is told at first. */
  readonly headers: CallHeaders;
}

interface Admitted {
  readonly call: WatchCall;
  readonly asked: AnyCall;
  readonly caller: CallerIdentity;
}

/**
 * One open watch stream: between the call and its subscription, as little as there can be, since a
 * node has ten thousand. Its times are counted in seconds, by the sweep that all streams share.
 * What a write needs stands first: no cache holds all of them.
 */
class Watch implements SubscriberSink, BidiListener, Swept, OpenCall {
  readonly #call: WatchCall;
  #quietS = 0;
  /** What of the last messages is not written yet. */
  #rest: readonly Frame[] = NOTHING;
  /** Since when the transport is full; absent while it has room. */
  #unreadS: number | undefined;
  #startLeftS = START_WITHIN_S;
  readonly #parts: WatchParts;
  readonly #asked: AnyCall;
  readonly #subscriber: WatchSubscriber;
  readonly #rate: RateLimit;
  readonly #forget: () => void;
  readonly from: string;
  readonly kind = 'stream';

  /** Errors: those of the subscription that is not opened. */
  constructor(parts: WatchParts, { call, asked, caller }: Admitted) {
    const { environment, services } = parts;
    this.#call = call;
    this.#parts = parts;
    this.#asked = asked;
    this.from = call.from;
    this.#rate = new RateLimit(environment.clock, MESSAGES);
    this.#subscriber = services.open(this, caller);
    this.#forget = environment.openCalls.add(this);
  }

  run(): void {
    const { sweep, headers } = this.#parts;
    this.#call.listen(this);
    this.#call.accept(headers);
    sweep.add(this);
  }

  message(bytes: Buffer): void {
    try {
      this.#rate.take();
      const request = decodeWatchRequest(bytes);
      if (request === 'unknown') return;
      this.#startLeftS = Number.POSITIVE_INFINITY;
      this.#subscriber.receive(request);
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  drained(): void {
    this.#unreadS = undefined;
    if (this.#write(this.#rest) === 'sent') this.#subscriber.drained();
  }

  failed(thrown: unknown): void {
    this.#call.end(reportFailure(this.#parts.environment, this.#asked, thrown));
  }

  closed(how: 'well' | 'broken'): void {
    this.#parts.sweep.delete(this);
    this.#forget();
    this.#subscriber.closed(how);
  }

  end(error: KedgeError): void {
    this.close(error);
  }

  push(responses: readonly WatchResponse[]): 'sent' | 'full' {
    return this.#write(this.#call.frame(responses));
  }

  close(error?: KedgeError): void {
    this.#call.end(error);
  }

  #write(frames: readonly Frame[]): 'sent' | 'full' {
    this.#quietS = 0;
    let count = 0;
    for (const frame of frames) {
      count += 1;
      if (this.#call.writeFrame(frame)) continue;
      this.#unreadS ??= 0;
      this.#rest = frames.slice(count);
      return 'full';
    }
    this.#rest = NOTHING;
    return 'sent';
  }

  tick(): void {
    this.#startLeftS -= 1;
    if (this.#startLeftS === 0) {
      this.failed(new KedgeError('LIMIT', 'the client did not say what it watches in 10 s'));
    } else if (this.#unreadS !== undefined) {
      // A client that does not read needs no sign of life.
      this.#unreadS += 1;
      if (this.#unreadS === UNREAD_MAX_S) this.failed(tooSlow());
    } else {
      this.#quietS += 1;
      if (this.#quietS >= KEEP_ALIVE_S) this.push(KEEP_ALIVE);
    }
  }
}

function tooSlow(): KedgeError {
  return new KedgeError(
    'LIMIT',
    `the client read nothing for ${UNREAD_MAX_S} s: cut off; it goes on where it was when it ` +
      'connects again',
    { detail: { retryAfterMs: SLOW_RETRY_AFTER_MS } },
  );
}
