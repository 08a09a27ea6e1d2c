/**
 * The methods of the three services as gRPC sees them: paths and bytes.
 *
 * Messages cross gRPC as bytes. `decodeX` and `encodeX` of this folder are called by whoever calls
 * or serves a method, not by gRPC: a message that does not decode is then a `KedgeError` with its
 * code instead of a bare `INTERNAL`, and one encoded update can be sent to many subscribers.
 *
 * @module
 */
import type { MethodDefinition } from '@grpc/grpc-js';

/** A method whose messages are bytes in both directions. */
export type RawMethod = MethodDefinition<Buffer, Buffer>;

/** The initial metadata of a watch in which a node says which one it is. */
export const WATCH_NODE_HEADER: string = 'kedge-node';

/** A method of `admin.proto`. */
export type AdminMethod =
  | 'submit'
  | 'getDocument'
  | 'listStreams'
  | 'listHistory'
  | 'getBlobs'
  | 'getCheckpoint'
  | 'getStatus'
  | 'getAdoption'
  | 'listClients'
  | 'listAudit'
  | 'getAuditProof'
  | 'getRollout'
  | ProposalMethod;

/** Those that are about proposals. */
export type ProposalMethod = 'propose' | 'listProposals' | 'getProposal' | 'withdrawProposal';

type Streams = 'unary' | 'server-stream' | 'bidi';

/** The methods of `trust.proto`. */
export const TRUST_METHODS: { readonly watch: RawMethod } = {
  watch: rawMethod('TrustService', 'Watch', 'bidi'),
};

/** The methods of `gossip.proto`. */
export const GOSSIP_METHODS: Readonly<Record<'link' | 'fetch' | 'clients', RawMethod>> = {
  link: rawMethod('GossipService', 'Link', 'bidi'),
  fetch: rawMethod('GossipService', 'Fetch', 'server-stream'),
  clients: rawMethod('GossipService', 'Clients', 'unary'),
};

/** The methods of `admin.proto`. */
export const ADMIN_METHODS: Readonly<Record<AdminMethod, RawMethod>> = {
  submit: rawMethod('AdminService', 'Submit', 'unary'),
  getDocument: rawMethod('AdminService', 'GetDocument', 'unary'),
  listStreams: rawMethod('AdminService', 'ListStreams', 'unary'),
  listHistory: rawMethod('AdminService', 'ListHistory', 'unary'),
  getBlobs: rawMethod('AdminService', 'GetBlobs', 'unary'),
  getCheckpoint: rawMethod('AdminService', 'GetCheckpoint', 'unary'),
  getStatus: rawMethod('AdminService', 'GetStatus', 'unary'),
  getAdoption: rawMethod('AdminService', 'GetAdoption', 'unary'),
  listClients: rawMethod('AdminService', 'ListClients', 'unary'),
  listAudit: rawMethod('AdminService', 'ListAudit', 'unary'),
  getAuditProof: rawMethod('AdminService', 'GetAuditProof', 'unary'),
  propose: rawMethod('AdminService', 'Propose', 'unary'),
  listProposals: rawMethod('AdminService', 'ListProposals', 'unary'),
  getProposal: rawMethod('AdminService', 'GetProposal', 'unary'),
  withdrawProposal: rawMethod('AdminService', 'WithdrawProposal', 'unary'),
  getRollout: rawMethod('AdminService', 'GetRollout', 'unary'),
};

function rawMethod(service: string, method: string, streams: Streams): RawMethod {
  return {
    path: `/kedge.v1.${service}/${method}`,
    originalName: method.charAt(0).toLowerCase() + method.slice(1),
    requestStream: streams === 'bidi',
    responseStream: streams !== 'unary',
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
