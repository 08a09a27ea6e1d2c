/**
 * The admins' methods: decode, ask the services, encode.
 *
 * @module
 */
import type {
  BlobsQuery,
  DocumentAnswer,
  DocumentQuery,
  HistoryQuery,
  NodeStatus,
  StreamStatus,
  SubmitReceipt,
} from '../core/admin/messages.ts';
import type { ProposalServices } from '../core/admin/proposals.ts';
import type { BundleAdoption, ClientList, ListClientsQuery } from '../core/adoption/model.ts';
import type { AuditPage, AuditProofQuery, AuditQuery } from '../core/audit/messages.ts';
import { KedgeError } from '../core/errors.ts';
import type { BundleName, StreamName } from '../core/ids.ts';
import type { StreamAttestation } from '../core/log/attested.ts';
import type { ProofHashes } from '../core/log/proof.ts';
import type { RolloutStatus } from '../core/rollouts/status.ts';
import type { SignedDocument, SignedStatement } from '../core/statements/envelope.ts';
import {
  decodeBlobsQuery,
  decodeCheckpointQuery,
  decodeDocumentQuery,
  decodeHistoryQuery,
  decodeSubmission,
  encodeBlobsAnswer,
  encodeCheckpointAnswer,
  encodeDocumentAnswer,
  encodeHistoryPage,
  encodeStreamList,
  encodeSubmitReceipt,
} from '../wire/admin.ts';
import { decodeAdoptionQuery, encodeAdoption } from '../wire/adoption.ts';
import {
  decodeAuditProofQuery,
  decodeAuditQuery,
  encodeAuditPage,
  encodeAuditProof,
} from '../wire/audit.ts';
import { decodeListQuery, encodeClientList } from '../wire/clients.ts';
import { ADMIN_METHODS, type ProposalMethod } from '../wire/methods.ts';
import { encodeNodeStatus } from '../wire/node-status.ts';
import {
  decodeProposalQuery,
  decodeProposeRequest,
  decodeWithdrawal,
  encodeProposalAnswer,
  encodeProposalList,
  encodeProposeAnswer,
} from '../wire/proposals.ts';
import { decodeRolloutQuery, encodeRollout } from '../wire/rollout.ts';
import { type CallEnvironment, type ServedService, unaryMethod } from './calls/calls.ts';

/** What admins ask of a node. */
export interface AdminServices {
  /** `by`: the identity of the admin. */
  submit(
    document: SignedDocument,
    blobs: readonly Uint8Array[],
    by: string,
  ): Promise<SubmitReceipt>;
  readonly queries: {
    document(query: DocumentQuery): Promise<DocumentAnswer | undefined>;
    streams(): Promise<readonly StreamStatus[]>;
    history(query: HistoryQuery): Promise<readonly SignedStatement[]>;
    blobs(query: BlobsQuery): Promise<readonly Uint8Array[]>;
    checkpoint(stream: StreamName): Promise<StreamAttestation>;
    status(): Promise<NodeStatus>;
  };
  /** Absent where clients are not counted. */
  readonly adoption?: {
    adoption(bundle: BundleName): BundleAdoption;
    list(query: ListClientsQuery, signal: AbortSignal): Promise<ClientList>;
  };
  /** Absent where no audit log is kept. */
  readonly audit?: {
    list(query: AuditQuery): Promise<AuditPage>;
    proof(query: AuditProofQuery): Promise<ProofHashes>;
  };
  /** Absent where nothing can be proposed. */
  readonly proposals?: ProposalServices;
  /** Likewise. */
  readonly rollouts?: {
    rollout(bundle: BundleName): Promise<RolloutStatus>;
  };
}

/** Reading; the store answers in milliseconds. */
const READ = { role: 'admin', timeoutMs: 15_000 } as const;
/** A submission waits for the disk. */
const WRITE = { role: 'admin', timeoutMs: 30_000 } as const;

