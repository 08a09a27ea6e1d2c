/**
 * A node that does what a test says, over real gRPC: an honest one, and every kind of liar.
 */
import {
  ServerCredentials as Creds,
  Metadata,
  Server,
  type ServerCredentials,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import type { KedgeError } from '../../../src/core/errors.ts';
import type {
  AdoptionStage,
  Usage,
  WatchRequest,
  WatchResponse,
  WatchStart,
} from '../../../src/core/watch/messages.ts';
import { callFailure } from '../../../src/grpc/calls/status.ts';
import { TRUST_METHODS } from '../../../src/wire/methods.ts';
import { decodeWatchRequest, encodeWatchResponse } from '../../../src/wire/watch.ts';

interface RawCall {
  write(bytes: Buffer): boolean;
  end(): void;
  destroy(error: unknown): void;
  sendMetadata(metadata: Metadata): void;
  on(event: string, listener: (value: never) => void): void;
}

/** One watch of one client. */
export class WatchSession {
  readonly start: WatchStart;
  readonly requests: WatchRequest[] = [];
  /** How the client went; absent while it is there. */
  ended: 'well' | 'broken' | undefined;
  readonly #call: RawCall;

  constructor(call: RawCall, start: WatchStart) {
    this.#call = call;
    this.start = start;
  }

  get isEnded(): boolean {
    return this.ended !== undefined;
  }

  send(...responses: readonly WatchResponse[]): void {
    for (const response of responses) this.sendBytes(encodeWatchResponse(response));
  }

  sendBytes(bytes: Uint8Array): boolean {
    return this.#call.write(Buffer.from(bytes));
  }

  end(): void {
    this.#call.end();
  }

  fail(error: KedgeError): void {
    this.#call.destroy(callFailure(error));
  }

  /** `delivered 1`, `loaded 1`, `refused 2 DIGEST`, in the order in which they came. */
  get reports(): readonly string[] {
    return this.requests.flatMap((request) => {
      switch (request.kind) {
        case 'start':
          return 'start';
        case 'acknowledgement':
          return `${request.stage satisfies AdoptionStage} ${request.at.sequence}`;
        case 'refusal':
          return `refused ${request.at.sequence} ${request.code}`;
        case 'fork':
        case 'usage':
          return [];
      }
    });
  }

  /** What the client said that it used, in the order in which it came. */
  get usage(): readonly Usage[] {
    return this.requests.flatMap((one) => (one.kind === 'usage' ? [one.usage] : []));
  }
}

/** What a node does when a client has said what it has. */
export type Script = (session: WatchSession, index: number) => void | Promise<void>;

/** A listening node. */
export interface ScriptedNode {
  readonly endpoint: string;
  readonly sessions: readonly WatchSession[];
  /** Cuts every connection and stops listening. */
  kill(): void;
}

/** Starts a node; it is gone when the test is over. */
export async function startNode(
  script: Script,
  {
    port = 0,
    credentials = Creds.createInsecure(),
    nodeId,
  }: {
    readonly port?: number;
    readonly credentials?: ServerCredentials;
    /** What it says in the initial metadata; absent: nothing, as earlier versions. */
    readonly nodeId?: string;
  } = {},
): Promise<ScriptedNode> {
  const sessions: WatchSession[] = [];
  const server = new Server({ 'grpc.max_receive_message_length': 1024 * 1024 });
  const watch = (call: RawCall): void => {
    let session: WatchSession | undefined;
    if (nodeId !== undefined) {
      const metadata = new Metadata();
      metadata.set('kedge-node', nodeId);
      call.sendMetadata(metadata);
    }
    call.on('data', (bytes: Buffer) => {
      const request = decodeWatchRequest(bytes);
      if (request === 'unknown') return;
      if (session !== undefined) {
        session.requests.push(request);
      } else if (request.kind === 'start') {
        session = new WatchSession(call, request.start);
        sessions.push(session);
        void script(session, sessions.length - 1);
      }
    });
    const ended = (how: 'well' | 'broken'): void => {
      if (session !== undefined) session.ended ??= how;
      call.end();
    };
    call.on('end', () => ended('well'));
    call.on('cancelled', () => ended('broken'));
    call.on('error', () => undefined);
  };
  server.addService({ watch: TRUST_METHODS.watch }, { watch: watch as never });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, actual) => {
      if (error === null) resolve(actual);
      else reject(error);
    });
  });
  onTestFinished(() => server.forceShutdown());
  return { endpoint: `127.0.0.1:${bound}`, sessions, kill: () => server.forceShutdown() };
}
