/**
 * A node, seen by an admin with bad intentions: documents through Submit.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { type ErrorCode, KedgeError } from '../../../src/core/errors.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import { decodeSubmitReceipt, encodeSubmission } from '../../../src/wire/admin.ts';
import { ADMIN_METHODS } from '../../../src/wire/methods.ts';
import { callError } from '../../../src/wire/status.ts';
import type { ApplyStep, JudgedStep } from '../format.ts';
import { isRegionStep } from './attested.ts';
import { CaseNode, hasNewFork } from './node.ts';
import { bend } from './protobuf.ts';
import { eventually } from './recorder.ts';
import {
  decodeDocument,
  type Observed,
  type Subject,
  type SubjectKind,
  type SubjectResult,
} from './subject.ts';

/** Submission, document, statement. */
const STATEMENT_PATH = [1, 1];

/** A node, by its Submit method. */
export const adminKind: SubjectKind = {
  name: 'admin',
  open: async (one) => new AdminSubject(await CaseNode.start(one)),
  visible: (expected) => expected,
};

class AdminSubject implements Subject {
  readonly #node: CaseNode;

  constructor(node: CaseNode) {
    this.#node = node;
  }

  unfit(step: JudgedStep): string | undefined {
    if ('apply' in step) return undefined;
    if (isRegionStep(step)) return 'regions submit nothing';
    return 'evidence' in step ? 'Submit takes documents alone' : 'a node reads no files of admins';
  }

  async take(step: JudgedStep): Promise<Observed> {
    if (!('apply' in step)) throw new Error('not a step of this subject');
    this.#node.setTime(step.nowMs);
    const { chain, history = [], body, blobs } = decodeDocument(step.apply);
    const bodies = [...history, body];
    const before = this.#node.trusted;
    let novelty: string | undefined;
    try {
      for (const [index, statement] of chain.entries()) {
        const document = { statement, body: bodies[index] ?? body };
        novelty = await this.#submit(document, blobs, step.wire);
      }
    } catch (thrown) {
      const { code, message } = KedgeError.from(callError(thrown));
      const isProof = code === 'FORK' && (await this.#isForkedSince(before));
      return { outcome: isProof ? 'forked' : code, message };
    }
    return { outcome: novelty === 'held' ? 'held' : 'accepted' };
  }

  async restart(nowMs: number): Promise<void> {
    await this.#node.restart(nowMs);
  }

  async freshness(): Promise<undefined> {
    return undefined;
  }

  async snapshot(): Promise<string> {
    return await this.#node.snapshot();
  }

  async result(): Promise<SubjectResult> {
    return await this.#node.result();
  }

  reported(code: ErrorCode): number {
    return this.#node.reported(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node[Symbol.asyncDispose]();
  }

  /** A proof is on disk soon after the answer, which does not wait for it. */
  async #isForkedSince(before: TrustedState): Promise<boolean> {
    await this.#node.admin.status();
    await eventually('the node to write', () => !this.#node.isWriting || undefined);
    return hasNewFork(before, this.#node.trusted);
  }

  async #submit(
    document: SignedDocument,
    blobs: readonly Uint8Array[],
    wire: ApplyStep['wire'],
  ): Promise<string> {
    if (wire === undefined) return (await this.#node.admin.submit({ document, blobs })).novelty;
    const message = bend(encodeSubmission({ document, blobs }), STATEMENT_PATH, wire);
    const client = new Client(this.#node.address, credentials.createInsecure());
    try {
      return decodeSubmitReceipt(await call(client, message)).novelty;
    } finally {
      client.close();
    }
  }
}

function call(client: Client, message: Uint8Array): Promise<Buffer> {
  const { path, requestSerialize, responseDeserialize } = ADMIN_METHODS.submit;
  const request = Buffer.from(message);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (failure, ok) => {
      if (failure !== null) reject(failure);
      else resolve(ok ?? Buffer.alloc(0));
    });
  });
}
