import { Metadata } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, isErrorCode, KedgeError } from '../../src/core/errors.ts';
import {
  CODE_TRAILER,
  callError,
  ERROR_TRAILER,
  encodeError,
  retryAfterMs,
} from '../../src/wire/status.ts';

const CODES = Object.keys(ERROR_CODES).filter(isErrorCode);
const INSIDE = ['BUG', 'STORE', 'CONFIG'];

function failure(
  status: number,
  details: string,
  trailers: readonly (readonly [string, string | Buffer])[],
): Error {
  const metadata = new Metadata();
  for (const [key, value] of trailers) metadata.set(key, value);
  return Object.assign(new Error(details), { code: status, details, metadata });
}

function across(error: KedgeError): KedgeError {
  const { code, details, trailers } = encodeError(error);
  return callError(failure(code, details, trailers));
}

describe('an error that crosses gRPC', () => {
  it.each(CODES.filter((code) => !INSIDE.includes(code)))(
    'keeps code, text and detail: %s',
    (code) => {
      const detail = { sequence: 7, stream: 'charter', signers: ['a', 'b'], isNew: true };
      const arrived = across(new KedgeError(code, 'what to do', { detail }));
      expect(arrived).toMatchObject({ code, message: 'what to do', detail });
    },
  );

  it.each(INSIDE.filter(isErrorCode))('says nothing about the inside of the node: %s', (code) => {
    const error = new KedgeError(code, '/var/lib/kedge', { detail: { path: '/var/lib/kedge' } });
    const arrived = across(error);
    expect(arrived.code).toBe(code);
    expect(`${arrived.message}${JSON.stringify(arrived.detail)}`).not.toContain('/var/lib');
  });

  it('brings no control characters into a terminal', () => {
    const text = 'a\u001b[2Jb\u202ec\r\nd';
    const arrived = across(new KedgeError('PARSE', text, { detail: { text } }));
    expect(arrived.message).toBe('a [2Jb c d');
    expect(arrived.detail).toEqual({ text: 'a [2Jb c d' });
  });

  it('is always a status that gRPC can send', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (message) => {
        const { details, trailers } = encodeError(new KedgeError('PARSE', message));
        expect(() => encodeURI(details)).not.toThrow();
        const size = trailers.reduce((sum, [, value]) => sum + value.length, 0);
        expect(size).toBeLessThan(5000);
      }),
    );
    const cut = encodeError(new KedgeError('PARSE', `${'x'.repeat(999)}\u{1f600}`));
    expect(() => encodeURI(cut.details)).not.toThrow();
  });
});

describe('a failed call', () => {
  it.each([
    [1, 'UNAVAILABLE'],
    [3, 'PARSE'],
    [4, 'UNAVAILABLE'],
    [7, 'ACCESS'],
    [8, 'LIMIT'],
    [12, 'CONFIG'],
    [13, 'UNAVAILABLE'],
    [14, 'UNAVAILABLE'],
    [16, 'ACCESS'],
  ])('reads bare status %i as %s', (status, code) => {
    expect(callError(failure(status, 'text', []))).toMatchObject({ code });
  });

  it('tells why there is no connection without the frame of grpc-js', () => {
    const reason = 'connect ECONNREFUSED 127.0.0.1:9';
    const details = `No connection established. Last error: Error: ${reason}. Resolution note: `;
    const arrived = callError(failure(14, details, []));
    expect(arrived).toMatchObject({ code: 'UNAVAILABLE', message: reason });
  });

  it('ignores trailers that are not ours', () => {
    expect(callError(failure(14, 'text', [[CODE_TRAILER, 'NO_SUCH_CODE']])).code).toBe(
      'UNAVAILABLE',
    );
    const junk: [string, string | Buffer][] = [
      [CODE_TRAILER, 'GAP'],
      [ERROR_TRAILER, Buffer.from('{"message":')],
    ];
    expect(callError(failure(9, 'status text', junk))).toMatchObject({
      code: 'GAP',
      message: 'status text',
    });
    const other = Buffer.from(
      '{"message":"m","detail":{"a":{"b":1},"__proto__":{"c":1},"n":null}}',
    );
    const arrived = callError(
      failure(9, 'text', [
        [CODE_TRAILER, 'GAP'],
        [ERROR_TRAILER, other],
      ]),
    );
    expect(arrived.message).toBe('m');
    expect(Object.keys(arrived.detail)).toEqual([]);
  });
});

describe('callError', () => {
  it('keeps a KedgeError and wraps the rest', () => {
    const error = new KedgeError('GAP', 'x');
    expect(callError(error)).toBe(error);
    expect(callError(new Error('x')).code).toBe('BUG');
    expect(callError(failure(14, 'x', [])).code).toBe('UNAVAILABLE');
  });
});

describe('retryAfterMs', () => {
  it('arrives with the error, and as gRPC says it to others', () => {
    const error = new KedgeError('UNAVAILABLE', 'later', { detail: { retryAfterMs: 1_500.4 } });
    expect(encodeError(error).trailers).toContainEqual(['grpc-retry-pushback-ms', '1500']);
    expect(retryAfterMs(across(error))).toBe(1_500);
  });

  it('is also read where somebody else says it', () => {
    const said = callError(failure(14, 'full', [['grpc-retry-pushback-ms', '250']]));
    expect(retryAfterMs(said)).toBe(250);
  });

  it('is absent when nothing is said, and bounded', () => {
    const of = (ms: unknown): number | undefined =>
      retryAfterMs(callError(failure(14, 'x', [['grpc-retry-pushback-ms', String(ms)]])));
    expect(retryAfterMs(new KedgeError('UNAVAILABLE', 'x'))).toBeUndefined();
    expect(of('soon')).toBeUndefined();
    expect(of(-1)).toBeUndefined();
    expect(of(1e12)).toBe(60_000);
  });
});
