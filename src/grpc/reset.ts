/**
 * Cuts a server call off at once.
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

/** Resets the call's HTTP/2 stream; says whether there was one to reset. */
export function resetCall(call: object): 'reset' | 'not found' {
  let inner: unknown = Reflect.get(call, 'call');
  for (let depth = 0; depth < INTERCEPTORS_MAX && isObject(inner); depth += 1) {
    const stream: unknown = Reflect.get(inner, 'stream');
    if (isObject(stream)) {
      const close: unknown = Reflect.get(stream, 'close');
      if (typeof close !== 'function') return 'not found';
      Reflect.apply(close, stream, [NGHTTP2_CANCEL]);
      return 'reset';
    }
    inner = Reflect.get(inner, 'nextCall');
  }
  return 'not found';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