/** The admins' service. */
export function adminService(environment: CallEnvironment, services: AdminServices): ServedService {
  const { queries } = services;
  const { logger } = environment;
  return {
    name: 'kedge.v1.AdminService',
    definition: ADMIN_METHODS,
    implementation: {
      submit: unaryMethod(environment, WRITE, async (request, { caller }) => {
        const { document, blobs } = decodeSubmission(request);
        const receipt = await services.submit(document, blobs, caller.id);
        const { stream, sequence, digest, novelty } = receipt;
        logger.info(
          { event: 'submit.accepted', by: caller.id, stream, sequence, digest, novelty },
          'submission accepted',
        );
        return encodeSubmitReceipt(receipt);
      }),
      getDocument: unaryMethod(environment, READ, async (request) => {
        const query = decodeDocumentQuery(request);
        const answer = await queries.document(query);
        if (answer !== undefined) return encodeDocumentAnswer(answer);
        const place = query.sequence === undefined ? 'nothing' : `no sequence ${query.sequence}`;
        throw new KedgeError('UNAVAILABLE', `this node holds ${place} of ${query.stream}`);
      }),
      listStreams: unaryMethod(environment, READ, async () =>
        encodeStreamList(await queries.streams()),
      ),
      listHistory: unaryMethod(environment, READ, async (request) =>
        encodeHistoryPage(await queries.history(decodeHistoryQuery(request))),
      ),
      getBlobs: unaryMethod(environment, READ, async (request) =>
        encodeBlobsAnswer(await queries.blobs(decodeBlobsQuery(request))),
      ),
      getCheckpoint: unaryMethod(environment, READ, async (request) =>
        encodeCheckpointAnswer(await queries.checkpoint(decodeCheckpointQuery(request))),
      ),
      getStatus: unaryMethod(environment, READ, async () =>
        encodeNodeStatus(await queries.status()),
      ),
      ...adoptionMethods(environment, services),
      ...auditMethods(environment, services),
      ...proposalMethods(environment, services),
    },
  };
}

/** What admins ask about clients. */
function adoptionMethods(
  environment: CallEnvironment,
  services: AdminServices,
): Record<'getAdoption' | 'listClients' | 'getRollout', ReturnType<typeof unaryMethod>> {
  const required = <Part>(part: Part | undefined): Part => {
    if (part !== undefined) return part;
    throw new KedgeError('UNAVAILABLE', 'this node does not count clients');
  };
  return {
    getAdoption: unaryMethod(environment, READ, async (request) => {
      const bundle = decodeAdoptionQuery(request);
      return await Promise.resolve(encodeAdoption(required(services.adoption).adoption(bundle)));
    }),
    listClients: unaryMethod(environment, READ, async (request, { signal }) => {
      const query = decodeListQuery(request);
      return encodeClientList(await required(services.adoption).list(query, signal));
    }),
    getRollout: unaryMethod(environment, READ, async (request) => {
      const bundle = decodeRolloutQuery(request);
      return encodeRollout(await required(services.rollouts).rollout(bundle));
    }),
  };
}

/** What auditors ask. */
function auditMethods(
  environment: CallEnvironment,
  { audit }: AdminServices,
): Record<'listAudit' | 'getAuditProof', ReturnType<typeof unaryMethod>> {
  const required = (): NonNullable<AdminServices['audit']> => {
    if (audit !== undefined) return audit;
    throw new KedgeError('UNAVAILABLE', 'this node keeps no audit log');
  };
  return {
    listAudit: unaryMethod(environment, READ, async (request) =>
      encodeAuditPage(await required().list(decodeAuditQuery(request))),
    ),
    getAuditProof: unaryMethod(environment, READ, async (request) =>
      encodeAuditProof(await required().proof(decodeAuditProofQuery(request))),
    ),
  };
}

/** Proposing, and what admins ask about proposals. */
function proposalMethods(
  environment: CallEnvironment,
  services: AdminServices,
): Record<ProposalMethod, ReturnType<typeof unaryMethod>> {
  const { logger } = environment;
  const required = (): ProposalServices => {
    if (services.proposals !== undefined) return services.proposals;
    throw new KedgeError('UNAVAILABLE', 'nothing can be proposed at this node');
  };
  return {
    propose: unaryMethod(environment, WRITE, async (request, { caller }) => {
      const status = await required().propose(decodeProposeRequest(request), caller.id);
      const { stream, sequence, digest, standing, signers } = status;
      logger.info(
        { event: 'proposal.accepted', by: caller.id, stream, sequence, digest, standing, signers },
        'proposal accepted',
      );
      return encodeProposeAnswer(status);
    }),
    listProposals: unaryMethod(environment, READ, async () =>
      encodeProposalList(await required().list()),
    ),
    getProposal: unaryMethod(environment, READ, async (request) =>
      encodeProposalAnswer(await required().get(decodeProposalQuery(request))),
    ),
    withdrawProposal: unaryMethod(environment, WRITE, async (request, { caller }) => {
      const status = await required().withdraw(decodeWithdrawal(request), caller.id);
      const { stream, sequence, digest, withdrawnBy } = status;
      logger.info(
        { event: 'proposal.withdrawn', by: caller.id, stream, sequence, digest, withdrawnBy },
        'proposal withdrawn',
      );
      return encodeProposeAnswer(status);
    }),
  };
}
