/**
 * A unary call to a peer as a promise, with an end to waiting.
 *
 * @module
 */
import type { ClientUnaryCall, requestCallback } from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { callError } from '../../wire/status.ts';

/** How a call is waited for. */
export interface UnaryWait {
  readonly clock: Clock;
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/** Opens a call and resolves with its answer. Errors: those of the call, `UNAVAILABLE`. */
export async function unaryCall(
  { clock, withinMs, signal }: UnaryWait,
  open: (done: requestCallback<Buffer>) => ClientUnaryCall,
): Promise<Buffer> {
  signal.throwIfAborted();
  return await new Promise<Buffer>((resolve, reject) => {
    const call = open((failure, answer) => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', cancel);
      if (failure === null && answer !== undefined) resolve(answer);
      else reject(callError(failure ?? new Error('the peer gave no answer')));
    });
    const cancel = (): void => call.cancel();
    const timer = clock.setTimer(withinMs, () => {
      reject(new KedgeError('UNAVAILABLE', `the peer did not answer within ${withinMs} ms`));
      cancel();
    });
    signal.addEventListener('abort', cancel, { once: true });
  });
}
