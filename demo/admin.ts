/**
 * The admin's side of the demonstration: submits signed documents to a node, as
 * `kedge release submit` does.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { Client, credentials } from '@grpc/grpc-js';
import type { NodeStatus, SubmitReceipt } from '../src/core/admin/messages.ts';
import type { SignedDocument } from '../src/core/statements/envelope.ts';
import { decodeSubmitReceipt, encodeSubmission } from '../src/wire/admin.ts';
import { ADMIN_METHODS, type RawMethod } from '../src/wire/methods.ts';
import { decodeNodeStatus } from '../src/wire/node-status.ts';
import { callError } from '../src/wire/status.ts';

const DEADLINE_MS = 15_000;

/** The certificate of an admin. */
export interface AdminFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** A connection of an admin to one node. */
export class Admin implements Disposable {
  readonly #client: Client;

  constructor(address: string, files: AdminFiles) {
    const tls = credentials.createSsl(
      readFileSync(files.caFile),
      readFileSync(files.keyFile),
      readFileSync(files.certFile),
    );
    this.#client = new Client(address, tls);
  }

  /** Offers a document; the answer comes when it is durable on the node. */
  async submit(document: SignedDocument, blobs: readonly Uint8Array[]): Promise<SubmitReceipt> {
    const request = encodeSubmission({ document, blobs });
    return decodeSubmitReceipt(await this.#call(ADMIN_METHODS.submit, request));
  }

  /** How the node is. */
  async status(): Promise<NodeStatus> {
    return decodeNodeStatus(await this.#call(ADMIN_METHODS.getStatus, Buffer.alloc(0)));
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #call(method: RawMethod, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Buffer, Buffer>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        { deadline: Date.now() + DEADLINE_MS },
        (error, response) => {
          if (error !== null) reject(callError(error));
          else if (response === undefined) reject(new Error('the node sent no answer'));
          else resolve(response);
        },
      );
    });
  }
}
