/**
 * Ends calls whose request does not arrive.
 *
 * grpc-js calls a unary handler only when the whole request is there, so nobody else would notice a
 * caller that sends one byte per second. Streams have their own limits in their handlers.
 *
 * @module
 */
import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { Clock } from '../../ports/clock.ts';

/** Ends a call whose single request is not complete after `timeoutMs`. */
export function requestTimeout(clock: Clock, timeoutMs: number): ServerInterceptor {
  return (method, call) => {
    if (method.requestStream) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) => {
        const timer = clock.setTimer(timeoutMs, () => {
          const details = `the request did not arrive within ${timeoutMs / 1000} s`;
          call.sendStatus({ code: status.DEADLINE_EXCEEDED, details });
        });
        next({
          onReceiveMetadata: (metadata, pass) => pass(metadata),
          onReceiveMessage: (message: unknown, pass) => pass(message),
          onReceiveHalfClose: (pass) => {
            timer[Symbol.dispose]();
            pass();
          },
          onCancel: () => {
            timer[Symbol.dispose]();
          },
        });
      },
    });
  };
}
