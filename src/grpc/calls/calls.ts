/**
 * What every method does around its work: who calls, may it, how long, and how it failed.
 *
 * Handlers give the work as a function from bytes to bytes; everything that they throw leaves as a
 * status with the error's code. Streams have more to say and are in `bidi-call.ts`.
 *
 * @module
 */
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { CallerQuota } from '../../service/clients/caller-quota.ts';
import { type CallerIdentity, type Role, requireRole } from '../../service/identity.ts';
import { type AnyCall, type CallerRules, identifyCaller } from './caller.ts';
import type { OpenCalls } from './open-calls.ts';
import { STUCK_AFTER_MS } from './outgoing-queue.ts';
import { resetCall } from './reset.ts';
import { callFailure } from './status.ts';

/** What all methods of one server share. */
export interface CallEnvironment extends CallerRules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly openCalls: OpenCalls;
  /** Calls that are being answered, per caller. */
  readonly callQuota: CallerQuota;
}

/** One method: whom it serves and how long it may take. */
export interface MethodRules {
  readonly role: Role;
  readonly timeoutMs: number;
}

/** A gRPC service with its implementation. */
export interface ServedService {
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** What a method's work gets beside the request. */
export interface CallContext {
  readonly caller: CallerIdentity;
  /** Aborts when the caller is gone or the time is over. */
  readonly signal: AbortSignal;
}

/** A unary method. */
export function unaryMethod(
  environment: CallEnvironment,
  rules: MethodRules,
  serve: (request: Buffer, context: CallContext) => Promise<Buffer>,
): handleUnaryCall<Buffer, Buffer> {
  return (call, respond) => {
    const work = openCall(environment, call, rules);
    call.on('cancelled', () => work.abort(callerGone()));
    work
      .run((context) => serve(call.request, context))
      .then((answer) => {
        respond(null, answer);
      })
      .catch((thrown: unknown) => {
        respond(callFailure(reportFailure(environment, call, thrown)));
      });
  };
}

/** A method that answers with a stream; waits whenever the caller does not keep up. */
export function serverStreamMethod(
  environment: CallEnvironment,
  rules: MethodRules,
  serve: (request: Buffer, context: CallContext) => AsyncIterable<Buffer>,
): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const work = openCall(environment, call, rules);
    call.on('cancelled', () => work.abort(callerGone()));
    work
      .run(async (context) => {
        for await (const bytes of serve(call.request, context)) {
          if (context.signal.aborted) return;
          if (!call.write(bytes)) await drained(environment.clock, call);
        }
      })
      .then(() => {
        call.end();
      })
      .catch((thrown: unknown) => {
        const error = reportFailure(environment, call, thrown);
        call.emit('error', callFailure(error));
        if (call.writableNeedDrain) resetCall(call);
      });
  };
}

/** Identifies and admits a caller. Errors: `ACCESS`. */
export function admitCaller(
  environment: CallEnvironment,
  call: AnyCall,
  role: Role,
): CallerIdentity {
  const caller = identifyCaller(call, environment);
  requireRole(caller, role);
  return caller;
}

/** Logs and counts why a call failed; returns the error. */
export function reportFailure(
  { logger, metrics }: CallEnvironment,
  call: AnyCall,
  thrown: unknown,
): KedgeError {
  const error = KedgeError.from(thrown);
  const { code, message } = error;
  const method = call.getPath();
  metrics.increment('kedge_calls_failed_total', { method, code });
  const fields = { method, code, reason: message, from: call.getPeer() };
  if (code === 'ACCESS') {
    logger.warn({ event: 'identity.refused', ...fields }, 'caller refused');
  } else if (code === 'BUG' || code === 'STORE') {
    logger.error({ event: 'rpc.failed', ...fields, err: error }, 'call failed inside this node');
  } else {
    logger.info({ event: 'rpc.failed', ...fields }, 'call failed');
  }
  return error;
}

/** The error of a call whose caller went away. */
function callerGone(): KedgeError {
  return new KedgeError('UNAVAILABLE', 'the caller went away');
}

interface Work {
  abort(error: KedgeError): void;
  /** Runs the work of an admitted caller until it ends or is aborted. */
  run<T>(serve: (context: CallContext) => Promise<T>): Promise<T>;
}

function openCall(environment: CallEnvironment, call: AnyCall, rules: MethodRules): Work {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (error: KedgeError): void => controller.abort(error);
  const close = environment.openCalls.add({ kind: 'answer', from: call.getPeer(), end: abort });
  const timer = environment.clock.setTimer(rules.timeoutMs, () => {
    const seconds = rules.timeoutMs / 1000;
    abort(new KedgeError('UNAVAILABLE', `no answer within ${seconds} s; it may still take effect`));
  });
  return {
    abort,
    run: async (serve) => {
      let leave: (() => void) | undefined;
      try {
        const caller = admitCaller(environment, call, rules.role);
        leave = environment.callQuota.enter(caller.id);
        return await Promise.race([serve({ caller, signal }), rejection(signal)]);
      } finally {
        timer[Symbol.dispose]();
        leave?.();
        close();
      }
    },
  };
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(KedgeError.from(signal.reason)), { once: true });
  });
}

/** Waits until the caller took what was written. Errors: `UNAVAILABLE` when it does not. */
async function drained(clock: Clock, call: ServerWritableStream<Buffer, Buffer>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (): void => {
      timer[Symbol.dispose]();
      call.off('drain', done).off('close', done);
      resolve();
    };
    const timer = clock.setTimer(STUCK_AFTER_MS, () => {
      call.off('drain', done).off('close', done);
      reject(new KedgeError('UNAVAILABLE', 'the caller does not read the answer'));
    });
    call.on('drain', done).on('close', done);
  });
}
