/**
 * The node of a test realm on a real port: gRPC with mTLS on loopback.
 *
 * @module
 */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { BundleSourceOptions } from '../../client/options.ts';
import { KedgeError } from '../../core/errors.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import { callFailure } from '../../grpc/calls/status.ts';
import { TRUST_METHODS } from '../../wire/methods.ts';
import { decodeWatchRequest, encodeWatchResponse } from '../../wire/watch.ts';
import { createTestPki } from '../pki.ts';
import type { NodeSession, TestNode } from './node.ts';

/** Programs there have the machine's clock. */
const KEEP_ALIVE_MS = 20_000;
const REQUEST_MAX_BYTES = 1024 * 1024;

/** A test realm on a port. Disposing it cuts its connections and stops listening. */
export interface TestEndpoint extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  /** What `openBundleSource` needs: give it as it is, or add to it. */
  readonly options: Required<
    Pick<BundleSourceOptions, 'realm' | 'firstCharterDigest' | 'endpoints' | 'bundles'>
  > & { readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } };
}

/** Listens on a free port of 127.0.0.1. */
export async function listenOnLoopback(
  node: TestNode,
  realm: Pick<BundleSourceOptions, 'realm' | 'firstCharterDigest' | 'bundles'>,
): Promise<TestEndpoint> {
  const pki = createTestPki({ commonName: 'Test nodes' });
  const own = pki.issue('node');
  const program = pki.issue('program');
  const server = new Server({ 'grpc.max_receive_message_length': REQUEST_MAX_BYTES });
  server.addService(
    { watch: TRUST_METHODS.watch },
    { watch: (call: ServerDuplexStream<Buffer, Buffer>) => serve(node, call) },
  );
  const credentials = ServerCredentials.createSsl(
    Buffer.from(pki.caPem),
    [{ cert_chain: Buffer.from(own.certificatePem), private_key: Buffer.from(own.keyPem) }],
    true,
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const address = `127.0.0.1:${port}`;
  const tls = { cert: program.certificatePem, key: program.keyPem, ca: pki.caPem };
  return {
    address,
    options: { ...realm, endpoints: [address], tls },
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

function serve(node: TestNode, call: ServerDuplexStream<Buffer, Buffer>): void {
  let session: NodeSession | undefined;
  let isOver = false;
  const send = (response: WatchResponse): void => {
    if (!isOver) call.write(Buffer.from(encodeWatchResponse(response)));
  };
  const alive = setInterval(() => send({ kind: 'keep-alive' }), KEEP_ALIVE_MS);
  const leave = (): void => {
    isOver = true;
    clearInterval(alive);
    session?.leave();
  };
  const fail = (thrown: unknown): void => {
    leave();
    // This is how grpc-js takes an error from a handler.
    call.emit('error', callFailure(KedgeError.from(thrown)));
  };
  call.on('data', (bytes: Buffer) => {
    try {
      const request = decodeWatchRequest(bytes);
      if (request !== 'unknown' && !isOver) session?.receive(request);
    } catch (thrown) {
      fail(thrown);
    }
  });
  call.on('end', () => {
    leave();
    call.end();
  });
  call.on('cancelled', leave);
  call.on('close', leave);
  try {
    session = node.open({ send, end: fail });
  } catch (thrown) {
    fail(thrown);
  }
}
