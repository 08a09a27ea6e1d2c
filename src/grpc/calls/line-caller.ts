/**
 * Who calls on a line that grpc-js serves as a stream.
 *
 * grpc-js asks TLS sockets alone who is on the other side. Where TLS was done in another process,
 * the stream below HTTP/2 knows it, which Node keeps under names that are not public. Where it is
 * not found, nobody has proved anything, and the call is refused.
 *
 * @module
 */
import type { PeerCertificate } from 'node:tls';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { CallerLine } from '../tls/caller-line.ts';
import { LineStream } from '../workers/line-stream.ts';

/** Nobody here asks for more than the names. */
const NO_NAME = { C: '', ST: '', L: '', O: '', OU: '', CN: '' };
const UNKNOWN: PeerCertificate = {
  ca: false,
  raw: Buffer.alloc(0),
  subject: NO_NAME,
  issuer: NO_NAME,
  valid_from: '',
  valid_to: '',
  serialNumber: '',
  fingerprint: '',
  fingerprint256: '',
  fingerprint512: '',
};

type Call = Parameters<ServerInterceptor>[1];

/** Lets calls on such lines say who calls. */
export const callerOfLine: ServerInterceptor = (_method, call) => {
  const line = lineOf(call);
  return line === undefined ? new ServerInterceptingCall(call) : new LineCall(call, line);
};

class LineCall extends ServerInterceptingCall {
  readonly #line: CallerLine;

  constructor(call: Call, line: CallerLine) {
    super(call);
    this.#line = line;
  }

  override getPeer(): string {
    return this.#line.from;
  }

  override getAuthContext(): ReturnType<ServerInterceptingCall['getAuthContext']> {
    const { altNames: subjectaltname } = this.#line;
    const sslPeerCertificate = {
      ...UNKNOWN,
      ...(subjectaltname !== undefined && { subjectaltname }),
    };
    return { transportSecurityType: 'ssl', sslPeerCertificate };
  }
}

function lineOf(call: Call): CallerLine | undefined {
  const stream = part(part(part(part(call, 'stream'), 'session'), 'socket'), 'stream');
  return stream instanceof LineStream ? stream.caller : undefined;
}

function part(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}
