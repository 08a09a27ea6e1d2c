/**
 * The admins' methods of one node, for the command line; not part of the SDK.
 *
 * Nothing that it returns is verified: whoever uses it verifies statements, bodies and blobs.
 *
 * @module
 */
import { Client } from '@grpc/grpc-js';
import type {
  BlobsQuery,
  DocumentAnswer,
  DocumentQuery,
  HistoryQuery,
  NodeStatus,
  StreamStatus,
  Submission,
  SubmitReceipt,
} from '../core/admin/messages.ts';
import type { ProposalAnswer, ProposalStatus } from '../core/admin/proposals.ts';
import type { BundleAdoption, ClientList, ListClientsQuery } from '../core/adoption/model.ts';
import type { AuditPage, AuditProofQuery, AuditQuery } from '../core/audit/messages.ts';
import type { BundleName, Sha256, StreamName } from '../core/ids.ts';
import { MESSAGE_MAX_BYTES } from '../core/limits.ts';
import type { StreamAttestation } from '../core/log/attested.ts';
import type { ProofHashes } from '../core/log/proof.ts';
import type { Proposal, Withdrawal } from '../core/proposals/model.ts';
import type { RolloutStatus } from '../core/rollouts/status.ts';
import type { SignedStatement } from '../core/statements/envelope.ts';
import {
  decodeBlobsAnswer,
  decodeCheckpointAnswer,
  decodeDocumentAnswer,
  decodeHistoryPage,
  decodeStreamList,
  decodeSubmitReceipt,
  encodeBlobsQuery,
  encodeCheckpointQuery,
  encodeDocumentQuery,
  encodeHistoryQuery,
  encodeSubmission,
} from '../wire/admin.ts';
import { decodeAdoption, encodeAdoptionQuery } from '../wire/adoption.ts';
import {
  decodeAuditPage,
  decodeAuditProof,
  encodeAuditProofQuery,
  encodeAuditQuery,
} from '../wire/audit.ts';
import { decodeClientList, encodeListQuery } from '../wire/clients.ts';
import { ADMIN_METHODS, type AdminMethod } from '../wire/methods.ts';
import { decodeNodeStatus } from '../wire/node-status.ts';
import {
  decodeProposalAnswer,
  decodeProposalList,
  decodeProposeAnswer,
  encodeProposalQuery,
  encodeProposeRequest,
  encodeWithdrawal,
} from '../wire/proposals.ts';
import { decodeRollout, encodeRolloutQuery } from '../wire/rollout.ts';
import { callError } from '../wire/status.ts';
import { channelCredentials, serverNameOption } from './connection/grpc-watch.ts';
import { checkSecurity, type SourceTlsOptions } from './options.ts';

/** How to reach a node. */
export interface AdminClientOptions {
  /** `host:port` of a node's listener for admins. */
  readonly endpoint: string;
  /** The admin's certificate, and the authorities of nodes. Required, unless `insecure`. */
  readonly tls?: SourceTlsOptions;
  /** Plaintext, for loopback endpoints only. Default false. */
  readonly insecure?: boolean;
  /** How long one call may take, milliseconds. Default 30000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** Anchors asked for at once: 128 of the largest fit half a message. */
const BLOBS_PER_CALL = 128;
const NO_FIELDS = Buffer.alloc(0);

/**
 * Connects with the first call. Errors of every call: those of the node, `UNAVAILABLE` when it does
 * not answer, `ACCESS` when it does not know the certificate.
 */
export class AdminClient implements Disposable {
  readonly #client: Client;
  readonly #timeoutMs: number;

