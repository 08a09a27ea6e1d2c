/**
 * Cuts a server call off at once, and says how it ended.
 *
 * grpc-js ends a call by sending its status after everything that was written, which never happens
 * when the other side does not read. It offers no way to reset the HTTP/2 stream, so this walks
 * from the call to its stream through names that are not public; a test fails when they change,
 * and without them the call merely stays until its connection ends.
 *
 * @module
 */

const NGHTTP2_CANCEL = 8;
const INTERCEPTORS_MAX = 8;

/** Resets the call's HTTP/2 stream with a code of HTTP/2; says whether there was one to reset. */
export function resetCall(call: object, code: number = NGHTTP2_CANCEL): 'reset' | 'not found' {
  const stream = streamOf(call);
  const close: unknown = stream === undefined ? undefined : Reflect.get(stream, 'close');
  if (typeof close !== 'function') return 'not found';
  Reflect.apply(close, stream, [code]);
  return 'reset';
}

/**
 * Says whether the stream under a call is closed already. When the caller's side ends, it is so for
 * one that was reset or whose connection broke, and not for one that ended in order.
 */
export function isStreamClosed(call: object): boolean {
  const stream = streamOf(call);
  if (stream === undefined) return false;
  return Reflect.get(stream, 'closed') === true || Reflect.get(stream, 'destroyed') === true;
}

function streamOf(call: object): object | undefined {
  let inner: unknown = Reflect.get(call, 'call');
  for (let depth = 0; depth < INTERCEPTORS_MAX && isObject(inner); depth += 1) {
    const stream: unknown = Reflect.get(inner, 'stream');
    if (isObject(stream)) return stream;
    inner = Reflect.get(inner, 'nextCall');
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