  private constructor(client: Client, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** Reads the certificate files; does not connect yet. Errors: `CONFIG`. */
  static async open(options: AdminClientOptions): Promise<AdminClient> {
    const { endpoint, timeoutMs = TIMEOUT_MS } = options;
    const security = checkSecurity({ ...options, endpoints: [endpoint] });
    const client = new Client(endpoint, await channelCredentials(security, endpoint), {
      'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
      'grpc.max_send_message_length': MESSAGE_MAX_BYTES,
      'grpc.use_local_subchannel_pool': 1,
      // Without a policy only a call that a node refused before it began is repeated: one that came
      // while the node was moving its connections.
      'grpc.enable_retries': 1,
      'grpc.enable_channelz': 0,
      'grpc.service_config_disable_resolution': 1,
      ...serverNameOption(security, endpoint),
    });
    return new AdminClient(client, timeoutMs);
  }

  /** Offers a signed document; resolves when it is durable on the node. */
  async submit(submission: Submission): Promise<SubmitReceipt> {
    return decodeSubmitReceipt(await this.#call('submit', encodeSubmission(submission)));
  }

  /** Reads a document. */
  async document(query: DocumentQuery): Promise<DocumentAnswer> {
    return decodeDocumentAnswer(await this.#call('getDocument', encodeDocumentQuery(query)));
  }

  /** Lists the heads of all streams. */
  async streams(): Promise<readonly StreamStatus[]> {
    return decodeStreamList(await this.#call('listStreams', NO_FIELDS));
  }

  /** Lists statements of one stream, newest first. */
  async history(query: HistoryQuery): Promise<readonly SignedStatement[]> {
    return decodeHistoryPage(await this.#call('listHistory', encodeHistoryQuery(query)));
  }

  /** What regions attest of the head of a stream. Errors: `UNAVAILABLE` (nothing yet). */
  async checkpoint(stream: StreamName): Promise<StreamAttestation> {
    return decodeCheckpointAnswer(await this.#call('getCheckpoint', encodeCheckpointQuery(stream)));
  }

  /** Reads anchors, in the order of the ids, in as many calls as it takes. */
  async blobs({ ids }: BlobsQuery): Promise<readonly Uint8Array[]> {
    const blobs: Uint8Array[] = [];
    for (let at = 0; at < ids.length; at += BLOBS_PER_CALL) {
      const query = encodeBlobsQuery({ ids: ids.slice(at, at + BLOBS_PER_CALL) });
      blobs.push(...decodeBlobsAnswer(await this.#call('getBlobs', query)));
    }
    return blobs;
  }

  /** Asks how the node is. */
  async status(): Promise<NodeStatus> {
    return decodeNodeStatus(await this.#call('getStatus', NO_FIELDS));
  }

  /** How far the clients of all nodes are with one bundle, as this node knows it. */
  async adoption(bundle: BundleName): Promise<BundleAdoption> {
    return decodeAdoption(await this.#call('getAdoption', encodeAdoptionQuery(bundle)));
  }

  /** Lists clients of one node or of all, one page. */
  async clients(query: ListClientsQuery): Promise<ClientList> {
    return decodeClientList(await this.#call('listClients', encodeListQuery(query)));
  }

  /** Lists entries of the audit log of the node. */
  async audit(query: AuditQuery): Promise<AuditPage> {
    return decodeAuditPage(await this.#call('listAudit', encodeAuditQuery(query)));
  }

  /** Reads hashes that prove something about that log. */
  async auditProof(query: AuditProofQuery): Promise<ProofHashes> {
    return decodeAuditProof(await this.#call('getAuditProof', encodeAuditProofQuery(query)));
  }

  /** Proposes a document, or adds signatures to a proposal. */
  async propose(proposal: Proposal): Promise<ProposalStatus> {
    return decodeProposeAnswer(await this.#call('propose', encodeProposeRequest(proposal)));
  }

  /** Lists what gathers signatures, and what has ended lately. */
  async proposals(): Promise<readonly ProposalStatus[]> {
    return decodeProposalList(await this.#call('listProposals', NO_FIELDS));
  }

  /** Reads a proposal. Errors: `UNAVAILABLE` when the node knows of none. */
  async proposal(digest: Sha256): Promise<ProposalAnswer> {
    return decodeProposalAnswer(await this.#call('getProposal', encodeProposalQuery(digest)));
  }

  /** Withdraws a proposal. */
  async withdraw(withdrawal: Withdrawal): Promise<ProposalStatus> {
    return decodeProposeAnswer(await this.#call('withdrawProposal', encodeWithdrawal(withdrawal)));
  }

  /** How the newest rollout of a bundle goes, as this node sees it. */
  async rollout(bundle: BundleName): Promise<RolloutStatus> {
    return decodeRollout(await this.#call('getRollout', encodeRolloutQuery(bundle)));
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #call(method: AdminMethod, request: Buffer): Promise<Buffer> {
    const { path, requestSerialize, responseDeserialize } = ADMIN_METHODS[method];
    const deadline = Date.now() + this.#timeoutMs;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        { deadline },
        (failure, answer) => {
          if (failure !== null) reject(callError(failure));
          else if (answer === undefined) reject(callError(new Error(`${path} gave no answer`)));
          else resolve(answer);
        },
      );
    });
  }
}
